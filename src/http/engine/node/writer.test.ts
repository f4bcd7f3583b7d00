import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { errorPlan } from '../../errors.ts';
import { tick, until, Wire } from '../../fixtures.ts';
import type { SendProgress } from '../../send.ts';
import type { ByteSource, HeaderList, Plan } from '../../types.ts';
import { send } from './writer.ts';

const CHUNK_BYTES = 128 * 1024;

/** A source that keeps book of what is done to it. */
class Ledger implements ByteSource {
  readonly content: Buffer;
  reads: { readonly position: number; readonly length: number }[] = [];
  closes = 0;
  onRead: (position: number) => void | Promise<void> = () => undefined;

  constructor(content: string | Buffer) {
    this.content = Buffer.from(content);
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    assert.equal(this.closes, 0, 'read after the close');
    this.reads.push({ position, length: target.length });
    await this.onRead(position);
    return this.content.copy(target, 0, Math.min(position, this.content.length));
  }

  async close(): Promise<void> {
    this.closes += 1;
  }
}

const whole = (source: Ledger, size = source.content.length): Plan => ({
  status: 200,
  headers: ['Content-Length', String(size)],
  body: { kind: 'source', source, pieces: [{ start: 0, end: size - 1 }] },
});

/** A response on `wire`, as node:http makes it for a request in HTTP/1.1. */
function respond(t: TestContext, method = 'GET') {
  const wire = new Wire({ highWaterMark: 1 });
  wire.on('error', () => undefined);
  t.after(() => wire.destroy());
  const req = Object.assign(new IncomingMessage(new Socket()), { method });
  Object.assign(req, { httpVersionMajor: 1, httpVersionMinor: 1 });
  const res = new ServerResponse(req);
  res.assignSocket(wire as unknown as Socket);
  const progress: SendProgress = { bodyBytes: 0 };
  const begin = (plan: Plan, common: HeaderList = []) => send(res, method, plan, common, progress);
  return { wire, res, progress, begin };
}

