import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from '../app/configuration-error.ts';
import { failing, intercept } from '../static/fixtures.ts';
import { StartError } from '../util/start-error.ts';
import { reportFailure } from './failure.ts';
import { makeFolder, runOnce } from './fixtures.ts';

function reported(error: unknown) {
  let err = '';
  const code = reportFailure({ stderr: { write: (text) => (err += text) } }, error);
  return { code, err };
}

describe('what the operator must change is one line without a stack', () => {
  const rows: readonly [name: string, error: unknown, code: number, err: string][] = [
    [
      'with a hint',
      new StartError('x', 'the port is taken', 'choose another'),
      1,
      'the port is taken; choose another\n',
    ],
    ['without a hint', new StartError('x', 'EIO', ''), 1, 'EIO\n'],
    ['each problem of the configuration', new ConfigurationError('x', ['one', 'two']), 2, 'one\nmote: two\n'],
    [
      'no descriptor left',
      Object.assign(new Error('EMFILE: too many'), { code: 'EMFILE' }),
      1,
      'EMFILE: too many; raise the limit of open files\n',
    ],
  ];
  for (const [name, error, code, err] of rows) {
    test(name, () => assert.deepEqual(reported(error), { code, err: `mote: ${err}` }));
  }
});

describe('a defect is one line that says so, and its stack', () => {
  const rows: readonly [name: string, error: unknown, line: string][] = [
    ['an error', new TypeError('x is not a function'), 'x is not a function'],
    ['a message of several lines', new Error('a\n b'), 'a b'],
    ['an error of Node', Object.assign(new Error('bad'), { code: 'ERR_INVALID_ARG_TYPE' }), 'bad'],
    ['no error at all', 'thrown', 'thrown'],
    ['nothing', undefined, 'undefined'],
  ];
  for (const [name, error, line] of rows) {
    test(name, () => {
      const { code, err } = reported(error);
      assert.equal(code, 70);
      const [first, ...stack] = err.split('\n');
      assert.equal(first, `mote: ${line}; this is a defect of mote, please report it with these lines:`);
      assert.ok(
        stack.some((text) => /^ {4}at /.test(text)),
        err,
      );
    });
  }

  test('which control no terminal', () => {
    const { err } = reported(new Error('no "\x1b[2J\x9b1m"'));
    assert.match(err, /\nError: no " \[2J 1m"\n {4}at /);
    assert.doesNotMatch(err, /[^\P{C}\n]/u);
  });

  for (const [name, thrown] of [
    ['a TypeError', new TypeError('undefined is no path')],
    ['an error of Node', Object.assign(new Error('bad'), { code: 'ERR_INVALID_ARG_TYPE' })],
  ] as const) {
    test(`${name} in the wiring is not blamed on PATH`, async (t) => {
      intercept(t, 'open', async () => {
        throw thrown;
      });
      const { code, out, err } = await runOnce([makeFolder(t), '0']);
      assert.deepEqual([code, out], [70, '']);
      assert.ok(err.startsWith(`mote: ${thrown.message}; this is a defect of mote`), err);
      assert.doesNotMatch(err, /cannot serve/);
    });
  }

  test('while the error of the system is', async (t) => {
    intercept(t, 'open', failing('EIO'));
    const { code, err } = await runOnce(['/x', '0']);
    assert.deepEqual([code, err], [1, 'mote: cannot serve "/x": EIO\n']);
  });

  test('it is the exit code of the program', () => {
    const breakage = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
      fs.promises.open = () => { throw new TypeError('broken'); }; syncBuiltinESMExports();`;
    const preload = `data:text/javascript,${encodeURIComponent(breakage)}`;
    const bin = fileURLToPath(new URL('bin.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', preload, bin, '.', '0'], {
      encoding: 'utf8',
      env: {},
    });
    assert.deepEqual([status, stdout], [70, '']);
    assert.match(stderr, /^mote: broken; this is a defect of mote[^\n]*\nTypeError: broken\n {4}at /);
  });
});
