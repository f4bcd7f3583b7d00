import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { textPlan } from '../reply.ts';
import type { Plan, RequestFacts } from '../types.ts';
import { challengeStage, httpsRedirectStage } from './https-redirect.ts';

function facts(host: string | undefined, path: string, query = '', method = 'GET'): RequestFacts {
  return { method, target: path + query, path, query, headers: { host }, client: '' };
}

function locationOf(plan: unknown): string | number | undefined {
  const { headers, status } = plan as Plan;
  return headers[0] === 'Location' ? headers[1] : status;
}

describe('where HTTP leads to', () => {
  const cases: readonly (readonly [
    name: string,
    http: number,
    https: number,
    host: string,
    location: string,
  ])[] = [
    ['the usual ports', 80, 443, 'a.example', 'https://a.example/x?y'],
    ['the usual port, named', 80, 443, 'a.example:80', 'https://a.example/x?y'],
    ['another port of HTTPS', 80, 8443, 'a.example', 'https://a.example:8443/x?y'],
    ['ports that are mapped', 8080, 8443, 'a.example', 'https://a.example/x?y'],
    ['an empty port', 8080, 8443, 'a.example:', 'https://a.example/x?y'],
    ['a mapped port, named', 8080, 8443, 'a.example:80', 'https://a.example/x?y'],
    ['ports that are not mapped', 8080, 8443, 'a.example:8080', 'https://a.example:8443/x?y'],
    ['an address', 8080, 8443, '127.0.0.1:8080', 'https://127.0.0.1:8443/x?y'],
    ['an address of IPv6', 8080, 443, '[2001:db8::1]:8080', 'https://[2001:db8::1]/x?y'],
    ['a name with an underscore', 80, 443, '_my_site', 'https://_my_site/x?y'],
  ];
  for (const [name, http, https, host, location] of cases) {
    test(name, () => {
      const stage = httpsRedirectStage({ http, https: () => https });
      assert.equal(locationOf(stage(facts(host, '/x', '?y'))), location);
    });
  }

  test('nowhere from a host that is none', () => {
    const stage = httpsRedirectStage({ http: 80, https: () => 443 });
    for (const host of [undefined, '', '.a', 'a b', 'a/b', 'me@a', 'a?b', 'a%2Fb', '[::1', 'a:123456'])
      assert.equal(locationOf(stage(facts(host, '/'))), 400, String(host));
    assert.equal(locationOf(stage(facts('a', '*', '', 'OPTIONS'))), 400);
    assert.equal(locationOf(stage(facts('a', '/', '', 'TRACE'))), 405);
  });

  test('the method stays what it is', () => {
    const stage = httpsRedirectStage({ http: 80, https: () => 443 });
    const statusOf = (method: string) => (stage(facts('a', '/', '', method)) as Plan).status;
    assert.deepEqual(['GET', 'HEAD', 'POST', 'PUT'].map(statusOf), [301, 301, 308, 308]);
  });
});

test('only a challenge is served', () => {
  const stage = challengeStage(() => textPlan(200, 'file'));
  const isServed = (path: string) => stage(facts('a', path)) !== undefined;
  assert.ok(isServed('/.well-known/acme-challenge/evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA'));
  for (const path of ['', 'a/b', '..', '%2e%2e', 'a%2fb', '../../index.html', '.htaccess'])
    assert.ok(!isServed(`/.well-known/acme-challenge/${path}`), path);
});
