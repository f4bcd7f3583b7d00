/** Shared helpers for the tests of executables. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { REPOSITORY } from '../bundle/bundle.ts';

const PATIENCE_MS = 120_000;

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end without blocking the servers of this process. */
export async function run(
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
  patienceMs = PATIENCE_MS,
): Promise<Run> {
  const options = { env: { PATH: process.env.PATH, ...env }, timeout: patienceMs } as const;
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status, stdout, stderr };
}

/** `npm run build` with these arguments, of the repository at `root`. */
export function build(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  root = REPOSITORY,
): Promise<Run> {
  return run([process.execPath, join(root, 'scripts/executable/executable.ts'), ...args], env);
}

/** Nothing listens on this port, so nothing can be downloaded. */
export const offline = { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };

/**
 * A shell script in place of pkg's Node. It contains the placeholders that pkg fills in, and prints what an
 * executable prints about itself.
 */
export function fakeBase(folder: string): string {
  const about = { version: '1.2.3', base: 'pkg', node: '24.0.0', v8: '13', openssl: '3' };
  const json = JSON.stringify({ ...about, sha256: 'HASH' });
  const script = `#!/bin/sh\nset -- $(sha256sum "$0")\necho '${json}' | sed "s/HASH/$1/"\nexit\n`;
  const places = ['PAYLOAD_POSITION', 'PAYLOAD_SIZE', 'PRELUDE_POSITION', 'PRELUDE_SIZE'];
  const placeholders = `\0${'// BAKERY '.repeat(20)}\n${places.map((place) => `// ${place} //\n`).join('')}`;
  const path = join(folder, 'fake-base');
  writeFileSync(path, script + placeholders, { mode: 0o755 });
  return path;
}
