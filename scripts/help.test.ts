import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { REPOSITORY } from './bundle/bundle.ts';
import { headOf } from './help.ts';

const MAX_LINES = 30;
const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
/** What `npm run NAME` starts, by its name. */
const files = Object.entries<string>(scripts).flatMap(([name, command]): [string, string][] => {
  const [, file] = /^node scripts\/launch\/node\.mjs (\S+)$/.exec(command) ?? [];
  return file === undefined ? [] : [[name, file]];
});

test('every script that takes options explains them on one screen, and does nothing else', async () => {
  assert.ok(files.length > 12, 'scripts are found');
  const answers = files.map(async ([name, file]) => {
    const child = spawn(process.execPath, [join(REPOSITORY, file), '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { name, stdout, stderr };
  });
  for (const { name, stdout, stderr } of await Promise.all(answers)) {
    assert.equal(stderr, '', name);
    assert.match(stdout, new RegExp(`npm run ${name}\\b`), name);
    const lines = stdout.split('\n');
    assert.ok(lines.length <= MAX_LINES, `${name}: ${lines.length} lines`);
    for (const line of lines) assert.ok(line.length <= 120, line);
  }
});

test('no option is missing in the explanation', () => {
  for (const [name, file] of files) {
    const source = readFileSync(join(REPOSITORY, file), 'utf8');
    const options = [...source.matchAll(/^\s+'?([\w-]+)'?: \{ type: '(?:string|boolean)'(.*)/gm)];
    for (const [, option = '', rest = ''] of options) {
      const short = /short: '(\w)'/.exec(rest)?.[1];
      const known = short === undefined ? `--${option}` : `-${short}`;
      assert.ok(headOf(source).includes(known), `${name}: ${option}`);
    }
  }
});
