/** Secrets typed at a real terminal, which `script` makes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { lacking } from '../../scripts/test/lacking.ts';
import { makeFolder } from '../support/folder.ts';
import { eventually } from '../support/raw.ts';
import { engineBetween, neutralEnvironment, target } from '../support/target.ts';

const PATIENCE_MS = 20_000;
const CTRL_C = '\x03';
const CTRL_U = '\x15';
const BACKSPACE = '\x7f';

/** How the shell at the terminal runs the program: it keeps the settings before and after, and the exit code. */
const SCRIPT = 'stty -g >before; "$@"; echo $? >code; stty -g >after';

const skip = engineBetween || lacking({ script: 'bsdutils', stty: 'coreutils' });

/** Types each text after its prompt; returns what the terminal showed, and how the program ended. */
async function type(
  t: TestContext,
  command: readonly string[],
  answers: readonly (readonly [string, string])[],
) {
  const folder = makeFolder();
  const quoted = [...target, ...command].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', `sh -c '${SCRIPT}' sh ${quoted}`, join(folder, 'typescript')], {
    cwd: folder,
    env: { ...neutralEnvironment(), SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const closed = once(child, 'close');
  let from = 0;
  for (const [prompt, answer] of answers) {
    await eventually(
      PATIENCE_MS,
      () => shown.indexOf(prompt, from),
      (at) => at >= 0,
    );
    from = shown.indexOf(prompt, from) + prompt.length;
    child.stdin.write(answer);
  }
  await closed;
  const read = (name: string) => readFileSync(join(folder, name), 'utf8').trim();
  assert.equal(read('after'), read('before'), 'the terminal is as it was');
  return { shown: shown.replaceAll('\r\n', '\n'), code: Number(read('code')) };
}

describe('at a terminal', { skip }, () => {
  test('hash-password asks twice and shows nothing', async (t) => {
    const { shown, code } = await type(
      t,
      ['hash-password', 'ann'],
      [
        ['Password: ', 'wrong\x15correct hörsee'],
        ['', `${BACKSPACE}${BACKSPACE}${BACKSPACE}${BACKSPACE}rse\r`],
        ['Again: ', `${CTRL_U}correct hörse\r`],
      ],
    );
    assert.match(shown, /^Password: \nAgain: \nann:\S+\n$/);
    assert.equal(code, 0);
  });

  test('hash-password of two different ones', async (t) => {
    const { shown, code } = await type(
      t,
      ['hash-password', 'ann'],
      [
        ['Password: ', 'first\r'],
        ['Again: ', 'second\r'],
      ],
    );
    assert.equal(shown, 'Password: \nAgain: \nmote: hash-password: the two inputs differ; try again\n');
    assert.equal(code, 2);
  });

  test('hash-token asks once', async (t) => {
    const { shown, code } = await type(t, ['hash-token'], [['Token: ', 'a-token-of-some-length\n']]);
    assert.match(shown, /^Token: \nsha256:\S+\n$/);
    assert.equal(code, 0);
  });

  test('Ctrl-C breaks off', async (t) => {
    for (const [command, prompt] of [
      [['hash-password', 'ann'], 'Password: '],
      [['hash-token'], 'Token: '],
    ] as const) {
      const { shown, code } = await type(t, command, [[prompt, `half${CTRL_C}`]]);
      assert.equal(shown, `${prompt}\n`);
      assert.equal(code, 130);
    }
  });
});
