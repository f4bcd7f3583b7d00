/** Tests of what the built executable lacks, and of what it keeps on demand. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '../bundle/fixtures.ts';
import { cannotSeal } from '../seal/fixtures.ts';
import { build, run } from './fixtures.ts';

/** What users are told; Node alone is 80 MB of it. */
const MAX_EXECUTABLE_BYTES = 87_000_000;
const MIN_LEFT_OUT = { files: 4000, bytes: 27_000_000 };

describe("ICU's data in the executable", { skip: cannotSeal() }, () => {
  const folder = temporaryFolder();

  async function builtWith(...flags: string[]) {
    const path = join(folder, `mote${flags.join('')}`);
    const { status, stdout, stderr } = await build(['--base', 'seal', ...flags, '-o', path]);
    assert.deepEqual([status, stderr], [0, '']);
    const { leftOut } = JSON.parse((await run([path, '--version', '--json'])).stdout);
    return { report: stdout, leftOut, size: statSync(path).size };
  }

  test('is English only, which the build and the executable say; all of it stays on demand', async () => {
    const usual = await builtWith();
    assert.ok(usual.leftOut.icu.files > MIN_LEFT_OUT.files);
    assert.ok(usual.leftOut.icu.bytes > MIN_LEFT_OUT.bytes);
    assert.ok(usual.report.includes(`\n  left out ${usual.leftOut.icu.bytes} bytes of ICU's data, `));
    assert.ok(usual.size <= MAX_EXECUTABLE_BYTES, `${usual.size} bytes`);

    const whole = await builtWith('--keep-icu');
    assert.equal(whole.leftOut, undefined);
    assert.doesNotMatch(whole.report, /left out/);
    // But for what does not fill a page.
    assert.ok(whole.size - usual.size > usual.leftOut.icu.bytes - 2 * 4096);
  });
});
