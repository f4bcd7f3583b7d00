import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignCharset } from './field-text.ts';

const features = {
  compression: false,
  workers: false,
  replicas: false,
  nodeHttp: false,
  charsets: false,
  tls: false,
  largeMessages: false,
};

const cases: readonly (readonly [value: string, charset: string | undefined])[] = [
  ['', undefined],
  ['disk is full', undefined],
  ['=?UTF-8?B?5qCH?= =?utf8?q?_=E9=A2=98?=', undefined],
  ['=?iso-8859-1?Q?caf=E9?= =?us-ascii?q?x?= =?latin1?q?x?=', undefined],
  ['=?gb2312?B?suLK1A==?=', 'gb2312'],
  ['before =?utf-8?q?x?= =?Shift_JIS?B?g2U=?= behind', 'Shift_JIS'],
  ['=?GBK*zh?B?suLK1A==?=', 'GBK'],
  ['a = ?gb2312? b', undefined],
];

for (const [value, charset] of cases) {
  test(`a build without charsets: ${value || 'nothing'} needs ${charset ?? 'none'}`, () =>
    assert.equal(foreignCharset(value, features), charset));
}

test('a build with charsets lacks none', () => {
  assert.equal(foreignCharset('=?gb2312?B?suLK1A==?=', { ...features, charsets: true }), undefined);
});
