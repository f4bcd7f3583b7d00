/** Constant memory: what slow clients download does not pile up in the server. */
import assert from 'node:assert/strict';
import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addTo, makeFolder, pattern } from '../support/folder.ts';
import { connect, eventually, request, requestText } from '../support/raw.ts';
import { startForFile } from '../support/target.ts';

const GIB = 1024 ** 3;
const CLIENTS = 50;
/** Clients that do their worst: each may cost some megabytes, until it is cut. */
const HOGS = 16;
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;
/** What each client takes before the peak is read, in bites with pauses between them. */
const TAKEN_BYTES = 16 * 1024 * 1024;
const BITE_BYTES = 1024 * 1024;

const root = makeFolder({ 'small.txt': 'small' });
// A sparse file: it needs no room on the disk, and no time to make.
writeFileSync(join(root, 'huge.bin'), '');
truncateSync(join(root, 'huge.bin'), GIB);
const server = await startForFile({ root });

test(`1 GiB to ${CLIENTS} slow clients`, async () => {
  // What any work costs once (compiled code, the first buffers) is not growth.
  for (let i = 0; i < 200; i++) await request(server, '/small.txt');
  await request(server, '/huge.bin', { headers: { Range: 'bytes=0-9999999' } });
  const growth = await growthOf(async () => {
    const downloads = await Promise.all(Array.from({ length: CLIENTS }, () => slowDownload()));
    for (const end of downloads) end();
  });
  assertSmall(growth);
  await eventually(
    10_000,
    () => server.descriptors(root).files,
    (files) => files.length === 0,
  );
});

/** Takes TAKEN_BYTES of the huge file with pauses; the server is still sending when it returns. */
async function slowDownload(): Promise<() => void> {
  const client = await connect(server);
  let taken = 0;
  let bite = 0;
  client.drain();
  const enough = new Promise<void>((resolve, reject) => {
    client.socket.on('data', (chunk: Buffer) => {
      taken += chunk.length;
      bite += chunk.length;
      if (taken >= TAKEN_BYTES) resolve();
      if (bite < BITE_BYTES) return;
      bite = 0;
      client.socket.pause();
      setTimeout(() => client.socket.resume(), 20);
    });
    client.socket.once('close', () => reject(new Error(`cut after ${taken} bytes`)));
  });
  client.write(requestText('GET', '/huge.bin'));
  await enough;
  return () => client.destroy();
}

test('offsets beyond 2^32 are right', async () => {
  const size = 6 * GIB;
  const at = 5 * GIB + 123;
  const mark = pattern(1000);
  const path = join(root, 'sparse.bin');
  writeFileSync(path, '');
  truncateSync(path, size);
  const file = openSync(path, 'r+');
  writeSync(file, mark, 0, mark.length, at);
  closeSync(file);
  const headers = { Range: `bytes=${at - 10}-${at + 999}` };
  const response = await request(server, '/sparse.bin', { headers });
  assert.equal(response.header('content-range'), `bytes ${at - 10}-${at + 999}/${size}`);
  assert.ok(response.body.equals(Buffer.concat([Buffer.alloc(10), mark])));
  assert.equal(
    (await request(server, '/sparse.bin', { method: 'HEAD' })).header('content-length'),
    String(size),
  );
});

/** The growth of the peak while `work` runs. */
async function growthOf(work: () => Promise<void>): Promise<number> {
  const before = server.peakMemoryBytes();
  await work();
  return server.peakMemoryBytes() - before;
}

test('requests for ten thousand different paths do not pile up', async () => {
  const growth = await growthOf(async () => {
    for (let round = 0; round < 20; round++) {
      const client = await connect(server);
      const paths = Array.from({ length: 500 }, (_, i) => `/missing-${round}-${i}-${'x'.repeat(1000)}`);
      client.write(paths.map((path) => requestText('GET', path)).join(''));
      for (const path of paths) assert.equal((await client.response()).status, 404, path);
      client.destroy();
    }
  });
  assertSmall(growth);
});

test(`${HOGS} clients that pipeline a thousand requests and read nothing`, async () => {
  addTo(root, { 'page.bin': pattern(100_000) });
  const growth = await growthOf(async () => {
    const clients = await Promise.all(Array.from({ length: HOGS }, () => connect(server)));
    for (const client of clients) {
      client.socket.pause();
      client.write(requestText('GET', '/page.bin').repeat(1000));
    }
    // Others are served meanwhile, again and again, so that the server has had its time with them.
    for (let i = 0; i < 500; i++) assert.equal((await request(server, '/small.txt')).text, 'small');
    for (const client of clients) client.destroy();
  });
  assertSmall(growth);
});

function assertSmall(growthBytes: number): void {
  assert.ok(growthBytes < MAX_GROWTH_BYTES, `grew by ${Math.round(growthBytes / 1024 ** 2)} MiB`);
}
