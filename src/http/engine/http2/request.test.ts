import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readHead } from './request.ts';

const LIMITS = { maxHeaderBytes: 300, maxTargetBytes: 100 };
const pseudo = {
  ':method': 'GET',
  ':scheme': 'https',
  ':authority': 'a.example',
  ':path': '/x?y',
};

function headOf(changes: Readonly<Record<string, string | undefined>>, ...fields: string[]) {
  const all = Object.entries({ ...pseudo, ...changes }).filter(([, value]) => value !== undefined);
  return readHead([...all.flat(), ...fields] as string[], LIMITS);
}

test('a request has the facts of HTTP/1.1', () => {
  assert.deepEqual(
    structuredClone(headOf({}, 'accept', 'a', 'cookie', 'b=1', 'accept', 'c', 'cookie', 'd=2')),
    {
      method: 'GET',
      target: '/x?y',
      path: '/x',
      query: '?y',
      headers: { accept: 'a, c', cookie: 'b=1; d=2', host: 'a.example' },
      refusal: undefined,
    },
  );
});

test('the host is that of the authority, or its own', () => {
  assert.equal(headOf({}).headers.host, 'a.example');
  assert.equal(headOf({ ':authority': undefined }, 'host', 'b.example').headers.host, 'b.example');
  assert.equal(headOf({}, 'host', 'a.example').refusal, undefined);
});

test('raw bytes in a query are encoded', () => {
  assert.equal(headOf({ ':path': '/?q=\xc3\xa9' }).query, '?q=%C3%A9');
});

describe('refusals', () => {
  const cases: readonly (readonly [
    name: string,
    head: ReturnType<typeof headOf>,
    code: string | undefined,
  ])[] = [
    ['another host than the authority', headOf({}, 'host', 'b.example'), 'bad_request'],
    ['no host', headOf({ ':authority': undefined }), 'bad_request'],
    ['a malformed host', headOf({ ':authority': 'a/b' }), 'bad_request'],
    ['a foreign scheme', headOf({ ':scheme': 'ftp' }), 'bad_request'],
    ['the scheme of a client before a proxy', headOf({ ':scheme': 'http' }), undefined],
    ['an absolute path', headOf({ ':path': 'https://a.example/' }), 'bad_request'],
    ['an asterisk for GET', headOf({ ':path': '*' }), 'bad_request'],
    ['an asterisk for OPTIONS', headOf({ ':path': '*', ':method': 'OPTIONS' }), undefined],
    ['raw bytes in a path', headOf({ ':path': '/\xe9' }), 'bad_request'],
    ['a long path', headOf({ ':path': `/${'a'.repeat(100)}` }), 'uri_too_long'],
    ['large fields', headOf({}, 'x', 'a'.repeat(300)), 'headers_too_large'],
    ['an unknown method', headOf({ ':method': 'BREW' }), 'not_implemented'],
    ['CONNECT', headOf({ ':method': 'CONNECT' }), 'method_not_allowed'],
    ['another expectation', headOf({}, 'expect', 'tea'), 'expectation_failed'],
  ];
  for (const [name, { refusal }, code] of cases) test(name, () => assert.equal(refusal, code));
});
