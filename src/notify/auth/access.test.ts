import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FORGIVEN_MS, FREE_FAILURES, MAX_ADDRESSES, MAX_PENALTY_MS } from '../../util/penalties.ts';
import { Access, type NotifyUser } from './access.ts';
import { hashToken } from './token.ts';

const ANN = 'token-of-ann-1';
const ANN_TOO = 'token-of-ann-2';
const BOB = 'token-of-bob-1';

function user(name: string, ...tokens: string[]): NotifyUser {
  return { name, tokenHashes: tokens.map(hashToken), channels: ['mail'], limit: { burst: 2, perMinute: 60 } };
}

/** Access for Ann and Bob, and a clock to set. */
function open() {
  const clock = { nowMs: 1_000_000 };
  const access = new Access([user('ann', ANN, ANN_TOO), user('bob', BOB)], () => clock.nowMs);
  return { access, clock };
}

/** The user, or the code and Retry-After of the refusal. */
function outcome(access: Access, token: string | undefined, client = '192.0.2.1'): string {
  const result = access.authenticate(token, client);
  if (result.ok) return result.value.user.name;
  const { code, headers } = result.error;
  const at = headers.indexOf('Retry-After');
  return at < 0 ? code : `${code} ${headers[at + 1]}`;
}

describe('tokens', () => {
  const { access } = open();
  const cases: readonly [name: string, token: string | undefined, expected: string][] = [
    ['the first of Ann', ANN, 'ann'],
    ['the second of Ann', ANN_TOO, 'ann'],
    ['of the last user', BOB, 'bob'],
    ['none', undefined, 'unauthorized'],
    ['empty', '', 'unauthorized'],
    ['another case', ANN.toUpperCase(), 'unauthorized'],
    ['the beginning of one', ANN.slice(0, -1), 'unauthorized'],
    ['the hash of one', Buffer.from(hashToken(ANN)).toString('hex'), 'unauthorized'],
    ['very long', 'x'.repeat(100_000), 'unauthorized'],
  ];
  for (const [index, [name, token, expected]] of cases.entries()) {
    test(name, () => assert.equal(outcome(access, token, `192.0.2.${index}`), expected));
  }

  test('without any, nobody gets in', () => {
    for (const users of [[], [user('ann')]]) {
      const closed = new Access(users, () => 0);
      assert.equal(closed.isEmpty, true);
      assert.deepEqual(
        [undefined, '', 'undefined', ANN].map((token) => outcome(closed, token)),
        Array(4).fill('unauthorized'),
      );
    }
    assert.equal(open().access.isEmpty, false);
  });

  const faulty: readonly [name: string, users: NotifyUser[], message: RegExp][] = [
    ['short', [{ ...user('ann'), tokenHashes: [new Uint8Array(31)] }], /ann is not 32 bytes/],
    ['empty', [{ ...user('ann'), tokenHashes: [new Uint8Array()] }], /ann is not 32 bytes/],
    ['of the empty token', [user('ann', '')], /ann is that of the empty token/],
    ['shared', [user('ann', ANN), user('bob', ANN)], /bob is there twice/],
  ];
  for (const [name, users, message] of faulty) {
    test(`a hash that is ${name} is refused at the start`, () => {
      assert.throws(() => new Access(users, () => 0), { name: 'Error', message });
    });
  }
});

describe('isToken', () => {
  const cases: readonly [name: string, token: string, expected: boolean][] = [
    ['a token', ANN, true],
    ['none', 'somebody-else', false],
    ['the empty one', '', false],
    ['a long one', ANN.repeat(100), false],
  ];
  for (const [name, token, expected] of cases) {
    test(name, () => assert.equal(open().access.isToken(token), expected));
  }

  test('counts nothing against anybody', () => {
    const { access } = open();
    for (let i = 0; i < 100; i++) access.isToken(`wrong-${i}`);
    assert.equal(outcome(access, ANN), 'ann');
  });
});

