import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isGlobalAddress, parseAddressPolicy } from './addresses.ts';

function addressPolicy(allowed: readonly string[]) {
  const policy = parseAddressPolicy(allowed);
  return policy.ok ? policy.value : assert.fail(policy.error);
}

describe('without exceptions', () => {
  const mayConnect = isGlobalAddress;
  const refused = [
    '0.0.0.0',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '198.18.0.1',
    '198.19.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '::FFFF:a00:1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001:0:1::1',
    '2001:db8::1',
    '3fff::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '100::1',
    '5f00::1',
    '',
    'localhost',
    '127.1',
    '0x7f.0.0.1',
    '1.2.3.4.5',
    '%lo',
  ];
  for (const address of refused) {
    test(`${address || 'nothing'} is refused`, () => assert.equal(mayConnect(address), false));
  }
  const taken = [
    '1.1.1.1',
    '8.8.8.8',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.1',
    '169.253.0.1',
    '169.255.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.167.0.1',
    '192.169.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450::1',
    '2400:3200::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2001:4860::8888',
  ];
  for (const address of taken) {
    test(`${address} is taken`, () => assert.equal(mayConnect(address), true));
  }
});

describe('exceptions', () => {
  const mayConnect = addressPolicy(['10.1.0.0/16', '127.0.0.1', 'fd00::/8', '::1']);
  const cases: readonly [address: string, taken: boolean][] = [
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['10.2.0.1', false],
    ['127.0.0.1', true],
    ['127.0.0.2', false],
    ['fd00::5', true],
    ['fc00::5', false],
    ['::1', true],
    ['169.254.169.254', false],
    ['8.8.8.8', true],
  ];
  for (const [address, taken] of cases) {
    test(`${address}: ${taken}`, () => assert.equal(mayConnect(address), taken));
  }

  test('everything', () => {
    const all = addressPolicy(['0.0.0.0/0', '::/0']);
    for (const address of ['127.0.0.1', '10.0.0.1', '::1', 'fe80::1', '8.8.8.8'])
      assert.ok(all(address), address);
    assert.equal(all('localhost'), false);
  });

  for (const entry of ['', 'localhost', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '/8']) {
    test(`"${entry}" is no entry`, () => assert.equal(parseAddressPolicy(['10.0.0.1', entry]).ok, false));
  }
});

describe('the metadata of clouds', () => {
  const addresses = [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '169.254.0.23',
    '169.254.42.42',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
    'fd00:42::42',
    'fe80::a9fe:a9fe%eth0',
    '::ffff:169.254.169.254',
    '::ffff:a83f:8110',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::168.63.129.16',
    'FD00:0EC2:0:0:0:0:0:0254',
  ];
  const allowances: readonly (readonly string[])[] = [
    [],
    ['0.0.0.0/0', '::/0'],
    ['169.254.0.0/16', '168.63.129.0/24', '100.64.0.0/10', '192.0.0.0/24', 'fd00::/8', 'fe80::/10'],
    ['169.254.169.254/31', '168.63.129.16/31', '100.100.100.200/31', '192.0.0.192/31', 'fd00:ec2::254/127'],
  ];
  for (const allowed of allowances) {
    const mayConnect = addressPolicy(allowed);
    for (const address of addresses) {
      test(`${address} is refused where ${allowed.join(' ') || 'nothing'} is allowed`, () =>
        assert.equal(mayConnect(address), false));
    }
  }
  test('its neighbours in such a block are taken', () => {
    const mayConnect = addressPolicy(['169.254.0.0/16', 'fd00::/8']);
    for (const address of ['169.254.169.1', '169.254.1.1', 'fd00:ec2::1', '::ffff:169.254.1.1'])
      assert.ok(mayConnect(address), address);
  });
  test('beside the wire server of Azure all is global', () => {
    assert.ok(isGlobalAddress('168.63.129.17'));
  });
  for (const entry of ['169.254.169.254', '169.254.169.254/32']) {
    test(`named as ${entry} it is taken, and it alone`, () => {
      const mayConnect = addressPolicy([entry, '0.0.0.0/0']);
      assert.equal(mayConnect('169.254.169.254'), true);
      assert.equal(mayConnect('::ffff:169.254.169.254'), true);
      assert.equal(mayConnect('168.63.129.16'), false);
    });
  }
});
