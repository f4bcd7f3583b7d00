import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { get, makeFolder, World } from '../cli/fixtures.ts';
import { defaults } from '../config/options.ts';
import { packSite } from '../static/embedded.ts';
import { createApp } from './app.ts';

const archive = packSite([{ segments: ['index.html'], bytes: Buffer.from('embedded') }], undefined);

/** Serves until the test ends; returns the start line and what the root answers. */
async function started(t: TestContext, path: string, site: Uint8Array | undefined) {
  const world = new World();
  const config = { ...defaults, path, port: 0, host: '127.0.0.1' };
  const app = await createApp(config, world.io.stdout, { readSite: () => site });
  await app.start();
  t.after(() => app.stop('end of the test'));
  const line = await world.firstLine();
  const port = Number(/:(\d+)$/.exec(line)?.[1]);
  return { line: line.replace(/\d+$/, 'PORT'), root: await get({ host: '127.0.0.1', port }) };
}

describe('a site inside the executable', () => {
  test('is served where no path is configured', async (t) => {
    assert.deepEqual(await started(t, defaults.path, archive), {
      line: 'mote serves the embedded site on http://127.0.0.1:PORT',
      root: '200 embedded',
    });
  });

  test('is not where one is', async (t) => {
    const folder = makeFolder(t);
    const line = `mote serves ${folder} on http://127.0.0.1:PORT`;
    assert.deepEqual(await started(t, folder, archive), { line, root: '200 hello' });
  });
});
