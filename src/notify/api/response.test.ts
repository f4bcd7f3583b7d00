import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Plan } from '../../http/types.ts';
import { deliveredPart } from '../channels/partial-delivery.ts';
import type { ChannelProgress } from '../queue/envelope.ts';
import { fieldProblem, notifyProblem } from './problem.ts';
import { messageStateOf, notifyProblemPlan, sentPlan, statusPlan } from './response.ts';

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const good: ChannelProgress = {
  kind: 'delivered',
  channel: 'a',
  attempts: 1,
  atMs,
  providerId: 'p1',
  note: '张三 left out',
};
const bad: ChannelProgress = {
  kind: 'failed',
  channel: 'b',
  attempts: 2,
  atMs,
  reason: 'no such number',
  done: [deliveredPart('1')],
};
const retrying: ChannelProgress = {
  kind: 'pending',
  channel: 'c',
  attempts: 1,
  nextMs: atMs + 1500,
  done: [deliveredPart('1')],
  reason: 'busy',
};
const waiting: ChannelProgress = { kind: 'pending', channel: 'd', attempts: 0, nextMs: atMs, done: [] };

function bodyOf({ body, headers }: Plan): unknown {
  assert.equal(body.kind, 'bytes');
  assert.equal(headers[headers.indexOf('Content-Length') + 1], String(body.bytes.length));
  return JSON.parse(Buffer.from(body.bytes).toString('utf8'));
}

describe('status', () => {
  const cases: readonly [progress: readonly ChannelProgress[], state: string, status: number][] = [
    [[good], 'delivered', 200],
    [[good, good], 'delivered', 200],
    [[waiting], 'pending', 202],
    [[good, retrying], 'pending', 202],
    [[bad, waiting], 'pending', 202],
    [[good, bad], 'partial', 207],
    [[bad], 'failed', 502],
    [[bad, bad], 'failed', 502],
  ];
  for (const [progress, state, status] of cases) {
    test(`${progress.map(({ kind }) => kind).join(' and ')}: ${status}`, () => {
      assert.equal(messageStateOf(progress), state);
      assert.equal(sentPlan({ id: 'i', progress }, false).status, status);
      assert.equal(statusPlan({ id: 'i', progress }).status, 200);
    });
  }
});

test('the body tells every channel, and nothing of what is kept inside', () => {
  const plan = sentPlan({ id: 'i1', progress: [good, bad, retrying, waiting] }, true);
  assert.deepEqual(bodyOf(plan), {
    id: 'i1',
    status: 'pending',
    repeated: true,
    channels: [
      {
        channel: 'a',
        status: 'delivered',
        attempts: 1,
        at: '2026-01-02T03:04:05.000Z',
        providerId: 'p1',
        note: '张三 left out',
      },
      {
        channel: 'b',
        status: 'failed',
        attempts: 2,
        at: '2026-01-02T03:04:05.000Z',
        reason: 'no such number',
      },
      {
        channel: 'c',
        status: 'retrying',
        attempts: 1,
        nextAttempt: '2026-01-02T03:04:06.500Z',
        reason: 'busy',
      },
      { channel: 'd', status: 'waiting', attempts: 0 },
    ],
  });
  assert.equal(plan.headers[plan.headers.indexOf('Cache-Control') + 1], 'no-store');
});

test('the location of a message holds behind a proxy that strips a prefix', () => {
  const { headers } = sentPlan({ id: 'i1', progress: [good] }, false);
  const location = headers[headers.indexOf('Location') + 1] ?? '';
  for (const prefix of ['', '/tools/mote']) {
    const { pathname } = new URL(location, `https://x.example${prefix}/notify?a=b`);
    assert.equal(pathname, `${prefix}/notify/i1`);
  }
});

test('a refusal is problem details with the code of the catalogue', () => {
  const plan = notifyProblemPlan(notifyProblem('too_many_requests', 'Wait.', ['Retry-After', '7']));
  assert.equal(plan.status, 429);
  assert.equal(plan.headers[plan.headers.indexOf('Retry-After') + 1], '7');
  assert.equal(plan.headers[plan.headers.indexOf('Content-Type') + 1], 'application/problem+json');
  assert.deepEqual(bodyOf(plan), {
    type: '/errors#too_many_requests',
    title: 'Too Many Requests',
    status: 429,
    code: 'too_many_requests',
    detail: 'Wait.',
  });
});

test('wrong fields are listed', () => {
  const errors = [{ field: 'url', detail: 'must be a URL' }];
  assert.deepEqual(bodyOf(notifyProblemPlan(fieldProblem('unprocessable_content', errors))), {
    type: '/errors#unprocessable_content',
    title: 'Unprocessable Content',
    status: 422,
    code: 'unprocessable_content',
    detail: 'url: must be a URL',
    errors,
  });
});
