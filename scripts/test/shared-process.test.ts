import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

const CLOSE_LIMIT_MS = 50;
const RUN_LIMIT_MS = 20_000;
const temporary = mkdtempSync(join(tmpdir(), 'mote-shared-test-'));
after(() => rmSync(temporary, { recursive: true, force: true }));
const module = JSON.stringify(join(import.meta.dirname, 'shared-process.ts'));

/** Runs files of tests together, given by their names and texts. Returns the failures, and what is wrong with them. */
function run(files: Readonly<Record<string, string>>, closeLimitMs = CLOSE_LIMIT_MS) {
  const folder = mkdtempSync(join(temporary, 'run-'));
  mkdirSync(join(folder, 'sub'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), `import { after, before, suite, test } from 'node:test';\n${text}\n`);
  }
  const entry = `import { runTogether } from ${module};\nrunTogether(${JSON.stringify(Object.keys(files))}, ${closeLimitMs});`;
  writeFileSync(join(folder, 'entry.mjs'), entry);
  const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=tap', 'entry.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: RUN_LIMIT_MS,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  const failed = [...stdout.matchAll(/^ *not ok \d+ - (.*)$/gm)].map(([, name = '']) => name);
  return { status, failed, stdout };
}

const fine = "test('fine', () => undefined);";

describe('a file that leaves something behind fails, and no other does', () => {
  const cases: [what: string, text: string, subject: string][] = [
    ['a variable', "process.env.LEFT = 'secret';", 'process.env.LEFT'],
    ['a missing variable', 'delete process.env.PATH;', 'process.env.PATH'],
    ['the working folder', "process.chdir('sub');", 'process.cwd'],
    ['a mask', 'process.umask(0o7);', 'process.umask'],
    ['an exit code', 'process.exitCode = 3;', 'process.exitCode'],
    ['a listener', "process.on('SIGUSR2', () => undefined);", 'process.on SIGUSR2'],
    ['a global name', 'globalThis.left = 1;', 'globalThis.left'],
    ['a clock', 'Date.now = () => 0;', 'Date.now'],
    ['a function of fs', "(await import('node:fs')).default.promises.open = () => 0;", 'fs.promises.open'],
    ['a timer', 'setTimeout(() => undefined, 5000);', 'Timeout'],
    ['a server', "(await import('node:net')).createServer().listen(0, '127.0.0.1');", 'TCPServerWrap'],
  ];
  const bad = cases.map(([, text], index) => [`bad-${index}.mjs`, `test('x', async () => { ${text} });`]);
  const { status, failed, stdout } = run({ 'a.mjs': fine, ...Object.fromEntries(bad), 'z.mjs': fine });
  const reports = stdout.split(/^ *not ok /m);

  for (const [index, [what, , subject]] of cases.entries()) {
    test(what, () => {
      const report = reports.find((part) => part.includes(`- bad-${index}.mjs\n`));
      assert.match(report ?? '', new RegExp(`leaves .*'${subject}[',]`, 's'));
    });
  }
  test('by its name, and without the value of a variable', () => {
    assert.deepEqual([status, failed.includes('a.mjs'), failed.includes('z.mjs')], [1, false, false]);
    assert.ok(!stdout.includes('secret'));
  });
});

test('what is put back is nothing left behind', () => {
  const text = `
    before(() => { process.env.LEFT = '1'; });
    after(() => { delete process.env.LEFT; });
    test('in order', (t) => {
      t.mock.method(Date, 'now', () => 0);
      t.mock.timers.enable({ apis: ['setTimeout'] });
      setTimeout(() => undefined, 20);
    });
    test('closed soon', () => { setTimeout(() => undefined, 20); });`;
  assert.deepEqual(run({ 'a.mjs': text, 'b.mjs': fine }, RUN_LIMIT_MS).failed, []);
});

test('a file that cannot be loaded fails, and no other does', () => {
  const { status, failed } = run({ 'a.mjs': fine, 'bad.mjs': "import './none.mjs';", 'z.mjs': fine });
  assert.deepEqual([status, failed.includes('bad.mjs'), failed.includes('z.mjs')], [1, true, false]);
});

test('hooks of a file are for its tests only', () => {
  const text = "before(() => { throw new Error('no'); });\ntest('x', () => undefined);";
  const { failed } = run({ 'a.mjs': fine, 'bad.mjs': text, 'z.mjs': fine });
  assert.deepEqual([failed.includes('x'), failed.includes('fine')], [true, false]);
});

test('who ends the process does not silence the others', () => {
  const { status, stdout } = run({
    'a.mjs': fine,
    'bad.mjs': "test('x', () => process.exit(0));",
    'z.mjs': fine,
  });
  assert.equal(status, 1);
  assert.match(stdout, /the process ended before bad\.mjs, z\.mjs/);
});
