import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { trustedProxies } from './trusted-proxies.ts';

const proxies = ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32', 'fe80::/10'];

interface Case {
  readonly name: string;
  readonly list?: readonly string[];
  readonly peer: string;
  readonly header?: string;
  readonly client: string;
}

const cases: readonly Case[] = [
  { name: 'no list: the peer', list: [], peer: '10.0.0.1', header: '203.0.113.9', client: '10.0.0.1' },
  { name: 'no list: mapped peer', list: [], peer: '::ffff:10.0.0.1', client: '10.0.0.1' },
  { name: 'no list: IPv6 peer', list: [], peer: '2001:db8::1', client: '2001:db8::1' },
  { name: 'no list: unix socket', list: [], peer: '', header: '203.0.113.9', client: '' },
  { name: 'stranger with a header', peer: '203.0.113.5', header: '198.51.100.1', client: '203.0.113.5' },
  { name: 'proxy without a header', peer: '10.0.0.1', client: '10.0.0.1' },
  { name: 'proxy with a client', peer: '10.0.0.1', header: '203.0.113.9', client: '203.0.113.9' },
  { name: 'mapped proxy', peer: '::ffff:10.0.0.1', header: '203.0.113.9', client: '203.0.113.9' },
  { name: 'IPv6 proxy', peer: '2001:db8::1', header: '203.0.113.9', client: '203.0.113.9' },
  { name: 'link-local proxy with zone', peer: 'fe80::1%eth0', header: '203.0.113.9', client: '203.0.113.9' },
  { name: 'single address', peer: '192.0.2.1', header: '203.0.113.9', client: '203.0.113.9' },
  { name: 'beside the single address', peer: '192.0.2.2', header: '203.0.113.9', client: '192.0.2.2' },
  {
    name: 'claims left of the client',
    peer: '10.0.0.1',
    header: '1.1.1.1, 203.0.113.9',
    client: '203.0.113.9',
  },
  {
    name: 'chain of proxies',
    peer: '10.0.0.1',
    header: '1.1.1.1, 203.0.113.9, 10.2.3.4,192.0.2.1',
    client: '203.0.113.9',
  },
  { name: 'only proxies: the farthest', peer: '10.0.0.1', header: '10.0.0.3, 10.0.0.2', client: '10.0.0.3' },
  { name: 'IPv4 with port', peer: '10.0.0.1', header: '203.0.113.9:4711', client: '203.0.113.9' },
  { name: 'IPv6 bare', peer: '10.0.0.1', header: '2001:DB9:0:0::1', client: '2001:db9::1' },
  { name: 'IPv6 in brackets', peer: '10.0.0.1', header: '[2001:db9::1]', client: '2001:db9::1' },
  {
    name: 'IPv6 in brackets with port',
    peer: '10.0.0.1',
    header: '[2001:db9::1]:443',
    client: '2001:db9::1',
  },
  { name: 'mapped entry', peer: '10.0.0.1', header: '::FFFF:203.0.113.9', client: '203.0.113.9' },
  { name: 'mapped entry in hex', peer: '10.0.0.1', header: '::ffff:cb00:7109', client: '203.0.113.9' },
  {
    name: 'mapped entry of a proxy',
    peer: '10.0.0.1',
    header: '9.9.9.9, ::ffff:10.0.0.2',
    client: '9.9.9.9',
  },
  { name: 'garbage', peer: '10.0.0.1', header: 'unknown', client: '10.0.0.1' },
  { name: 'garbage after a proxy', peer: '10.0.0.1', header: '9.9.9.9, _x, 10.0.0.2', client: '10.0.0.2' },
  { name: 'octet out of range', peer: '10.0.0.1', header: '203.0.113.256', client: '10.0.0.1' },
  { name: 'port without digits', peer: '10.0.0.1', header: '203.0.113.9:', client: '10.0.0.1' },
  { name: 'unclosed bracket', peer: '10.0.0.1', header: '[2001:db9::1', client: '10.0.0.1' },
  { name: 'forged line', peer: '10.0.0.1', header: '203.0.113.9\n1.1.1.1', client: '10.0.0.1' },
  { name: 'empty header', peer: '10.0.0.1', header: '', client: '10.0.0.1' },
  { name: 'empty elements', peer: '10.0.0.1', header: '203.0.113.9, ,', client: '203.0.113.9' },
  { name: 'unix socket not trusted', peer: '', header: '203.0.113.9', client: '' },
  { name: 'unix socket trusted', list: ['unix'], peer: '', header: '203.0.113.9', client: '203.0.113.9' },
  {
    name: 'unix only: not other peers',
    list: ['unix'],
    peer: '10.0.0.1',
    header: '9.9.9.9',
    client: '10.0.0.1',
  },
  {
    name: 'unix and proxies',
    list: ['unix', '10.0.0.0/8'],
    peer: '',
    header: '9.9.9.9, 10.0.0.1',
    client: '9.9.9.9',
  },
  {
    name: 'everybody',
    list: ['0.0.0.0/0', '::/0'],
    peer: '203.0.113.5',
    header: '9.9.9.9',
    client: '9.9.9.9',
  },
];

