import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { trustedRoots } from './ca-bundle.ts';

test('the bundle is PEM, and every certificate is an authority', () => {
  const blocks = trustedRoots()
    .toString()
    .split(/(?<=-----END CERTIFICATE-----\n)/);
  // Mozilla trusts about 140 authorities; far fewer would mean that Node no longer lists all of them.
  assert.ok(blocks.length > 100, `${blocks.length} certificates`);
  for (const block of blocks) {
    assert.match(block, /^-----BEGIN CERTIFICATE-----\n/);
    assert.ok(new X509Certificate(block).ca, block);
  }
});
