import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import {
  BATCH_BYTES,
  BATCH_DELAY_MS,
  createLineSink,
  FLUSH_TIMEOUT_MS,
  FULL_DISK_PAUSE_MS,
  type LineStream,
  MAX_QUEUED_BYTES,
} from './line-sink.ts';

const describeDropped = (count: number): string => `${count} lost`;

/** A stream that takes everything and keeps what its reader has not read in `writableLength`. */
class SlowStream implements LineStream {
  text = '';
  writes = 0;
  writableLength = 0;
  stalled = false;
  throwing: Error | undefined;
  #onError: (error: NodeJS.ErrnoException) => void = () => assert.fail('nobody listens for errors');

  write(chunk: string): boolean {
    if (this.throwing) throw this.throwing;
    this.text += chunk;
    this.writes += 1;
    if (this.stalled) this.writableLength += chunk.length;
    return !this.stalled;
  }

  on(_event: 'error', listener: (error: NodeJS.ErrnoException) => void): void {
    this.#onError = listener;
  }

  fail(code: string, errno?: number): void {
    this.#onError(Object.assign(new Error(code), { code, errno }));
  }
}

function setUp(t: TestContext, maxQueuedBytes?: number) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stream = new SlowStream();
  const options = maxQueuedBytes === undefined ? {} : { maxQueuedBytes };
  const sink = createLineSink(stream, { describeDropped, ...options });
  return { stream, sink, tick: (ms: number) => t.mock.timers.tick(ms) };
}

describe('batches', () => {
  test('lines wait and leave in one write', (t) => {
    const { stream, sink, tick } = setUp(t);
    sink.write('a');
    sink.write('b');
    tick(BATCH_DELAY_MS - 1);
    assert.equal(stream.text, '');
    tick(1);
    assert.equal(stream.text, 'a\nb\n');
    assert.equal(stream.writes, 1);
  });

  test('a full batch leaves at once', (t) => {
    const { stream, sink } = setUp(t);
    sink.write('x'.repeat(BATCH_BYTES - 2));
    assert.equal(stream.writes, 0);
    sink.write('');
    assert.equal(stream.text.length, BATCH_BYTES);
  });

  test('the next batch gets its own delay', (t) => {
    const { stream, sink, tick } = setUp(t);
    for (const line of ['a', 'b']) {
      sink.write(line);
      tick(BATCH_DELAY_MS);
    }
    assert.equal(stream.text, 'a\nb\n');
  });
});

test('lines of another process go out with the own ones, and are counted where there is no room', (t) => {
  const { stream, sink, tick } = setUp(t, 20);
  sink.write('own');
  sink.writeLines('one\ntwo\n');
  tick(BATCH_DELAY_MS);
  assert.equal(stream.text, 'own\none\ntwo\n');
  sink.writeLines(`${'x'.repeat(20)}\ny\nz\n`);
  assert.equal(sink.droppedLines, 3);
});

describe('a slow reader', () => {
  test('never makes more than the limit wait', (t) => {
    const { stream, sink, tick } = setUp(t);
    stream.stalled = true;
    for (let i = 0; i < 20_000; i++) sink.write('x'.repeat(99));
    tick(BATCH_DELAY_MS);
    assert.ok(stream.writableLength <= MAX_QUEUED_BYTES);
    assert.equal(sink.droppedLines, 20_000 - stream.writableLength / 100);
  });

  test('gets one notice when half of the room is free again, before the next line', (t) => {
    const { stream, sink, tick } = setUp(t, 100);
    stream.stalled = true;
    sink.write('x'.repeat(89));
    for (let i = 0; i < 3; i++) sink.write('y'.repeat(19));
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text, `${'x'.repeat(89)}\n`);
    stream.writableLength = 40;
    sink.write('too long for half of the room');
    stream.writableLength = 0;
    sink.write('z');
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text.slice(90), '4 lost\nz\n');
    assert.equal(sink.droppedLines, 4);
  });

  test('gets the notice even if no line follows', (t) => {
    const { stream, sink, tick } = setUp(t, 10);
    sink.write('longer than ten');
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text, '1 lost\n');
  });

  test('holds up a flush for its time limit and no longer', async () => {
    const stream = new SlowStream();
    stream.stalled = true;
    const sink = createLineSink(stream, { describeDropped });
    sink.write('a');
    const started = performance.now();
    await sink.flush(40);
    const elapsed = performance.now() - started;
    assert.equal(stream.text, 'a\n');
    assert.ok(elapsed >= 30 && elapsed < 40 + FLUSH_TIMEOUT_MS, `${elapsed} ms`);
  });
});

describe('errors of the stream', () => {
  for (const code of ['EPIPE', 'EBADF', 'ERR_STREAM_DESTROYED']) {
    test(`${code} stops the log`, (t) => {
      const { stream, sink, tick } = setUp(t);
      sink.write('a');
      tick(BATCH_DELAY_MS);
      stream.fail(code);
      sink.write('b');
      tick(FULL_DISK_PAUSE_MS * 2);
      assert.equal(stream.text, 'a\n');
      assert.equal(sink.droppedLines, 2);
    });
  }

  test('a full disk pauses the log, which then says what is missing', (t) => {
    const { stream, sink, tick } = setUp(t);
    sink.write('a');
    tick(BATCH_DELAY_MS);
    sink.write('b');
    stream.fail('ENOSPC');
    stream.fail('ENOSPC');
    sink.write('c');
    tick(FULL_DISK_PAUSE_MS - 1);
    assert.equal(stream.text, 'a\n');
    tick(1);
    sink.write('d');
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text, 'a\n3 lost\nd\n');
  });

  test('so does a quota that is used up, for which Node has no name', (t) => {
    const { stream, sink, tick } = setUp(t);
    stream.fail('Unknown system error -122', -122);
    tick(FULL_DISK_PAUSE_MS);
    sink.write('a');
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text, 'a\n');
  });

  test('a reader that leaves during the pause stops the log', (t) => {
    const { stream, sink, tick } = setUp(t);
    stream.fail('ENOSPC');
    stream.fail('EPIPE');
    tick(FULL_DISK_PAUSE_MS);
    sink.write('a');
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text, '');
  });

  test('a stream that throws does not take its writer along', (t) => {
    const { stream, sink } = setUp(t);
    stream.throwing = new Error('closed');
    sink.write('x'.repeat(BATCH_BYTES));
    assert.equal(sink.droppedLines, 1);
  });

  test('a real stream that fails neither throws nor leaves an unhandled error', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('gone')) });
    const sink = createLineSink(broken, { describeDropped });
    sink.write('a');
    await sink.flush();
    await new Promise((resolve) => setImmediate(resolve));
    sink.write('b');
    await sink.flush();
    assert.equal(sink.droppedLines, 2);
  });
});

test('flush waits for a real stream', async () => {
  let written = '';
  const slow = new Writable({
    write(chunk, _encoding, done) {
      setTimeout(() => {
        written += chunk;
        done();
      }, 25);
    },
  });
  const sink = createLineSink(slow, { describeDropped });
  sink.write('a');
  await sink.flush();
  assert.equal(written, 'a\n');
});
