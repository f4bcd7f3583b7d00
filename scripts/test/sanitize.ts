/**
 * `npm run sanitize [-- --core] [FILE…]`: mote-tiny with AddressSanitizer and UndefinedBehaviorSanitizer, by the contracts
 * of the platform, the seeds of the fuzzers, and the black-box tests, all or their core. Leaks are looked for at the end
 * of each process. A finding fails the run, also where no test noticed it.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../bundle/bundle.ts';
import { answerHelp } from '../help.ts';
import { withoutMicro } from './executable.ts';

const TARGET = 'dist/mote-tiny-sanitize';
/** What the host does most: connections, files, messages, and the end. */
const CORE = [
  'test/http/{paths,ranges,methods,encoding,etag,malformed}.test.ts',
  'test/notify/{requests,mail}.test.ts',
  'test/cli/{shutdown,signals}.test.ts',
];
/** Tests of what sanitizers change: memory, time on a clock, and the confinement of the process. */
const CHANGED = [
  /what an attack costs/,
  /^memory/,
  /system calls are filtered/,
  /^what is refused$/,
  /^files that are refused$/,
  /messages outlive SIGKILL/,
];
/** Its server is started outside of its tests. */
const TIMED = 'test/notify/turns.test.ts';

answerHelp(import.meta.filename);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { core: { type: 'boolean', default: false } },
});

function run(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
  const { status } = spawnSync(process.execPath, [join(REPOSITORY, 'scripts', script), ...args], {
    cwd: REPOSITORY,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status === 0;
}

function main(): number {
  const reports = mkdtempSync(join(tmpdir(), 'mote-sanitize-'));
  // Tests start the program under other accounts, too.
  chmodSync(reports, 0o1777);
  const env = { ASAN_OPTIONS: `log_path=${reports}/report`, MOTE_TARGET: TARGET };
  const patterns = values.core ? CORE : ['test/*/*.test.ts'];
  const files =
    positionals.length > 0 ? positionals : globSync(patterns, { cwd: REPOSITORY, exclude: [TIMED] }).sort();
  try {
    const isRight =
      run('tiny/tiny.ts', ['--sanitize', '--contracts']) &&
      run('tiny/fuzz/fuzz.ts', ['--replay']) &&
      run('tiny/tiny.ts', ['--sanitize']) &&
      run(
        'test/test.ts',
        [
          'blackbox',
          ...withoutMicro(files),
          ...CHANGED.map(({ source }) => `--test-skip-pattern=/${source}/`),
        ],
        env,
      );
    const found = readdirSync(reports).map((name) => readFileSync(join(reports, name), 'utf8'));
    for (const text of found) process.stderr.write(text);
    process.stdout.write(
      `sanitizers: ${found.length === 0 ? 'nothing found' : `${found.length} findings`}\n`,
    );
    return isRight && found.length === 0 ? 0 : 1;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

process.exitCode = main();
