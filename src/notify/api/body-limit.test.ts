import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Plan, RequestFacts } from '../../http/types.ts';
import { failure, success } from '../../util/result.ts';
import { createBodyLimits, MAX_LARGE_BODIES_BYTES } from './body-limit.ts';
import { MAX_MESSAGE_BODY_BYTES } from './effort.ts';
import { notifyProblem } from './problem.ts';
import { notifyProblemPlan } from './response.ts';

const USUAL_BYTES = 64 * 1024;
const GOOD = 'good';
const grant = { user: { name: 'ann', tokenHashes: [], channels: [], limit: { burst: 1, perMinute: 1 } } };
const notifier = {
  isToken: (text: string) => text === GOOD,
  identify: ({ token }: { readonly token: string | undefined }) =>
    token === GOOD
      ? success({ ...grant, take: () => success(undefined) })
      : failure(notifyProblem('unauthorized', 'Unknown.')),
};
const factsOf = (bytes: number | undefined) =>
  ({ headers: bytes === undefined ? {} : { 'content-length': String(bytes) } }) as unknown as RequestFacts;
const open = (token: string | undefined = GOOD, usualBytes = USUAL_BYTES) =>
  createBodyLimits({
    usualBytes,
    notifier,
    headReaders: [() => undefined, () => ({ token, problemPlan: notifyProblemPlan })],
  });

describe('how large a body may be', () => {
  const cases: readonly [name: string, token: string | undefined, bytes: number | undefined, max?: number][] =
    [
      ['a small one needs no room', GOOD, USUAL_BYTES],
      ['a large one', GOOD, USUAL_BYTES + 1, MAX_MESSAGE_BODY_BYTES],
      ['one without a length', GOOD, undefined, MAX_MESSAGE_BODY_BYTES],
      ['one that is too large', GOOD, 1e12, MAX_MESSAGE_BODY_BYTES],
      ['a large one with a wrong token', 'wrong', USUAL_BYTES + 1, USUAL_BYTES],
      ['one without a length, with a wrong token', 'wrong', undefined, USUAL_BYTES],
      ['a large one with an empty token', '', USUAL_BYTES + 1, USUAL_BYTES],
    ];
  for (const [name, token, bytes, max] of cases) {
    test(name, () => assert.equal(open(token)(factsOf(bytes))?.maxBytes, max));
  }

  test('the operator may allow more to everybody', () => {
    const max = 5 * MAX_LARGE_BODIES_BYTES;
    for (const token of [GOOD, 'wrong']) assert.equal(open(token, max)(factsOf(undefined))?.maxBytes, max);
  });

  test('a request that nobody recognises has no room', () => {
    const rooms = createBodyLimits({ usualBytes: USUAL_BYTES, notifier, headReaders: [() => undefined] });
    assert.equal(rooms(factsOf(undefined)), undefined);
  });
});

describe('the response to a larger body', () => {
  const detailOf = (plan: Plan | undefined) =>
    plan?.body.kind === 'bytes' ? JSON.parse(String(Buffer.from(plan.body.bytes))).detail : undefined;
  const cases: readonly [name: string, token: string | undefined, status: number, detail: RegExp][] = [
    ['a good token', GOOD, 413, /more than 4194304 bytes: send less\.$/],
    ['a wrong token', 'wrong', 401, /Unknown/],
  ];
  for (const [name, token, status, detail] of cases) {
    test(name, () => {
      const plan = open(token)(factsOf(1e12))?.refuse();
      assert.equal(plan?.status, status);
      assert.match(detailOf(plan), detail);
    });
  }

  test('no token: it may be in the body', () => {
    const headReaders = [() => ({ token: undefined, problemPlan: notifyProblemPlan })];
    const plan = createBodyLimits({ usualBytes: USUAL_BYTES, notifier, headReaders })(
      factsOf(1e12),
    )?.refuse();
    assert.equal(plan?.status, 413);
    assert.match(detailOf(plan), /more than 65536 bytes: send less; with the token in a header field/);
  });
});

test('the room of all requests is limited, until they give it back, once', () => {
  const room = open();
  const rooms = Array.from({ length: 2 }, () => room(factsOf(undefined)));
  assert.equal(2 * MAX_MESSAGE_BODY_BYTES, MAX_LARGE_BODIES_BYTES);
  const crowded = () => room(factsOf(USUAL_BYTES + 1));
  assert.deepEqual([crowded()?.maxBytes, crowded()?.refuse().status], [USUAL_BYTES, 503]);
  assert.equal(room(factsOf(USUAL_BYTES)), undefined);
  for (let i = 0; i < 3; i++) rooms[0]?.release();
  assert.equal(room(factsOf(MAX_MESSAGE_BODY_BYTES))?.maxBytes, MAX_MESSAGE_BODY_BYTES);
  assert.equal(crowded()?.refuse().status, 503);
});

describe('what may be signed', () => {
  const roomOf = (token?: string) =>
    createBodyLimits({
      usualBytes: USUAL_BYTES,
      notifier,
      headReaders: [() => ({ token, maybeSigned: true, problemPlan: notifyProblemPlan })],
    });
  const max = MAX_MESSAGE_BODY_BYTES / 4;

  test('has some room without a token', () => {
    for (const token of [undefined, 'wrong']) {
      for (const bytes of [USUAL_BYTES + 1, undefined, 1e12])
        assert.equal(roomOf(token)(factsOf(bytes))?.maxBytes, max);
    }
    assert.equal(roomOf()(factsOf(1e12))?.refuse().status, 413);
    assert.equal(roomOf(GOOD)(factsOf(undefined))?.maxBytes, MAX_MESSAGE_BODY_BYTES);
  });

  test('takes nothing from who has a token', () => {
    let token: string | undefined;
    const room = createBodyLimits({
      usualBytes: USUAL_BYTES,
      notifier,
      headReaders: [() => ({ token, maybeSigned: true, problemPlan: notifyProblemPlan })],
    });
    const taken = [1, 2].map(() => room(factsOf(undefined)));
    assert.deepEqual(
      taken.map((one) => one?.maxBytes),
      [max, max],
    );
    const crowded = room(factsOf(undefined));
    assert.deepEqual([crowded?.maxBytes, crowded?.refuse().status], [USUAL_BYTES, 503]);
    token = GOOD;
    assert.equal(room(factsOf(undefined))?.maxBytes, MAX_MESSAGE_BODY_BYTES);
    token = undefined;
    taken[0]?.release();
    assert.equal(room(factsOf(max))?.maxBytes, max);
  });
});

test('one that is refused whatever happens takes no room from others', () => {
  const room = open();
  for (let count = 0; count < 3; count++) assert.equal(room(factsOf(1e12))?.refuse().status, 413);
  assert.equal(room(factsOf(MAX_MESSAGE_BODY_BYTES))?.maxBytes, MAX_MESSAGE_BODY_BYTES);
});
