import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isRedisUrl, nameOf, parseRedisUrl, type RedisTarget } from './redis-url.ts';

const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port }) as const;
const plain: RedisTarget = {
  addresses: [tcp('cache', 6379)],
  sentinel: undefined,
  isSecure: false,
  user: '',
  password: '',
  database: 0,
};

describe('the URL of a server', () => {
  const valid: readonly (readonly [string, Partial<RedisTarget>, name: string])[] = [
    ['redis://cache', {}, 'redis://cache:6379/0'],
    ['redis://cache/', {}, 'redis://cache:6379/0'],
    ['valkey://cache:7000/15', { addresses: [tcp('cache', 7000)], database: 15 }, 'redis://cache:7000/15'],
    ['rediss://cache', { isSecure: true }, 'rediss://cache:6379/0'],
    ['valkeys://cache', { isSecure: true }, 'rediss://cache:6379/0'],
    ['redis://[::1]:7000', { addresses: [tcp('::1', 7000)] }, 'redis://[::1]:7000/0'],
    ['redis://:p%40ss%2F@cache', { password: 'p@ss/' }, 'redis://cache:6379/0'],
    ['redis://mote:a:b@cache', { user: 'mote', password: 'a:b' }, 'redis://cache:6379/0'],
    [
      'unix://mote:p@/run/redis%20a.sock?db=2',
      { addresses: [{ kind: 'unix', path: '/run/redis a.sock' }], user: 'mote', password: 'p', database: 2 },
      'unix:///run/redis a.sock?db=2',
    ],
    ['unix:///run/r', { addresses: [{ kind: 'unix', path: '/run/r' }] }, 'unix:///run/r?db=0'],
    [
      'redis+sentinel://:p@a,b:1,[::1]/main/3',
      {
        addresses: [tcp('a', 26_379), tcp('b', 1), tcp('::1', 26_379)],
        sentinel: 'main',
        password: 'p',
        database: 3,
      },
      'redis+sentinel://a:26379,b:1,[::1]:26379/main/3',
    ],
    [
      'rediss+sentinel://a/main',
      { addresses: [tcp('a', 26_379)], sentinel: 'main', isSecure: true },
      'rediss+sentinel://a:26379/main/0',
    ],
  ];
  for (const [text, target, name] of valid) {
    test(text, () => {
      assert.ok(isRedisUrl(text));
      const parsed = parseRedisUrl(text);
      assert.ok(parsed.ok);
      assert.deepEqual(parsed.value, { ...plain, ...target });
      assert.equal(nameOf(parsed.value), name);
    });
  }

  const invalid = [
    'redis:cache',
    'redis://',
    'redis:///0',
    'redis://cache:0',
    'redis://cache:65536',
    'redis://cache:port',
    'redis://cache/name',
    'redis://cache/-1',
    'redis://a,b',
    'redis://password@cache',
    'redis://:%zz@cache',
    'redis://:p@ss@cache',
    'redis://::1',
    'redis://cache?db=1',
    'redis://cache/0#x',
    'redis+sentinel://a',
    'redis+sentinel://a/',
    'redis+sentinel://a,,b/main',
    'unix://',
    'unix://run/redis.sock',
    'unix:///',
    'unix:///a?database=1',
    ' redis://cache',
  ];
  for (const text of invalid) {
    test(`is not ${text}`, () => assert.equal(parseRedisUrl(text).ok, false));
  }

  const reasons = [
    ['redis:/x', /form/],
    ['redis://user@cache', /credentials/],
    ['redis://:%zz@cache', /credentials/],
    ['redis://cache:65536', /port/],
    ['redis://a,b', /several hosts/],
    ['redis://cache/name', /DB/],
    ['redis+sentinel://a', /primary/],
    ['unix://run/redis.sock', /path/],
  ] as const;
  for (const [text, reason] of reasons) {
    test(`is told of ${text} what is wrong`, () => {
      const parsed = parseRedisUrl(text);
      assert.match(parsed.ok ? '' : parsed.error, reason);
    });
  }

  test('has credentials that no error and no name repeats', () => {
    const secret = fc.stringMatching(/^[A-Za-z\d%:@/?#[\] ]{6,20}$/);
    fc.assert(
      fc.property(secret, fc.constantFrom('cache', 'cache/x', '[', 'cache:99999', ''), (text, rest) => {
        const parsed = parseRedisUrl(`redis://u:${text}@${rest}`);
        assert.ok(!(parsed.ok ? nameOf(parsed.value) : parsed.error).includes(text));
      }),
    );
  });
});
