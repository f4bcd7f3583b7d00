/** IP addresses and block lists: what the policy of destinations and proxies rests on. */
import { BlockList, isIP, isIPv4, isIPv6, SocketAddress } from 'node:net';
import { attempt, line, numbersFrom, pick } from './fixtures.ts';

const addresses = [
  '1.2.3.4',
  '01.2.3.4',
  '1.2.3',
  '1.2.3.4.',
  ' 1.2.3.4',
  '255.255.255.255',
  '256.0.0.1',
  '0x1.2.3.4',
  '',
  '::',
  '::1',
  '1::',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1::2::3',
  '::ffff:1.2.3.4',
  '::1.2.3.4',
  '1.2.3.4::',
  '::1.2.3',
  'fe80::1%eth0',
  'fe80::1%',
  'fe80::1%a%b',
  '::%a b',
  '12345::',
  ':1',
  '1:',
  ':::',
  '::1.2.3.4:5',
  'ABCD::',
  'g::',
  '[::1]',
  '::ffff:7f00:1',
  '64:ff9b::1.2.3.4',
  '::1\n',
  '1.2.3.4\n',
  '::00001',
  '0:0:0:0:0:0:0:0',
  '1.2.3.04',
  '::ffff:01.2.3.4',
];
const pieces = ['0', '1', 'f', '::', ':', '.', '255', '256', 'ffff', '1.2.3.4', '%', 'a', '00', 'fe80'];

function* lists(): Generator<string> {
  const list = new BlockList();
  list.addSubnet('10.0.0.0', 8);
  list.addSubnet('192.168.77.1', 16);
  list.addAddress('1.2.3.4');
  list.addSubnet('fe80::', 10, 'ipv6');
  list.addSubnet('64:ff9b::', 96, 'ipv6');
  list.addAddress('::1', 'ipv6');
  list.addSubnet('0.0.0.0', 31);
  list.addSubnet('::ffff:9.9.9.0', 120, 'ipv6');
  for (const address of [
    '10.1.2.3',
    '11.0.0.0',
    '192.168.255.255',
    '192.169.0.0',
    '1.2.3.4',
    '1.2.3.5',
    '0.0.0.1',
    '0.0.0.2',
    '9.9.9.9',
    '127.0.0.1',
    'x',
  ])
    yield line(
      address,
      attempt(() => list.check(address)),
      attempt(() => list.check(`::ffff:${address}`, 'ipv6')),
      attempt(() => list.check(`::${address}`, 'ipv6')),
    );
  for (const address of [
    'fe80::1',
    'febf:ffff::',
    'fec0::',
    '::1',
    '::2',
    '64:ff9b::1',
    '64:ff9b:1::',
    '::ffff:a01:203',
    '::ffff:0:a01:203',
  ])
    yield line(
      address,
      list.check(address, 'ipv6'),
      attempt(() => list.check(new SocketAddress({ address, family: 'ipv6' }))),
    );
  for (const prefix of [-1, 33, 129, 0, 32])
    yield line(
      prefix,
      attempt(() => new BlockList().addSubnet('1.2.3.4', prefix)),
      attempt(() => new BlockList().addSubnet('::', prefix, 'ipv6')),
    );
}

export function* contract(): Generator<string> {
  const next = numbersFrom(4);
  const random = Array.from({ length: 5000 }, () =>
    Array.from({ length: 1 + next(9) }, () => pick(next, pieces)).join(''),
  );
  for (const text of [...addresses, ...random]) {
    yield line(text, isIP(text), isIPv4(text), isIPv6(text));
    if (isIPv6(text)) yield line(attempt(() => new SocketAddress({ address: text, family: 'ipv6' }).address));
    if (isIPv4(text)) yield line(new SocketAddress({ address: text }).address);
  }
  yield line([undefined, null, 1, {}].map((value) => isIP(value as string)));
  yield* lists();
}
