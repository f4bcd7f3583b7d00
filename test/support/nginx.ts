/** nginx for tests: a process of its own, with all of its files in a folder of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lacking } from '../../scripts/test/lacking.ts';
import { makeFolder } from './folder.ts';

/** Why there is no nginx here, or `false`. */
export const noNginx: string | false = lacking({ nginx: 'nginx-light' });

/** Starts nginx with these directives of its `http` block. It listens a moment later. */
export function startNginx(http: string): { stop: () => Promise<void> } {
  const dir = makeFolder();
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
    mkdirSync(join(dir, name));
    return `${name}_temp_path ${join(dir, name)};`;
  });
  const main = `daemon off; pid ${join(dir, 'pid')}; error_log stderr crit; events {}`;
  const path = join(dir, 'nginx.conf');
  writeFileSync(path, `${main} http { access_log off; ${folders.join(' ')}\n${http}}\n`);
  const nginx = spawn('nginx', ['-e', 'stderr', '-c', path], { stdio: ['ignore', 'ignore', 'inherit'] });
  return {
    stop: async () => {
      nginx.kill('SIGTERM');
      if (nginx.exitCode === null) await once(nginx, 'exit');
    },
  };
}
