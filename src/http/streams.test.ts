import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tick } from './fixtures.ts';
import { Streams } from './streams.ts';

const MAX_READS = 8;

/** Reads that end when the test says so. */
function controlled(streams: Streams, count: number) {
  const begun: number[] = [];
  const ends: ((failure?: Error) => void)[] = [];
  const reads = Array.from({ length: count }, (_, i) =>
    streams.inTurn(
      () =>
        new Promise<number>((resolve, reject) => {
          begun.push(i);
          ends[i] = (failure) => (failure ? reject(failure) : resolve(i));
        }),
    ),
  );
  return { begun, ends, reads };
}

test('few reads at a time, in the order in which they were wanted', async () => {
  const { begun, ends, reads } = controlled(new Streams(), 20);
  for (let done = 0; done < 20; done++) {
    await tick();
    assert.deepEqual(
      begun,
      Array.from({ length: Math.min(20, MAX_READS + done) }, (_, i) => i),
    );
    ends[done]?.();
    assert.equal(await reads[done], done);
  }
});

test('a read that fails gives its turn on', async () => {
  const { begun, ends, reads } = controlled(new Streams(), MAX_READS + 1);
  await tick();
  const failure = new Error('EIO');
  ends[0]?.(failure);
  await assert.rejects(reads[0] as Promise<number>, failure);
  await tick();
  assert.equal(begun.at(-1), MAX_READS);
  for (const end of ends.slice(1)) end();
  assert.equal(await reads[MAX_READS], MAX_READS);
});

test('the more streams there are, the smaller are the chunks of each', async () => {
  const streams = new Streams();
  const sizes: number[] = [];
  const ends: (() => void)[] = [];
  const running = Array.from({ length: 1000 }, () =>
    streams.run(() => {
      sizes.push(streams.chunkBytes);
      return new Promise((resolve) => ends.push(resolve));
    }),
  );
  assert.equal(sizes[0], 128 * 1024);
  assert.equal(sizes[127], 64 * 1024);
  assert.equal(sizes.at(-1), 16 * 1024);
  for (const end of ends) end();
  await Promise.all(running);
  await streams.run(async () => assert.equal(streams.chunkBytes, 128 * 1024));
});
