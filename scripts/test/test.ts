/**
 * Runs suites of tests, then lists what was not tested here, and counts what was:
 *
 *   npm run unit -- [FILE…] [FLAG…]     npm run blackbox, npm run blackbox:engines, npm run blackbox:executable
 *   node scripts/test/test.ts SUITE… [FILE…] [FLAG…]
 *
 * A suite is unit, quick (unit without what takes long), blackbox, engines or executable. A FILE replaces all files of the
 * suite, a FLAG is one of `node --test`. The counts are appended to the file that `TEST_COUNTS` names. All unit tests
 * share a few processes (`own-process.ts`); with a FILE or a FLAG each file has its own.
 */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { REPOSITORY } from '../bundle/bundle.ts';
import { answerHelp } from '../help.ts';
import { type Against, executables, filesFor, withoutMicro } from './executable.ts';
import { divide } from './own-process.ts';
import { type Counts, describeCounts, describeSkips, type Skip } from './skips.ts';

answerHelp(import.meta.filename, 'others');

const unit = ['src/**/*.test.ts', 'scripts/**/*.test.ts'];
const suites: Readonly<Record<string, readonly string[]>> = {
  unit,
  quick: unit,
  blackbox: ['test/*/*.test.ts'],
  engines: ['test/http/*.test.ts'],
  executable: ['test/*/*.test.ts'],
};
/** What builds executables, kills processes over and over, or checks the structure, which `npm run check` does itself. */
const slow = [
  'scripts/{executable,seal,launch}/*.test.ts',
  'scripts/tiny/tiny.test.ts',
  'scripts/micro/order.test.ts',
  'scripts/tidy/tidy.test.ts',
  'src/notify/spool/crash.test.ts',
  'scripts/test/behind-nginx.test.ts',
];
/** Those that are not the default, which `blackbox` tests. */
const OTHER_ENGINES = ['node', 'wire'];
/** What hangs fails by its name; the longest file of tests takes a minute or two on a busy machine. */
const HANG_LIMIT_MS = 600_000;
/** Against an executable no test takes this long; one that hangs must not take the others with it. */
const TEST_LIMIT_MS = 120_000;
const USAGE =
  'usage: node scripts/test/test.ts unit|quick|blackbox|engines|executable [FILE…] [--FLAG=VALUE…]\n';

const temporary = mkdtempSync(join(tmpdir(), 'mote-test-'));
const collected = join(temporary, 'lines');
const skips: Skip[] = [];
const counts: Counts[] = [];

/** One run of node:test. Returns its exit code. */
function runTests(files: readonly string[], flags: readonly string[], env: NodeJS.ProcessEnv = {}): number {
  const reporters = [
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(REPOSITORY, 'scripts/test/reporter.ts')}`,
    `--test-reporter-destination=${collected}`,
  ];
  const limit = `--test-timeout=${HANG_LIMIT_MS}`;
  const { status } = spawnSync(process.execPath, ['--test', limit, ...flags, ...reporters, ...files], {
    cwd: REPOSITORY,
    // A test that runs this program does not count for it.
    env: { ...process.env, ...env, TEST_COUNTS: undefined },
    stdio: 'inherit',
  });
  if (existsSync(collected)) {
    for (const line of readFileSync(collected, 'utf8').split('\n').filter(Boolean)) note(JSON.parse(line));
    rmSync(collected);
  }
  return status ?? 1;
}

function note(line: Skip | Counts): void {
  if ('reason' in line) skips.push({ ...line, file: relative(REPOSITORY, line.file) });
  else counts.push(line);
}

/** All targets are tried, whatever the first one says. */
function againstExecutables(files: readonly string[], flags: readonly string[]): number {
  const codes = executables().map((against: Against) => {
    const { target, obstacle } = against;
    const some = filesFor(against, files);
    // Without files, all would be run.
    if (some.length === 0) return 0;
    process.stderr.write(`\nblack-box tests against ${target}\n`);
    if (obstacle) {
      skips.push({ file: 'test', name: target, reason: `${target}: ${obstacle}` });
      return 0;
    }
    const testRoot = mkdtempSync(join(tmpdir(), 'mote-blackbox-'));
    try {
      const env = { MOTE_TARGET: target, MOTE_TEST_ROOT: testRoot };
      return runTests(some, [`--test-timeout=${TEST_LIMIT_MS}`, ...flags], env);
    } finally {
      rmSync(testRoot, { recursive: true, force: true });
    }
  });
  return codes.find((code) => code !== 0) ?? 0;
}

function withEngines(files: readonly string[], flags: readonly string[]): number {
  const codes = OTHER_ENGINES.map((engine) => {
    process.stderr.write(`\nblack-box tests with the HTTP engine ${engine}\n`);
    return runTests(files, flags, { MOTE_ENGINE: engine });
  });
  return codes.find((code) => code !== 0) ?? 0;
}

/** One process more than there are cores, since tests wait, too. */
function inSharedProcesses(files: readonly string[]): number {
  const processCount = availableParallelism() + 1;
  const { own, shared } = divide(files, processCount);
  const module = JSON.stringify(join(import.meta.dirname, 'shared-process.ts'));
  const entries = shared.map((group, index) => {
    const entry = join(temporary, `shared-${index + 1}.mjs`);
    writeFileSync(entry, `import { runTogether } from ${module};\nrunTogether(${JSON.stringify(group)});\n`);
    return entry;
  });
  return runTests([...entries, ...own], [`--test-concurrency=${processCount}`]);
}

function runSuite(name: string, files: readonly string[], flags: readonly string[]): number {
  const exclude = name === 'quick' ? slow : [];
  const all = files.length > 0 ? files : globSync(suites[name] ?? [], { cwd: REPOSITORY, exclude }).sort();
  if (name === 'engines') return withEngines(all, flags);
  if (suites[name] === unit && files.length === 0 && flags.length === 0) return inSharedProcesses(all);
  return name === 'executable'
    ? againstExecutables(files.length > 0 ? files : withoutMicro(all), flags)
    : runTests(all, flags);
}

/** Suites one after the other until one fails. */
function main(args: readonly string[]): number {
  const names = args.filter((word) => Object.hasOwn(suites, word));
  const files = args
    .filter((word) => !Object.hasOwn(suites, word) && !word.startsWith('-'))
    .map((path) => resolve(process.env.INIT_CWD ?? '.', path));
  const flags = args.filter((word) => word.startsWith('-'));
  const missing = files.find((path) => !existsSync(path));
  if (names.length === 0 || missing !== undefined) {
    process.stderr.write(missing === undefined ? USAGE : `test: no such file: ${missing}\n${USAGE}`);
    return 2;
  }
  let code = 0;
  for (const name of names) code ||= runSuite(name, files, flags);
  const total = describeCounts(counts, skips);
  process.stdout.write(`${describeSkips(skips)}\n${total}`);
  if (process.env.TEST_COUNTS) appendFileSync(process.env.TEST_COUNTS, total);
  return code;
}

try {
  process.exitCode = main(process.argv.slice(2));
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