describe('a plan on the wire', () => {
  const bytes = Buffer.from([0, 10, 13, 128, 255]);
  const bodies: readonly (readonly [name: string, plan: Plan, expected: Buffer])[] = [
    ['none', { status: 200, headers: ['Content-Length', '0'], body: { kind: 'none' } }, Buffer.alloc(0)],
    [
      'text, one byte for each character',
      {
        status: 200,
        headers: ['Content-Length', '5'],
        body: { kind: 'text', text: bytes.toString('latin1') },
      },
      bytes,
    ],
    ['bytes', { status: 200, headers: ['Content-Length', '5'], body: { kind: 'bytes', bytes } }, bytes],
    ['a source', whole(new Ledger(bytes)), bytes],
  ];
  for (const [name, plan, expected] of bodies) {
    for (const method of ['GET', 'HEAD']) {
      test(`${method}, ${name}`, async (t) => {
        const { wire, res, progress, begin } = respond(t, method);
        begin(plan, ['X-Common', '1']);
        await until(() => res.writableFinished, 'finished');
        const [head] = wire.text.split('\r\n\r\n');
        const length = plan.headers[1];
        assert.match(
          head ?? '',
          new RegExp(`^HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nX-Common: 1\r\nDate: `),
        );
        assert.deepEqual(wire.body, method === 'HEAD' ? Buffer.alloc(0) : expected);
        assert.deepEqual(progress, { bodyBytes: wire.body.length });
      });
    }
  }

  test('fields of the same name stay apart, in their order', async (t) => {
    const { wire, res, begin } = respond(t);
    begin({ status: 204, headers: ['Vary', 'a', 'X', '1'], body: { kind: 'none' } }, ['Vary', 'b']);
    await until(() => res.writableFinished, 'finished');
    assert.match(wire.text, /^HTTP\/1.1 204 No Content\r\nVary: a\r\nX: 1\r\nVary: b\r\n/);
  });

  test('a plan that overrides the common ones replaces those of its names, in any case', async (t) => {
    const { wire, res, begin } = respond(t);
    const plan = { status: 204, headers: ['X-A', 'plan'], body: { kind: 'none' } } as const;
    begin({ ...plan, overridesDefaults: true }, ['x-a', 'common', 'X-B', 'common', 'X-A', 'again']);
    await until(() => res.writableFinished, 'finished');
    assert.match(wire.text, /^HTTP\/1.1 204 No Content\r\nX-A: plan\r\nX-B: common\r\nDate: /);
  });

  test('a plan that closes says so', async (t) => {
    const { wire, res, begin } = respond(t);
    begin(errorPlan('bad_request'));
    await until(() => res.writableFinished, 'finished');
    assert.match(wire.text, /\r\nConnection: close\r\n/);
  });

  test('text leaves together with its headers in one write', (t) => {
    const { wire, begin } = respond(t);
    const write = t.mock.method(wire, '_write');
    begin({ status: 200, headers: ['Content-Length', '2'], body: { kind: 'text', text: 'hi' } });
    assert.equal(write.mock.callCount(), 1);
  });

  test('pieces in their order, prepared bytes and spans', async (t) => {
    const { wire, res, progress, begin } = respond(t);
    const source = new Ledger('0123456789');
    const pieces = [
      Buffer.from('<'),
      { start: 7, end: 9 },
      Buffer.from('|'),
      { start: 0, end: 0 },
      Buffer.from('>'),
    ];
    begin({ status: 206, headers: ['Content-Length', '7'], body: { kind: 'source', source, pieces } });
    await until(() => res.writableFinished, 'finished');
    assert.equal(wire.body.toString(), '<789|0>');
    assert.equal(progress.bodyBytes, 7);
    assert.equal(source.closes, 1);
  });

  test('a source that gives less than asked is asked again', async (t) => {
    const { wire, res, begin } = respond(t);
    const source = new Ledger('0123456789');
    source.read = async (target, position) => source.content.copy(target, 0, position, position + 3);
    begin(whole(source));
    await until(() => res.writableFinished, 'finished');
    assert.equal(wire.body.toString(), '0123456789');
  });

  test('a source that has grown ends where it was promised to', async (t) => {
    const { wire, res, begin } = respond(t);
    const source = new Ledger('0123456789');
    begin(whole(source, 4));
    await until(() => res.writableFinished, 'finished');
    assert.equal(wire.body.toString(), '0123');
  });
});

describe('back-pressure', () => {
  const content = Buffer.from(Array.from({ length: 3 * CHUNK_BYTES + 5 }, (_, index) => index % 251));

  test('nothing more is read before the client has taken what was read', async (t) => {
    const { wire, res, begin } = respond(t);
    const source = new Ledger(content);
    source.onRead = (position) => {
      if (position > 0) assert.equal(wire.body.length, position, 'all that was read before is taken');
    };
    wire.hold();
    begin(whole(source));
    // Once for the header section, which waits by itself.
    for (let chunk = 0; chunk <= 4; chunk++) {
      const before = source.reads.length;
      for (let i = 0; i < 5; i++) await tick();
      assert.ok(source.reads.length <= Math.max(before, chunk), 'at rest while the client takes nothing');
      assert.ok(res.writableLength <= CHUNK_BYTES + 1024, `${res.writableLength} bytes wait`);
      wire.release(true);
      await tick();
    }
    wire.release(false);
    await until(() => res.writableFinished, 'finished');
    assert.ok(wire.body.equals(content));
    assert.deepEqual(
      source.reads.map(({ length }) => length),
      [CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES, 5],
    );
    assert.equal(source.closes, 1);
  });

  test('a chunk is no larger than the longest piece', async (t) => {
    const { res, begin } = respond(t);
    const source = new Ledger(content);
    const lengths: number[] = [];
    source.read = async (target, position) => {
      lengths.push(target.buffer.byteLength);
      return source.content.copy(target, 0, position);
    };
    const pieces = [
      { start: 0, end: 9 },
      { start: 100, end: 299 },
    ];
    begin({ status: 206, headers: ['Content-Length', '210'], body: { kind: 'source', source, pieces } });
    await until(() => res.writableFinished, 'finished');
    assert.deepEqual(lengths, [200, 200]);
  });
});

