/**
 * Runs the black-box tests against dist/mote, in an empty root and in a container: `npm run
 * blackbox:executable`. Where there can be none it says so and fails nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from './bundle.ts';
import { cannotSeal, noEmptyRoot } from './seal/fixtures.ts';

/** No test takes this long; one that hangs must not take the others with it. */
const TEST_LIMIT_MS = 120_000;

/** Without those of mote-micro, which is another program. */
const suites = readdirSync(join(REPOSITORY, 'test'))
  .filter((name) => name.endsWith('.test.ts') && !name.startsWith('micro'))
  .map((name) => `test/${name}`);

/** Runs the suite against one target; the exit code of the runner. */
function suite(target: string, obstacle: string | false): number {
  process.stderr.write(`\nblack-box tests against ${target}\n`);
  if (obstacle) {
    process.stderr.write(`NOT TESTED: ${obstacle}\n`);
    return 0;
  }
  const testRoot = mkdtempSync(join(tmpdir(), 'mote-blackbox-'));
  try {
    const env = { ...process.env, MOTE_TARGET: target, MOTE_TEST_ROOT: testRoot };
    const args = ['--test', `--test-timeout=${TEST_LIMIT_MS}`, ...suites];
    return spawnSync(process.execPath, args, { cwd: REPOSITORY, env, stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(testRoot, { recursive: true, force: true });
  }
}

function noEngine(): string | false {
  return spawnSync('runc', ['--version']).error ? 'runc is missing (Debian: apt-get install runc)' : false;
}

const noRoot = cannotSeal() || noEmptyRoot();
const inEmptyRoot = suite('test/targets/empty-root.sh dist/mote', noRoot);
const inContainer = suite('node test/targets/container.ts dist/mote', noRoot || noEngine());
process.exitCode = inEmptyRoot || inContainer;
