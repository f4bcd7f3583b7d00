import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../types.ts';
import { HeadMemo } from './memo.ts';
import { Prepared, PreparedResponses } from './prepared.ts';
import { HttpClock } from './response.ts';

const common = ['X-Common', 'a'];
const START_MS = Date.UTC(2026, 10, 28, 9, 0, 0);

function reuse(isGone = false) {
  return { isGone, isFresh: () => !isGone };
}

function planOf(text: string, isGone = false): Plan & { readonly reuse: { isGone: boolean } } {
  return { status: 200, headers: [], body: { kind: 'text', text }, reuse: reuse(isGone) };
}

function headAt(ms: number): string {
  return `HTTP/1.1 200 OK\r\n${new HttpClock().dateLine(ms)}\r\n`;
}

function prepare(plan: ReturnType<typeof planOf>): Prepared {
  return new Prepared(plan, plan.reuse as ReturnType<typeof reuse>, headAt(START_MS), common);
}

test('the date is that of the response', () => {
  const clock = new HttpClock();
  const prepared = prepare(planOf('hello'));
  for (const ms of [0, 999, 1000, 86_400_000]) {
    const head = headAt(START_MS + ms);
    assert.equal(prepared.withText(clock, START_MS + ms).toString('latin1'), `${head}hello`);
    assert.equal(prepared.head(clock, START_MS + ms).toString('latin1'), head);
  }
});

test('bytes that were left to a write do not change any more', () => {
  const clock = new HttpClock();
  const prepared = prepare(planOf('hello'));
  const left = prepared.withText(clock, START_MS);
  prepared.leaveBytes();
  const next = prepared.withText(clock, START_MS + 1000);
  assert.equal(left.toString('latin1'), `${headAt(START_MS)}hello`);
  assert.equal(next.toString('latin1'), `${headAt(START_MS + 1000)}hello`);
  assert.equal(prepared.head(clock, START_MS + 2000).toString('latin1'), headAt(START_MS + 2000));
});

test('a response is found by its plan and its common headers', () => {
  const responses = new PreparedResponses();
  const plan = planOf('hello');
  const prepared = prepare(plan);
  assert.equal(responses.isKnown(plan), false);
  assert.equal(responses.isKnown(plan), true);
  assert.equal(responses.get(plan, common), undefined);
  responses.add(plan, prepared);
  responses.add(plan, prepare(plan));
  assert.equal(responses.get(plan, common), prepared);
  assert.equal(responses.get(plan, [...common]), undefined);
  assert.equal(responses.get(planOf('hello'), common), undefined);
});

test('what cannot be repeated any more is dropped', () => {
  const responses = new PreparedResponses();
  const plans = [planOf('a'), planOf('b', true)];
  for (const plan of plans) responses.add(plan, prepare(plan));
  responses.sweep();
  assert.deepEqual(
    plans.map((plan) => responses.get(plan, common) !== undefined),
    [true, false],
  );
});

test('all responses together are bounded in bytes', () => {
  const responses = new PreparedResponses();
  const plans = Array.from({ length: 300 }, () => planOf('x'.repeat(16_000)));
  for (const plan of plans) responses.add(plan, prepare(plan));
  const kept = plans.filter((plan) => responses.get(plan, common));
  assert.ok(kept.length > 100 && kept.length * 16_000 < 2 * 1024 * 1024, `${kept.length} are kept`);
  assert.ok(responses.get(plans.at(-1) as Plan, common));
});

test('a head keeps its response until that cannot be repeated', () => {
  const memo = new HeadMemo();
  const text = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
  memo.add(text, {
    kind: 'head',
    length: text.length,
    head: {
      method: 'GET',
      target: '/a',
      path: '/a',
      query: '',
      version: '1.1',
      headers: { host: 'a' },
      framing: { kind: 'none' },
      isPersistent: true,
      expectsContinue: false,
    },
  });
  const known = memo.get(text);
  assert.ok(known);
  const plan = planOf('hello');
  known.prepared = prepare(plan);
  memo.sweep();
  assert.ok(memo.get(text)?.prepared);
  plan.reuse.isGone = true;
  memo.sweep();
  assert.equal(memo.get(text)?.prepared, undefined);
  assert.equal(memo.get(text), known);
});
