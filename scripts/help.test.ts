import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { REPOSITORY } from './bundle/bundle.ts';
import { unknownOption } from './help.ts';

const MAX_LINES = 30;
/** A script that does something else meanwhile is stopped. */
const LIMIT_MS = 60_000;
const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
/** What `npm run NAME` starts, by its name. */
const files = Object.entries<string>(scripts).flatMap(([name, command]): [string, string][] => {
  const [, file] = /^node scripts\/launch\/node\.mjs (\S+)$/.exec(command) ?? [];
  return file === undefined ? [] : [[name, file]];
});

test('every script that takes options explains them on one screen, and does nothing else', async () => {
  assert.ok(files.length > 12, 'scripts are found');
  for (const [name, file] of files) {
    // Before anything is started that takes its time.
    const answers = /\b(answerHelp|runBuild)\(/.test(readFileSync(join(REPOSITORY, file), 'utf8'));
    assert.ok(answers, `${name} has no help: answerHelp of scripts/help.ts gives it one`);
  }
  const answers = files.map(async ([name, file]) => {
    const child = spawn(process.execPath, [join(REPOSITORY, file), '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { name, file, stdout, stderr };
  });
  for (const { name, file, stdout, stderr } of await Promise.all(answers)) {
    assert.equal(stderr, '', name);
    assert.match(stdout, new RegExp(`npm run ${name}\\b`), name);
    const lines = stdout.split('\n');
    assert.ok(lines.length <= MAX_LINES, `${name}: ${lines.length} lines`);
    for (const line of lines) assert.ok(line.length <= 120, line);
    for (const option of optionsIn(file)) assert.ok(stdout.includes(option), `${name}: ${option}`);
  }
});

test('an option that the help does not name is refused before anything is done', async () => {
  // Each of those that the first test finds asks the same function; the builds have a parser of their own.
  const own = files.filter(([name]) => ['micro', 'flame', 'tiny'].includes(name));
  assert.equal(own.length, 3);
  const answers = own.map(async ([name, file]) => {
    const child = spawn(process.execPath, [join(REPOSITORY, file), '--hepl'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    });
    const closed = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { name, code: (await closed)[0], stdout, stderr };
  });
  for (const { name, code, stdout, stderr } of await Promise.all(answers)) {
    assert.deepEqual([code, stdout], [2, ''], `${name}: ${stderr}`);
    assert.match(stderr, /^[\w-]+: .*--hepl/, name);
    assert.doesNotMatch(stderr, /^ {4}at /m, name);
  }
});

test('options are what the text names', () => {
  const head = 'npm run x -- FILE|DIR [--port N] [-o OUT], with --other-thing; a-b--c';
  for (const words of [
    ['--port', '1'],
    ['--port=-1'],
    ['-o', 'a'],
    ['--other-thing'],
    ['-1'],
    ['-'],
    ['--', '--none'],
  ])
    assert.equal(unknownOption(words, head), undefined, words.join(' '));
  for (const word of ['--por', '--ports', '--other', '-p', '-b', '--c'])
    assert.equal(unknownOption(['a', word], head), word);
});

/** What the script gives to `parseArgs`. */
function optionsIn(file: string): string[] {
  const source = readFileSync(join(REPOSITORY, file), 'utf8');
  const options = [...source.matchAll(/^\s+'?([\w-]+)'?: \{ type: '(?:string|boolean)'(.*)/gm)];
  return options.flatMap(([, option = '', rest = '']) => {
    if (option === 'help') return [];
    const short = /short: '(\w)'/.exec(rest)?.[1];
    return [short === undefined ? `--${option}` : `-${short}`];
  });
}