describe('an answer that cannot be finished', () => {
  test('a source that ends early: the connection is cut, and the fault says where', async (t) => {
    const { wire, res, progress, begin } = respond(t);
    const source = new Ledger('0123');
    begin(whole(source, 10));
    await until(() => source.closes === 1, 'closed');
    assert.ok(wire.destroyed && res.destroyed);
    assert.equal(wire.body.toString(), '0123');
    assert.deepEqual(progress, { bodyBytes: 4, fault: 'the file ended at byte 4, 10 were promised' });
  });

  test('a source that cannot be read: the same', async (t) => {
    const { wire, progress, begin } = respond(t);
    const source = new Ledger('0123');
    source.onRead = () => {
      throw new Error('EIO: i/o error, read');
    };
    begin(whole(source));
    await until(() => source.closes === 1, 'closed');
    assert.ok(wire.destroyed);
    assert.deepEqual(progress, { bodyBytes: 0, fault: 'EIO: i/o error, read' });
  });

  const leaving: Readonly<Record<string, (wire: Wire) => void>> = {
    leaves: (wire) => void wire.destroy(),
    'resets the connection': (wire) => void wire.destroy(new Error('ECONNRESET')),
  };
  for (const [how, leave] of Object.entries(leaving)) {
    test(`a client that ${how} while a write waits is no fault`, async (t) => {
      const { wire, progress, begin } = respond(t);
      const source = new Ledger('0123');
      wire.hold();
      begin(whole(source));
      await until(() => source.reads.length === 1, 'read');
      await tick();
      leave(wire);
      await until(() => source.closes === 1, 'closed');
      assert.equal(progress.fault, undefined);
    });

    test(`a client that ${how} during a read is no fault`, async (t) => {
      const { wire, progress, begin } = respond(t);
      const source = new Ledger(Buffer.alloc(3 * CHUNK_BYTES));
      source.onRead = async (position) => {
        if (position === 0) return;
        leave(wire);
        await tick();
      };
      begin(whole(source));
      await until(() => source.closes === 1, 'closed');
      assert.equal(source.reads.length, 2);
      assert.deepEqual(progress, { bodyBytes: CHUNK_BYTES });
    });
  }

  test('a client that has left before: nothing is read', async (t) => {
    const { wire, res, begin } = respond(t);
    const source = new Ledger('0123');
    wire.destroy();
    await until(() => res.destroyed, 'destroyed');
    begin({
      ...whole(source),
      body: { kind: 'source', source, pieces: [Buffer.from('x'), { start: 0, end: 3 }] },
    });
    await until(() => source.closes === 1, 'closed');
    assert.deepEqual(source.reads, []);
  });

  test('HEAD closes its source unread', async (t) => {
    const { res, begin } = respond(t, 'HEAD');
    const source = new Ledger('0123');
    begin(whole(source));
    await until(() => source.closes === 1 && res.writableFinished, 'closed and finished');
    assert.deepEqual(source.reads, []);
  });

  test('a source that cannot be closed disturbs nobody', async (t) => {
    const { res, progress, begin } = respond(t);
    const source = new Ledger('0123');
    source.close = async () => {
      throw new Error('EIO');
    };
    begin(whole(source));
    await until(() => res.writableFinished, 'finished');
    await tick();
    assert.deepEqual(progress, { bodyBytes: 4 });
  });

  test('a header section that cannot be sent closes the source too', async (t) => {
    const { begin } = respond(t);
    const source = new Ledger('0123');
    assert.throws(() => begin(whole(source), ['X-Bad', 'a\nb']));
    await tick();
    assert.equal(source.closes, 1);
  });
});
