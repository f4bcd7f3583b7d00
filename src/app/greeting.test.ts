import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { describe, test } from 'node:test';
import { entriesOf, greet, type Interfaces, MAX_NETWORK_URLS } from './greeting.ts';

const v4 = (address: string) => ({ address, family: 'IPv4', internal: false });
const v6 = (address: string) => ({ address, family: 'IPv6', internal: false });
const lo = [
  { address: '127.0.0.1', family: 'IPv4', internal: true },
  { address: '::1', family: 'IPv6', internal: true },
];
const lan: Interfaces = { lo, eth0: [v4('192.0.2.7'), v6('2001:db8::7'), v6('fe80::7')] };

const L = 'Local http://localhost:80/';
const rows: readonly [name: string, host: string, interfaces: Interfaces, expected: string[]][] = [
  ['every address', '::', lan, [L, 'Network http://192.0.2.7:80/']],
  ['every one of IPv4', '0.0.0.0', lan, [L, 'Network http://192.0.2.7:80/']],
  ['no network', '::', { lo }, [L]],
  [
    'only IPv6',
    '::',
    { lo, eth0: [v6('fe80::7'), v6('2001:db8::7')] },
    [L, 'Network http://[2001:db8::7]:80/'],
  ],
  ['only IPv6, and no socket of it', '0.0.0.0', { lo, eth0: [v6('2001:db8::7')] }, [L]],
  [
    'a family that is a number, as in Node 18.0',
    '::',
    { eth0: [{ address: '192.0.2.7', family: 4, internal: false }] },
    [L, 'Network http://192.0.2.7:80/'],
  ],
  [
    'bridges of containers, and no address',
    '::',
    {
      docker0: [v4('172.17.0.1')],
      'br-0a1b2c': [v4('172.18.0.1')],
      virbr0: [v4('192.168.122.1')],
      wlan0: [v4('169.254.3.4')],
    },
    [L],
  ],
  ['an interface without addresses', '::', { eth0: undefined }, [L]],
];

describe('where to go', () => {
  for (const [name, host, interfaces, expected] of rows) {
    test(name, () => {
      const places = [{ url: 'http://localhost:80/', address: { host, port: 80 } }];
      const entries = entriesOf(places, () => interfaces).map((entry) => entry.join(' '));
      assert.deepEqual(entries, expected);
    });
  }

  test('many addresses are cut', () => {
    const many = Array.from({ length: 9 }, (_, index) => v4(`192.0.2.${index}`));
    const places = [{ url: 'http://localhost:80', address: { host: '::', port: 80 } }];
    assert.equal(entriesOf(places, () => ({ many })).length, 1 + MAX_NETWORK_URLS);
  });

  test('by HTTPS, below a path', () => {
    const places = [{ url: 'https://localhost:80/app/', address: { host: '::', port: 80 } }];
    assert.deepEqual(entriesOf(places, () => lan)[1], ['Network', 'https://192.0.2.7:80/app/']);
  });

  test('one address alone: the interfaces are not asked', () => {
    const never = () => assert.fail('asked');
    const place = (host: string, url: string) => ({ url, address: { host, port: 80 } });
    const places = [
      place('192.0.2.7', 'https://files.test:80'),
      place('127.0.0.1', 'http://127.0.0.1:80'),
      place('::1', 'http://localhost:80'),
      { url: 'unix:/s', address: { path: '/s' } },
    ];
    assert.deepEqual(entriesOf(places, never), [
      ['Local', 'http://127.0.0.1:80'],
      ['Local', 'http://localhost:80'],
      ['Local', 'unix:/s'],
      ['Network', 'https://files.test:80'],
    ]);
  });
});

test('a system that refuses to tell its interfaces, as Android does, is no reason to fail', (t) => {
  const { mock } = t.mock.method(os, 'networkInterfaces', () => {
    throw Object.assign(new Error('uv_interface_addresses'), { code: 'ERR_SYSTEM_ERROR' });
  });
  syncBuiltinESMExports();
  t.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
  const places = [{ url: 'http://localhost:80', address: { host: '::', port: 80 } }];
  const text = greet('site', places, ['no index'], { isTerminal: true, colors: false });
  assert.equal(text, 'mote serves site\n\n  Local:    http://localhost:80\n  Hint:     no index\n');
});
