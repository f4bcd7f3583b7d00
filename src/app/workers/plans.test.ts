import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorPlan, HttpError } from '../../http/errors.ts';
import { htmlPlan, jsonPlan, noContentPlan } from '../../http/reply.ts';
import type { Plan, RequestFacts } from '../../http/types.ts';
import type { Parcel } from './link.ts';
import { packError, packFacts, packPlan, unpackFacts, unpackPlan } from './plans.ts';

const NONE = new Uint8Array(0);

/** As it comes out at the other end of a link. */
function sent({ data, body = NONE }: Parcel): [data: unknown, body: Uint8Array] {
  return [JSON.parse(JSON.stringify(data)), body];
}

describe('requests', () => {
  const facts: RequestFacts = {
    method: 'POST',
    target: '/notify?x=1',
    path: '/notify',
    query: '?x=1',
    headers: { host: 'h', 'x-latin': '\u00e9', absent: undefined },
    client: '::1',
  };
  const { absent: _, ...headers } = facts.headers;

  test('without a body', () => {
    assert.deepEqual(unpackFacts(...sent(packFacts({ ...facts, isGone: () => true }))), {
      ...facts,
      headers,
    });
  });

  test('with one, which may be empty', () => {
    for (const body of [Buffer.from([0, 255]), NONE])
      assert.deepEqual(unpackFacts(...sent(packFacts({ ...facts, body }))), { ...facts, headers, body });
  });
});

describe('plans', () => {
  const plans: readonly (readonly [name: string, plan: Plan])[] = [
    ['text', errorPlan('unauthorized', ['WWW-Authenticate', 'Bearer'])],
    ['bytes', jsonPlan(200, { text: '满了' })],
    ['nothing', noContentPlan(['Allow', 'GET'])],
    ['one that closes', errorPlan('content_too_large')],
    ['one with headers of its own', { ...htmlPlan(200, '<p>'), overridesDefaults: true }],
  ];
  for (const [name, plan] of plans) {
    test(name, () => assert.deepEqual(unpackPlan(...sent(packPlan(plan))), plan));
  }

  test('none', () => assert.equal(unpackPlan(...sent(packPlan(undefined))), undefined));

  test('an error of the catalogue is thrown as it was', () => {
    const error = new HttpError('unavailable', ['Retry-After', '5']);
    assert.throws(() => unpackPlan(...sent(packError(error))), {
      code: 'unavailable',
      headers: error.headers,
    });
  });
});
