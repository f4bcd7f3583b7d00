/** The completion scripts in the shells that they are for. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { lacking } from '../../scripts/test/lacking.ts';
import { addTo, makeFolder } from '../support/folder.ts';
import { eventually } from '../support/raw.ts';
import { engineBetween, neutralEnvironment, run } from '../support/target.ts';

const PATIENCE_MS = 20_000;

/** A folder to complete in, with the script in it. */
async function prepare(shell: string): Promise<string> {
  const { code, stdout, stderr } = await run(['completion', shell]);
  assert.deepEqual([code, stderr], [0, '']);
  const folder = makeFolder({
    'My Site/index.html': 'x',
    'help-texts/a.txt': 'x',
    "o'brien [1]/a.txt": 'x',
    'notify.json': '{}',
  });
  addTo(folder, { '.completion': stdout });
  return folder;
}

/** Types lines at a shell, each of which ends in a TAB or TABs; returns what `mote` got as arguments. */
async function typed(
  t: TestContext,
  folder: string,
  start: string,
  lines: readonly string[],
): Promise<string[]> {
  const child = spawn('script', ['-qec', start, join(makeFolder(), 'typescript')], {
    cwd: folder,
    env: { ...neutralEnvironment(), TERM: 'dumb', SHELL: '/bin/sh', HISTFILE: '/dev/null', PS1: '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const results = () => [...shown.matchAll(/\{\{(.*?)\}\}/g)].map(([, words = '']) => words);
  const until = (count: number) =>
    eventually(
      PATIENCE_MS,
      () => results().length,
      (found) => found >= count,
    );
  for (const [index, line] of lines.entries()) {
    child.stdin.write(`${line}\n`);
    await until(index + 1);
  }
  child.stdin.write('exit\n');
  await closed;
  // zsh writes --flag=value, and drops the slash of a folder.
  return results().map((words) => words.replaceAll('/>', '>').replace(/(<--[\w-]+)=/g, '$1><'));
}

const skip = (command: string) => engineBetween || lacking({ script: 'bsdutils', [command]: command });

const cases: readonly (readonly [typed: string, arguments: string])[] = [
  ['mote --log-fo\tjs\t', '<--log-format><json>'],
  ['mote --spool M\t', '<--spool><My Site>'],
  ['mote My\t', '<My Site>'],
  ['mote o\t --lis\t', "<o'brien [1]><--listing>"],
  ['mote hash-p\t', '<hash-password>'],
  ['mote spool req\t', '<spool><requeue>'],
  ['mote help lim\t', '<help><limits>'],
  ['mote completion z\t', '<completion><zsh>'],
  ['mote --conf\tn\t', '<--config><notify.json>'],
];

describe('bash', { skip: skip('bash') }, () => {
  test('at the terminal', async (t) => {
    const folder = await prepare('bash');
    addTo(folder, {
      '.rc': `source .completion\nmote() { printf '{''{'; printf '<%s>' "$@"; printf '}''}\\n'; }\n`,
    });
    const got = await typed(
      t,
      folder,
      'exec bash --noprofile --rcfile .rc -i',
      cases.map(([line]) => line),
    );
    assert.deepEqual(
      got,
      cases.map(([, words]) => words),
    );
  });

  test('with an equals sign, and nothing where a number is expected', async () => {
    const folder = await prepare('bash');
    const complete = (...words: string[]) => {
      const quoted = words.map((word) => `'${word}'`).join(' ');
      const script = `source .completion; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _mote 2>/dev/null; printf '%s ' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: folder, encoding: 'utf8' });
      assert.equal(stderr, '');
      return stdout.trim();
    };
    assert.equal(complete('mote', '--log-format', '='), 'auto pretty combined json off');
    assert.equal(complete('mote', '--log-format', '=', 'p'), 'pretty');
    assert.equal(complete('mote', '--port', ''), '');
    assert.equal(complete('mote', 'help'), 'help help-texts');
    assert.equal(complete('mote', '--no-compress'), '--no-compression');
  });
});

describe('zsh', { skip: skip('zsh') }, () => {
  test('at the terminal', async (t) => {
    const folder = await prepare('zsh');
    addTo(folder, {
      '.zshrc': `PS1=; unsetopt beep zle_bracketed_paste; setopt no_list_beep; autoload -U compinit; compinit -u -D; source .completion
mote() { printf '{''{'; printf '<%s>' "$@"; printf '}''}\\n'; }\n`,
    });
    const got = await typed(
      t,
      folder,
      `ZDOTDIR=. exec zsh -d -i`,
      cases.map(([line]) => line),
    );
    assert.deepEqual(
      got,
      cases.map(([, words]) => words),
    );
  });
});

describe('fish', { skip: skip('fish') }, () => {
  test('asked for what it would offer', async () => {
    const folder = await prepare('fish');
    const offered = (line: string) => {
      const script = `source .completion; complete -C "${line}"`;
      const home = makeFolder();
      const env = { ...neutralEnvironment(), HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
      const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], {
        cwd: folder,
        env,
        encoding: 'utf8',
      });
      assert.equal(stderr, '');
      return stdout.split('\n').flatMap((entry) => (entry === '' ? [] : [entry.split('\t')[0]]));
    };
    assert.deepEqual(offered('mote --log-fo'), ['--log-format']);
    assert.deepEqual(offered('mote --log-format j'), ['json']);
    assert.deepEqual(offered('mote --log-format=j'), ['--log-format=json']);
    assert.deepEqual(offered('mote --spool M'), ['My Site/']);
    assert.deepEqual(offered('mote M'), ['My Site/']);
    assert.deepEqual(offered('mote help'), ['help', 'help-texts/']);
    assert.deepEqual(offered('mote spool req'), ['requeue']);
    assert.deepEqual(offered('mote help lim'), ['limits']);
    assert.deepEqual(offered('mote --port '), []);
  });
});

test('another shell is refused with those that there are', async () => {
  for (const args of [['completion'], ['completion', 'tcsh']]) {
    const { code, stdout, stderr } = await run(args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^mote: completion: received "(tcsh)?"; allowed: bash, zsh, fish\n$/);
  }
});
