import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Acs3Request, acs3Signature, canonicalQuery, canonicalRequest } from './aliyun-signature.ts';
import { sha256 } from './signing.ts';
import { tc3Authorization, tc3Signature } from './tencent-signature.ts';

describe("ACS3-HMAC-SHA256, Alibaba's published vectors", () => {
  const requestAt = (date: string, nonce: string): Acs3Request => ({
    method: 'POST',
    path: '/',
    body: '',
    query: { RegionId: 'cn-shanghai', ImageId: 'win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd' },
    headers: {
      host: 'ecs.cn-shanghai.aliyuncs.com',
      'x-acs-action': 'RunInstances',
      'x-acs-content-sha256': sha256(''),
      'x-acs-date': date,
      'x-acs-signature-nonce': nonce,
      'x-acs-version': '2014-05-26',
    },
  });
  const vectors: readonly [date: string, nonce: string, signature: string][] = [
    [
      '2023-10-26T10:22:32Z',
      '3156853299f313e23d1673dc12e1703d',
      '06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0',
    ],
    [
      '2023-10-26T09:01:01Z',
      'd410180a5abf7fe235dd9b74aca91fc0',
      'e521358f7776c97df52e6b2891a8bc73026794a071b50c3323388c4e0df64804',
    ],
  ];
  for (const [date, nonce, signature] of vectors) {
    test(date, () => assert.equal(acs3Signature('YourAccessKeySecret', requestAt(date, nonce)), signature));
  }

  test('the hash of the canonical request', () => {
    const request = requestAt('2023-10-26T10:22:32Z', '3156853299f313e23d1673dc12e1703d');
    const hash = '7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259';
    assert.equal(sha256(canonicalRequest(request)), hash);
  });
});

describe('the canonical query (RFC 3986 §2.3)', () => {
  const cases: readonly [name: string, query: Record<string, string>, canonical: string][] = [
    ['nothing', {}, ''],
    ['sorted', { b: '2', B: '1', a: '3' }, 'B=1&a=3&b=2'],
    ['unreserved', { a: 'AZaz09-._~' }, 'a=AZaz09-._~'],
    ['reserved', { a: " !'()*+,/:;=?@#&%" }, 'a=%20%21%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%23%26%25'],
    ['UTF-8', { 签: '名😀' }, '%E7%AD%BE=%E5%90%8D%F0%9F%98%80'],
  ];
  for (const [name, query, canonical] of cases) {
    test(name, () => assert.equal(canonicalQuery(query), canonical));
  }
});

describe("TC3-HMAC-SHA256, Tencent's published vector", () => {
  const body = '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}';
  const request = {
    method: 'POST',
    service: 'cvm',
    body,
    timestampSeconds: 1551113065,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      host: 'cvm.tencentcloudapi.com',
      'x-tc-action': 'describeinstances',
    },
  };
  const signature = '10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f';

  test('the payload', () => {
    assert.equal(sha256(body), '35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064');
  });
  test('the signature', () => assert.equal(tc3Signature('*'.repeat(32), request), signature));
  test('Authorization', () => {
    assert.equal(
      tc3Authorization('AKID', '*'.repeat(32), request),
      'TC3-HMAC-SHA256 Credential=AKID/2019-02-25/cvm/tc3_request, ' +
        `SignedHeaders=content-type;host;x-tc-action, Signature=${signature}`,
    );
  });
});
