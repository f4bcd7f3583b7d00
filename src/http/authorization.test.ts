import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { basicCredentials, bearerToken } from './authorization.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');

describe('Basic (RFC 7617)', () => {
  const cases: readonly [
    name: string,
    value: string | undefined,
    expected: readonly [string, string] | undefined,
  ][] = [
    ['the example of the RFC', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', ['Aladdin', 'open sesame']],
    ['without padding', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ', ['Aladdin', 'open sesame']],
    ['the scheme in any case', `bAsIc ${encode('a:b')}`, ['a', 'b']],
    ['spaces around', `Basic   ${encode('a:b')}  `, ['a', 'b']],
    ['UTF-8', `Basic ${encode('tëst:123£')}`, ['tëst', '123£']],
    ['a colon in the password', `Basic ${encode('a:b:c')}`, ['a', 'b:c']],
    ['an empty password', `Basic ${encode('a:')}`, ['a', '']],
    ['an empty user', `Basic ${encode(':b')}`, ['', 'b']],
    ['no colon', `Basic ${encode('ab')}`, undefined],
    ['no credentials', 'Basic ', undefined],
    ['base64url', 'Basic YTo_Pj8-', undefined],
    ['two tokens', `Basic ${encode('a:b')} ${encode('a:b')}`, undefined],
    ['another scheme', 'Bearer YTpi', undefined],
    ['nothing', '', undefined],
    ['no field', undefined, undefined],
  ];
  for (const [name, value, expected] of cases) {
    test(name, () => {
      const found = basicCredentials(value);
      assert.deepEqual(found && [found.user, Buffer.from(found.password).toString()], expected);
    });
  }
});

describe('Bearer (RFC 6750)', () => {
  const cases: readonly [name: string, value: string | undefined, expected: string | undefined][] = [
    ['a token', 'Bearer mF_9.B5f-4.1JqM', 'mF_9.B5f-4.1JqM'],
    ['the scheme in any case', 'bEARER x', 'x'],
    ['spaces around', 'Bearer   x  ', 'x'],
    ['characters that no token68 has', 'Bearer p@ss:w0rd', 'p@ss:w0rd'],
    ['two words', 'Bearer a b', undefined],
    ['no token', 'Bearer ', undefined],
    ['no space', 'Bearerx', undefined],
    ['another scheme', 'Basic YTpi', undefined],
    ['no field', undefined, undefined],
  ];
  for (const [name, value, expected] of cases) test(name, () => assert.equal(bearerToken(value), expected));
});
