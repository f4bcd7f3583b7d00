/** mote-micro in a container, out of the archive that `npm run micro -- --image` writes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folder, noEngine, podman, skopeo } from '../support/engine.ts';
import { makeFolder } from '../support/folder.ts';
import { cannotRunMicro, freePort } from '../support/micro.ts';
import { eventually, request } from '../support/raw.ts';

const script = fileURLToPath(new URL('../../scripts/micro/micro.ts', import.meta.url));
/** `podman stop` waits ten seconds before it kills. */
const STOPPED_WITHIN_MS = 3000;
const PAGE = '<!doctype html><p>hello from scratch\n';

function micro(...args: string[]): string {
  return execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' });
}

describe('the image', { skip: cannotRunMicro || noEngine }, () => {
  const [page, tar] = [join(folder, 'page.html'), join(folder, 'micro.tar')];
  writeFileSync(page, PAGE);
  const site = makeFolder({ 'index.html': PAGE, 'docs/index.html': '<p>docs', '404.html': '<p>not here' });

  test('is the same when it is made again', () => {
    const [first, second] = ['a', 'b'].map((name) => {
      const [out, image] = [join(folder, name), join(folder, `${name}.tar`)];
      micro(page, '-o', out, '--image', image);
      return Buffer.concat([readFileSync(out), readFileSync(image)]);
    });
    assert.ok(first && second?.equals(first));
  });

  test('for both processors has one archive, from which each takes its own', async () => {
    const out = join(folder, 'both');
    micro(page, '--arch', 'both', '-o', out, '--image', tar);
    // EM_X86_64, EM_AARCH64
    const machines = ['x86-64', 'arm64'].map((arch) => readFileSync(`${out}-${arch}`).readUInt16LE(18));
    assert.deepEqual(machines, [62, 183]);
    for (const architecture of ['amd64', 'arm64']) {
      const result = await skopeo('inspect', '--override-arch', architecture, `oci-archive:${tar}`);
      assert.equal(JSON.parse(result).Architecture, architecture);
    }
    await podman('load', '-i', tar);
    const result = await podman('image', 'inspect', '--format', '{{.Architecture}}', 'mote-micro:latest');
    assert.equal(result.trim(), process.arch === 'arm64' ? 'arm64' : 'amd64');
  });

  const stopped: readonly (readonly [profile: string, exitCode: number, signal?: string])[] = [
    ['record', 137],
    ['standard', 0],
    ['full', 0],
    ['full', 0, 'SIGTERM'],
    ['site', 0],
    ['site', 0, 'SIGTERM'],
  ];
  for (const [profile, exitCode, signal] of stopped) {
    test(`${profile} serves as process 1, and stops at once${signal ? ` by ${signal}` : ''}`, async () => {
      const port = await freePort();
      const what = profile === 'site' ? site : page;
      micro(what, '--profile', profile, '-o', join(folder, profile), '--image', tar, '--port', String(port));
      await podman('load', '-i', tar);
      const options = [
        '-d',
        '--read-only',
        '--network',
        'host',
        ...(signal ? ['--stop-signal', signal] : []),
      ];
      const id = (await podman('run', ...options, 'mote-micro:latest')).trim();
      const ask = () => request({ port }, '/').catch(() => undefined);
      const { value: response } = await eventually(5000, ask, (response) => response !== undefined);
      assert.equal(response?.text, PAGE);
      if (profile === 'site') assert.equal((await request({ port }, '/docs/')).text, '<p>docs');
      const began = performance.now();
      await podman('stop', id);
      assert.ok(performance.now() - began < STOPPED_WITHIN_MS);
      assert.equal((await podman('inspect', '--format', '{{.State.ExitCode}}', id)).trim(), String(exitCode));
    });
  }
});
