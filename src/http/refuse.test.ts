/** `refuse` of send.ts: answers on connections that have no usable request. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { errorPlan, problemPlan } from './errors.ts';
import { tick, Wire } from './fixtures.ts';
import { refuse } from './send.ts';

const LINGER_MS = 1000;
const LINGER_BYTES = 1024 * 1024;

/** A refused connection, with the clock in the test's hand. */
async function refused(t: TestContext, plan = errorPlan('overloaded', ['Retry-After', '1'])): Promise<Wire> {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.UTC(2024, 0, 2, 3, 4, 5) });
  const wire = new Wire({ allowHalfOpen: true });
  t.after(async () => {
    wire.destroy();
    // Its close stops its timer, which must be that of this test.
    await tick();
  });
  refuse(wire, plan, ['X-Common', '1']);
  await tick();
  return wire;
}

test('the whole answer, byte for byte', async (t) => {
  const wire = await refused(t);
  const expected = [
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Length: 24',
    'Cache-Control: no-store',
    'Retry-After: 1',
    'X-Common: 1',
    'Connection: close',
    'Date: Tue, 02 Jan 2024 03:04:05 GMT',
    '',
    '503 Service Unavailable\n',
  ];
  assert.equal(wire.text, expected.join('\r\n'));
  assert.ok(wire.writableEnded);
});

test('problem details are answered too', async (t) => {
  const plan = problemPlan('content_too_large', { detail: 'at most 9 bytes' });
  const { text } = await refused(t, plan);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 413 .*\r\nContent-Type: application\/problem\+json\r\n/);
  assert.match(head, new RegExp(`Content-Length: ${body.length}\\r`));
  assert.equal(JSON.parse(body).detail, 'at most 9 bytes');
});

describe('the connection goes on reading for a moment', () => {
  test('and ends after it', async (t) => {
    const wire = await refused(t);
    wire.push('more');
    t.mock.timers.tick(LINGER_MS - 1);
    await tick();
    assert.ok(!wire.destroyed);
    t.mock.timers.tick(1);
    assert.ok(wire.destroyed);
  });

  test('or as soon as the client ends', async (t) => {
    const wire = await refused(t);
    wire.push(null);
    await tick();
    assert.ok(wire.destroyed);
  });

  test('and without hearing a client that says too much', async (t) => {
    const wire = await refused(t);
    wire.push(Buffer.alloc(LINGER_BYTES));
    await tick();
    assert.ok(!wire.isPaused());
    wire.push('x');
    await tick();
    assert.ok(wire.isPaused() && !wire.destroyed);
    t.mock.timers.tick(LINGER_MS);
    assert.ok(wire.destroyed);
  });

  test('or with an error, which disturbs nobody', async (t) => {
    const wire = await refused(t);
    wire.emit('error', new Error('ECONNRESET'));
    assert.ok(wire.destroyed);
  });
});

test('nothing is said on a connection that is over', async () => {
  const destroyed = new Wire();
  destroyed.destroy();
  const ended = new Wire();
  ended.end();
  for (const wire of [destroyed, ended]) {
    refuse(wire, errorPlan('bad_request'), []);
    await tick();
    assert.equal(wire.text, '');
  }
  ended.destroy();
});
