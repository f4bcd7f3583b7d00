import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { VERSION } from '../build/version.ts';
import { makeFolder } from './fixtures.ts';
import { describeVersion } from './version.ts';

const { node, v8, openssl } = process.versions;
const common = { name: 'mote', version: VERSION, node, v8, openssl };

describe('what the program is made of', () => {
  test('from the sources', async () => {
    const text = await describeVersion();
    assert.ok(!text.includes('\n'));
    assert.deepEqual(JSON.parse(text), { ...common, base: 'source', embeddedSite: false });
  });

  test('the bundle: the Node that runs it is none of it', async () => {
    const expected = { ...common, base: 'bundle', embeddedSite: true };
    assert.deepEqual(JSON.parse(await describeVersion({ base: 'bundle', embeddedSite: true })), expected);
  });

  test('a build that lacks something says what', async () => {
    const features = {
      compression: false,
      workers: true,
      replicas: true,
      nodeHttp: false,
      charsets: true,
      tls: true,
      largeMessages: true,
    };
    const text = await describeVersion({ base: 'bundle', embeddedSite: false }, '', features);
    assert.deepEqual(JSON.parse(text).lacks, ['compression', 'nodeHttp']);
  });

  test('an executable, with its size and hash', async (t) => {
    const path = join(makeFolder(t), 'mote');
    writeFileSync(path, 'abc');
    const leftOut = { icu: { files: 2, bytes: 30 } };
    const build = { base: 'seal', glibc: '2.36', leftOut, embeddedSite: false } as const;
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    assert.deepEqual(JSON.parse(await describeVersion(build, path)), {
      ...common,
      ...build,
      size: 3,
      sha256,
    });
  });
});
