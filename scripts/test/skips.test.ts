import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { debian, lacking } from './lacking.ts';
import { describeSkips } from './skips.ts';

const script = join(import.meta.dirname, './test.ts');

const SUITE = `
import { describe, test } from 'node:test';
describe('a suite', { skip: 'missing: x (Debian: x-tools)' }, () => { test('in it', () => undefined); });
test('one', { skip: 'missing: x (Debian: x-tools)' }, () => undefined);
test('another', (t) => t.skip());
test('run', () => undefined);
`;

describe('the end of a run', () => {
  test('nothing where all was tested', () => assert.equal(describeSkips([]), ''));

  test('reasons, where they count, and the packages of all of them', () => {
    const reason = `missing: x ${debian(['x', 'y'])}`;
    const text = describeSkips([
      { file: 'b.ts', name: '1', reason },
      { file: 'a.ts', name: '2', reason },
      { file: 'b.ts', name: '3', reason },
      { file: 'b.ts', name: '4', reason: `missing: a.b+ ${debian(['a.b+', 'x'])}` },
      { file: 'b.ts', name: '5', reason: 'not on Linux' },
    ]);
    assert.equal(
      text,
      `
NOT TESTED here (5 tests and suites):
  missing: x (Debian: x y)
    3 in a.ts, b.ts
  missing: a.b+ (Debian: a.b+ x)
    1 in b.ts
  not on Linux
    1 in b.ts
would be tested with: apt-get install a.b+ x y
`,
    );
  });

  test('of a real run, in which a skipped suite counts', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mote-skips-test-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'some.test.ts');
    writeFileSync(file, SUITE);
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const { status, stdout } = spawnSync(process.execPath, [script, 'unit', file], { encoding: 'utf8', env });
    const [, list = ''] = stdout.split('\nNOT TESTED here ');
    const lines = list.split('\n').map((line) => line.replace(/ in .*/, ''));
    assert.deepEqual(
      [status, ...lines],
      [
        0,
        '(3 tests and suites):',
        '  missing: x (Debian: x-tools)',
        '    2',
        '  no reason given',
        '    1',
        'would be tested with: apt-get install x-tools',
        '',
        '1 passed, 0 failed, 3 skipped',
        '',
      ],
    );
  });

  test('a failure is the exit code, and the list is there', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mote-skips-test-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'some.test.ts');
    writeFileSync(file, `${SUITE}test('bad', () => { throw new Error(); });`);
    const counted = join(folder, 'counts');
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined, TEST_COUNTS: counted };
    const { status, stdout } = spawnSync(process.execPath, [script, 'unit', file], { encoding: 'utf8', env });
    assert.deepEqual([status, stdout.includes('\nNOT TESTED here (3')], [1, true]);
    assert.equal(readFileSync(counted, 'utf8'), '1 passed, 1 failed, 3 skipped\n');
  });

  test('a file that is not there is wrong use', () => {
    const { status, stderr } = spawnSync(process.execPath, [script, 'unit', 'src/none.test.ts'], {
      encoding: 'utf8',
    });
    assert.equal(status, 2);
    assert.match(stderr, /^test: no such file: .*none\.test\.ts\nusage: /);
  });
});

test('lacking: the commands that are missing, and each package once', () => {
  assert.equal(lacking({ sh: 'dash' }), false);
  assert.equal(
    lacking({ sh: 'dash', 'no-such-a': 'p', 'no-such-b': 'p' }),
    'missing: no-such-a, no-such-b (Debian: p)',
  );
});
