import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ConnectionPool,
  IDLE_MARGIN_MS,
  IDLE_MS,
  idleMsOf,
  MAX_AGE_MS,
  MAX_IDLE_MS,
  MAX_KEPT_CONNECTIONS,
} from './connection-pool.ts';
import { HttpConnection } from './http-connection.ts';

const ORIGIN = 'http://a.example';

class Pretended extends HttpConnection {
  isDead = false;
  isHeld = true;

  constructor() {
    super({ on: () => undefined } as never);
  }

  override get isOpen(): boolean {
    return !this.isDead;
  }

  override hold(holds: boolean): void {
    this.isHeld = holds;
  }

  override destroy(): void {
    this.isDead = true;
  }
}

function scene() {
  const clock = { nowMs: 1000 };
  const pool = new ConnectionPool(() => clock.nowMs);
  const put = (idleMs = 1000, openedMs = clock.nowMs) => {
    const connection = new Pretended();
    pool.put(ORIGIN, { connection, openedMs }, idleMs);
    return connection;
  };
  return { clock, pool, put };
}

test('the one that was used last comes first, and only once', (t) => {
  const { pool, put } = scene();
  t.after(() => pool.close());
  const [first, second] = [put(), put()];
  assert.deepEqual([first.isHeld, second.isHeld], [false, false]);
  assert.equal(pool.take('http://b.example'), undefined);
  assert.equal(pool.take(ORIGIN)?.connection, second);
  assert.equal(pool.take(ORIGIN)?.connection, first);
  assert.equal(pool.take(ORIGIN), undefined);
  assert.deepEqual([first.isHeld, second.isHeld], [true, true]);
});

test('none that is closed, idle for too long, or too old', (t) => {
  const { clock, pool, put } = scene();
  t.after(() => pool.close());
  put().isDead = true;
  assert.equal(pool.take(ORIGIN), undefined);
  const idle = put(1000);
  clock.nowMs += 1000;
  assert.equal(pool.take(ORIGIN), undefined);
  assert.equal(idle.isDead, false);
  const old = put(1000, clock.nowMs - MAX_AGE_MS + 500);
  clock.nowMs += 499;
  assert.equal(pool.take(ORIGIN)?.connection, old);
  assert.equal(put(1000, clock.nowMs - MAX_AGE_MS).isDead, true);
  assert.equal(put(0).isDead, true);
});

test('the oldest makes room', (t) => {
  const { pool, put } = scene();
  t.after(() => pool.close());
  const all = Array.from({ length: MAX_KEPT_CONNECTIONS + 2 }, () => put());
  assert.deepEqual(
    all.map(({ isDead }) => isDead),
    [true, true, ...Array(MAX_KEPT_CONNECTIONS).fill(false)],
  );
});

test('what is idle for too long is closed by itself, and the rest later', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { clock, put } = scene();
  const pass = (ms: number) => {
    clock.nowMs += ms;
    t.mock.timers.tick(ms);
  };
  const first = put(1000);
  pass(400);
  const second = put(1000);
  pass(600);
  assert.deepEqual([first.isDead, second.isDead], [true, false]);
  pass(400);
  assert.equal(second.isDead, true);
  const third = put(1000);
  pass(1000);
  assert.equal(third.isDead, true);
});

test('after its end none is kept', () => {
  const { pool, put } = scene();
  const before = put();
  pool.close();
  assert.deepEqual([before.isDead, put().isDead], [true, true]);
});

describe('how long one is kept', () => {
  const cases: readonly (readonly [keepAlive: string | undefined, idleMs: number])[] = [
    [undefined, IDLE_MS],
    ['', IDLE_MS],
    ['timeout=5', 5000 - IDLE_MARGIN_MS],
    ['timeout=5, max=100', 5000 - IDLE_MARGIN_MS],
    ['max=100,timeout=5', 5000 - IDLE_MARGIN_MS],
    ['Timeout=2', 2000 - IDLE_MARGIN_MS],
    ['timeout=3600', MAX_IDLE_MS],
    ['timeout=1', 0],
    ['timeout=0', 0],
    ['timeout=5, max=0', 0],
    ['timeout=99999999999', IDLE_MS],
    ['timeout=x', IDLE_MS],
    ['xtimeout=9', IDLE_MS],
  ];
  for (const [keepAlive, idleMs] of cases) {
    test(String(keepAlive), () => assert.equal(idleMsOf(keepAlive), idleMs));
  }
});
