import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressKey, FIRST_PENALTY_MS, FREE_FAILURES, Penalties } from './penalties.ts';

test('penalties end, and concern one address', () => {
  const clock = { nowMs: 0 };
  const penalties = new Penalties(() => clock.nowMs);
  for (let count = 0; count < FREE_FAILURES; count++) penalties.fail('a');
  assert.equal(penalties.leftMs('a'), 0);
  penalties.fail('a');
  assert.equal(penalties.leftMs('a'), FIRST_PENALTY_MS);
  assert.equal(penalties.leftMs('b'), 0);
  clock.nowMs += FIRST_PENALTY_MS;
  assert.equal(penalties.leftMs('a'), 0);
});

describe('what counts as one address', () => {
  const cases: readonly [address: string, key: string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['', ''],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:2:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8::5:6:7:8', '2001:db8:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ];
  for (const [address, key] of cases) {
    test(address || 'a unix socket', () => assert.equal(addressKey(address), key));
  }
});