describe('client address', () => {
  for (const { name, list = proxies, peer, header, client } of cases) {
    test(name, () => assert.equal(trustedProxies(list)(peer, header), client));
  }

  test('is never what an untrusted peer claims', () => {
    const clientOf = trustedProxies(proxies);
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), (header, claimed) => {
        assert.equal(clientOf('203.0.113.5', `${header},${claimed}`), '203.0.113.5');
      }),
    );
  });

  test('is the entry of the nearest proxy, whatever stands left of it', () => {
    const clientOf = trustedProxies(proxies);
    fc.assert(
      fc.property(fc.string(), (claims) => {
        assert.equal(clientOf('10.0.0.1', `${claims}, 203.0.113.9, 10.0.0.2`), '203.0.113.9');
      }),
    );
  });
});

describe('a bad list is refused', () => {
  const bad = [
    '',
    'localhost',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0/8',
  ];
  for (const entry of bad) {
    test(JSON.stringify(entry), () => assert.throws(() => trustedProxies([entry]), RangeError));
  }
});

describe('Forwarded', () => {
  const named: readonly (readonly [header: string, client: string])[] = [
    ['for=203.0.113.9', '203.0.113.9'],
    ['For="203.0.113.9:4711";proto=https', '203.0.113.9'],
    ['by=_me;for="[2001:db9::1]:80"', '2001:db9::1'],
    ['for="[2001:DB9:0::1]"', '2001:db9::1'],
    ['for=198.51.100.7, for=203.0.113.9', '203.0.113.9'],
    ['for=203.0.113.9, for=10.0.0.2', '203.0.113.9'],
    ['for=203.0.113.9 ; host="a,b;for=1.2.3.4"', '203.0.113.9'],
    [',, for=203.0.113.9,', '203.0.113.9'],
    // RFC 7239 §6: ports may be obfuscated as well, and what is quoted may be escaped.
    ['for="[2001:db9::1]:_obf.1-x"', '2001:db9::1'],
    ['for="203.0.113.9:_port"', '203.0.113.9'],
    ['for="203\\.0.113.\\9"', '203.0.113.9'],
    ['secret.1~=x;for=203.0.113.9', '203.0.113.9'],
    ['for="unknown:80"', '10.0.0.1'],
    ['for="_SEVKISEK:_x"', '10.0.0.1'],
    ['for="203.0.113.9:_"', '10.0.0.1'],
    ['for=" 203.0.113.9"', '10.0.0.1'],
    ['for=198.51.100.7;For=203.0.113.9', '10.0.0.1'],
    ['for=203.0.113.9, for=unknown', '10.0.0.1'],
    ['for=203.0.113.9, for=_hidden', '10.0.0.1'],
    ['for=203.0.113.9, proto=https', '10.0.0.1'],
    ['203.0.113.9', '10.0.0.1'],
    ['', '10.0.0.1'],
    // A client that leaves a quotation mark open gains nothing from what the proxy appends.
    ['for="203.0.113.9, for=198.51.100.7', '10.0.0.1'],
    ['for=203.0.113.9;x=", for="[2001:db9::1]"', '10.0.0.1'],
    ['for=203.0.113.9;x="\\", for=198.51.100.7;by="a"', '10.0.0.1'],
    ['for=203.0.113.9;x=", for=198.51.100.7', '10.0.0.1'],
  ];
  for (const [header, client] of named) {
    test(header || 'empty', () =>
      assert.equal(trustedProxies(proxies, 'forwarded')('10.0.0.1', header), client),
    );
  }

  test('means nothing from a stranger', () => {
    assert.equal(trustedProxies(proxies, 'forwarded')('203.0.113.5', 'for=1.2.3.4'), '203.0.113.5');
  });

  test('takes no longer for odd values', () => {
    const began = performance.now();
    for (const odd of ['"\\', ';for="', 'for=', ',"', 'a="b";'])
      trustedProxies(proxies, 'forwarded')('10.0.0.1', odd.repeat(20_000));
    assert.ok(performance.now() - began < 1000);
  });
});
