import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestFacts } from '../../http/types.ts';
import { basic } from '../dialects/fixtures.ts';
import { tokenOfAuthorization, tokenOfHeaders } from './credentials.ts';

describe('the token of a request in its header', () => {
  const cases: readonly [name: string, headers: RequestFacts['headers'], token?: string][] = [
    ['Bearer', { authorization: 'Bearer abc' }, 'abc'],
    ['bearer in lower case', { authorization: 'bearer  abc ' }, 'abc'],
    ['Bearer before X-Token', { authorization: 'Bearer abc', 'x-token': 'def' }, 'abc'],
    ['X-Token', { 'x-token': ' def ' }, 'def'],
    ['another scheme is not ours', { authorization: 'Basic abc' }],
    ['none', {}],
    ['two words', { authorization: 'Bearer a b' }],
  ];
  for (const [name, headers, token] of cases) {
    test(name, () => assert.equal(tokenOfHeaders(headers), token));
  }
});

const LONG = 'long-enough-for-a-token';
const credentials: readonly [name: string, header: string | undefined, token: string | undefined][] = [
  ['none', undefined, undefined],
  ['Bearer', `bearer  ${LONG} `, LONG],
  ['the password', basic('ann', LONG).authorization, LONG],
  ['a password with a colon', basic('ann', `${LONG}:x`).authorization, `${LONG}:x`],
  ['the name, beside no password', basic(LONG, '').authorization, LONG],
  ['the name, beside a short password', basic(LONG, 'None').authorization, LONG],
  ['a short password alone', basic('', 'short').authorization, 'short'],
  ['nothing in it', basic('', '').authorization, ''],
  ['no colon', `Basic ${Buffer.from('ann').toString('base64')}`, undefined],
  ['another scheme', 'Digest username="ann"', undefined],
];
describe('tokens of Authorization', () => {
  for (const [name, header, token] of credentials) {
    test(name, () => assert.equal(tokenOfAuthorization(header), token));
  }
});
