import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FREE_FAILURES } from '../../util/penalties.ts';
import { DIALECT_NAMES } from './dialects.ts';
import { ANN, bearer, FORM_TYPE, NOBODY, openDialects } from './fixtures.ts';

const files: readonly string[] = [
  ...['/', '/index.html', '/push', '/message', '/version', '/notify', '/send', '/a/send', '/a/publish'],
  ...['/a-folder-with-a-long-name/page.html', '/a/b/c/d', '//', '/%', '/%ff/%ff', '*', ''],
];
for (const method of ['GET', 'HEAD', 'OPTIONS']) {
  for (const path of files) {
    test(`${method} ${path} goes on with all dialects on`, async () => {
      assert.equal(await openDialects(DIALECT_NAMES).ask(method, path), undefined);
    });
  }
}

test('without dialects everything goes on', async () => {
  const { ask } = openDialects([]);
  assert.equal(await ask('POST', '/message', { headers: { ...bearer(ANN) }, body: 'x' }), undefined);
});

test('wrong tokens slow an address down, whatever the dialect', async () => {
  const { ask } = openDialects(DIALECT_NAMES);
  const tries = [
    () => ask('GET', `/${NOBODY}.send?title=t`),
    () => ask('POST', '/topic', { headers: bearer(NOBODY), body: 'x' }),
    () => ask('POST', `/${NOBODY}/x`),
    () => ask('POST', `/notify/${NOBODY}`, { headers: FORM_TYPE, body: 'body=x' }),
    () => ask('POST', `/message?token=${NOBODY}`, { headers: FORM_TYPE, body: 'message=x' }),
  ];
  assert.equal(tries.length, FREE_FAILURES);
  for (const attempt of tries) assert.equal((await attempt())?.status, 401);
  assert.equal((await tries[0]?.())?.status, 401);
  const blocked = await ask('GET', `/${ANN}.send?title=t`);
  assert.deepEqual([blocked?.status, blocked?.headers.get('retry-after')], [429, '1']);
});

test('Idempotency-Key holds in dialects too', async () => {
  const { ask, sent } = openDialects(['gotify']);
  const asked = { headers: { ...FORM_TYPE, ...bearer(ANN), 'idempotency-key': 'k' } };
  const first = await ask('POST', '/message', { ...asked, body: 'message=x' });
  const again = await ask('POST', '/message', { ...asked, body: 'message=x' });
  assert.deepEqual([again?.status, again?.json.id, sent.length], [200, first?.json.id, 2]);
  assert.equal((await ask('POST', '/message', { ...asked, body: 'message=y' }))?.status, 409);
});