describe('the rate of a token', () => {
  const take = (access: Access, token: string): string => {
    const grant = access.authenticate(token, '');
    assert.ok(grant.ok);
    const taken = grant.value.take();
    assert.ok(!(taken instanceof Promise), 'nobody else is asked');
    return taken.ok ? 'taken' : `${taken.error.code} ${taken.error.headers[1]}`;
  };

  test('a burst, then as fast as it fills', () => {
    const { access, clock } = open();
    assert.deepEqual([take(access, ANN), take(access, ANN)], ['taken', 'taken']);
    assert.equal(take(access, ANN), 'too_many_requests 1');
    clock.nowMs += 999;
    assert.equal(take(access, ANN), 'too_many_requests 1');
    clock.nowMs += 1;
    assert.deepEqual([take(access, ANN), take(access, ANN)], ['taken', 'too_many_requests 1']);
  });

  test('each token has its own', () => {
    const { access } = open();
    for (const token of [ANN, ANN, ANN_TOO, ANN_TOO, BOB, BOB]) assert.equal(take(access, token), 'taken');
    for (const token of [ANN, ANN_TOO, BOB]) assert.equal(take(access, token), 'too_many_requests 1');
  });

  test('it never fills beyond the burst, nor by a clock set back', () => {
    const { access, clock } = open();
    clock.nowMs += 3_600_000;
    assert.deepEqual(
      [1, 2, 3].map(() => take(access, ANN)),
      ['taken', 'taken', 'too_many_requests 1'],
    );
    clock.nowMs -= 3_600_000;
    assert.equal(take(access, ANN), 'too_many_requests 1');
  });

  const useless: readonly [name: string, limit: NotifyUser['limit']][] = [
    ['no burst', { burst: 0.5, perMinute: 60 }],
    ['no refill', { burst: 1, perMinute: 0 }],
    ['less than nothing', { burst: 1, perMinute: -1 }],
    ['not a number', { burst: Number.NaN, perMinute: 60 }],
    ['endless', { burst: 1, perMinute: Number.POSITIVE_INFINITY }],
  ];
  for (const [name, limit] of useless) {
    test(`${name} is refused at the start`, () => {
      const message = /limit of ann/;
      assert.throws(() => new Access([{ ...user('ann', ANN), limit }], () => 0), {
        name: 'Error',
        message,
      });
    });
  }
});

describe('bad tokens slow their address down', () => {
  let guesses = 0;
  const fail = (access: Access, count: number, client?: string): string[] =>
    Array.from({ length: count }, () => outcome(access, `wrong ${guesses++}`, client));

  test('after some, for longer and longer, up to a limit', () => {
    const { access, clock } = open();
    assert.deepEqual(fail(access, FREE_FAILURES), Array(FREE_FAILURES).fill('unauthorized'));
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      assert.deepEqual(fail(access, 2), ['unauthorized', `too_many_requests ${seconds}`]);
      clock.nowMs += seconds * 1000;
    }
    assert.equal(MAX_PENALTY_MS, 60_000);
  });

  test('a good token is never refused, whatever came from its address', () => {
    const { access, clock } = open();
    for (let round = 0; round < 20; round++) {
      fail(access, FREE_FAILURES + 1);
      for (const token of [ANN, BOB]) assert.equal(outcome(access, token), token === ANN ? 'ann' : 'bob');
      clock.nowMs += 1000;
    }
  });

  test('the same bad token again is a mistake, not a guess', () => {
    const { access } = open();
    assert.deepEqual(
      Array.from({ length: 100 }, () => outcome(access, 'revoked-token')),
      Array(100).fill('unauthorized'),
    );
    assert.deepEqual(fail(access, FREE_FAILURES - 1), Array(FREE_FAILURES - 1).fill('unauthorized'));
    assert.equal(outcome(access, 'one-more-token'), 'unauthorized');
    assert.equal(outcome(access, 'revoked-token'), 'too_many_requests 1');
  });

  test('guessers need a connection for each guess', () => {
    const { access } = open();
    const ends = () => {
      const result = access.authenticate('wrong', '192.0.2.1');
      return !result.ok && result.error.endsConnection === true;
    };
    assert.equal(ends(), false);
    fail(access, FREE_FAILURES);
    assert.equal(ends(), true);
  });

  test('no token at all is no guess', () => {
    const { access } = open();
    for (let count = 0; count < 20; count++) assert.equal(outcome(access, undefined), 'unauthorized');
    assert.equal(outcome(access, BOB), 'bob');
  });

  test('time forgives, success does not', () => {
    const { access, clock } = open();
    fail(access, FREE_FAILURES);
    assert.equal(outcome(access, ANN), 'ann');
    assert.equal(outcome(access, 'another'), 'unauthorized');
    assert.equal(outcome(access, 'wrong'), 'too_many_requests 1');
    clock.nowMs += FORGIVEN_MS;
    assert.deepEqual(fail(access, FREE_FAILURES), Array(FREE_FAILURES).fill('unauthorized'));
  });

  test('the memory is bounded: who failed longest ago is forgotten', () => {
    const { access } = open();
    fail(access, FREE_FAILURES + 1, 'first');
    fail(access, FREE_FAILURES + 1, 'second');
    for (let count = 0; count < MAX_ADDRESSES - 1; count++) fail(access, 1, `address ${count}`);
    assert.equal(outcome(access, 'wrong', 'second'), 'too_many_requests 1');
    assert.equal(outcome(access, 'wrong', 'first'), 'unauthorized');
  });
});
