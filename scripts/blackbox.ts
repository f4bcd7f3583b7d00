/**
 * Runs the black-box tests against dist/mote in an empty root: `npm run blackbox:executable`. Where there can
 * be none it says so and fails nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from './bundle.ts';
import { cannotSeal, noEmptyRoot } from './seal/fixtures.ts';

function main(): number {
  const reason = cannotSeal() || noEmptyRoot();
  if (reason) {
    process.stderr.write(`black-box tests of the executable: ${reason}\n`);
    return 0;
  }
  const testRoot = mkdtempSync(join(tmpdir(), 'mote-blackbox-'));
  try {
    const env = {
      ...process.env,
      MOTE_TARGET: 'test/targets/empty-root.sh dist/mote',
      MOTE_TEST_ROOT: testRoot,
    };
    const { status } = spawnSync(process.execPath, ['--test', 'test/*.test.ts'], {
      ...{ cwd: REPOSITORY, env, stdio: 'inherit' },
    });
    return status ?? 1;
  } finally {
    rmSync(testRoot, { recursive: true, force: true });
  }
}

process.exitCode = main();
