/**
 * Which addresses a request may go to. What is not globally reachable (loopback, private, link-local,
 * unique-local and the rest of IANA's special-purpose registries, RFC 6890) is refused unless allowed, so that
 * a URL cannot reach the services behind the firewall that this machine can reach. The addresses at which a cloud
 * gives its machines their credentials are refused even where a block with them is allowed.
 */
import { BlockList, isIP } from 'node:net';
import { collect, failure, type Result, success } from '../util/result.ts';

/** Decides on an address in its textual form, with or without a zone. Anything else is refused. */
export type MayConnect = (address: string) => boolean;

const SPECIAL_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Global unicast, and what stands for an IPv4 address: mapped (RFC 4291 §2.5.5.2) and NAT64 (RFC 6052 §2.1). */
const GLOBAL_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['2000::', 3],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
];

/** Within those: protocol assignments and Teredo, documentation (twice), 6to4, which hides IPv4 addresses. */
const SPECIAL_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const NAT64_PREFIX_BITS = 96;

/**
 * Metadata services of clouds (IMDS and the like), which hand out credentials, keys and user data. Some lie in blocks that are allowed
 * for other reasons, and Azure's is a global address.
 */
const METADATA_IPV4: readonly string[] = [
  // AWS, Azure, Google (metadata.google.internal), DigitalOcean, Hetzner, OpenStack, Oracle and most others.
  '169.254.169.254',
  // AWS: credentials of ECS tasks, of EKS pods, and the addresses for time and names beside them.
  '169.254.170.2',
  '169.254.170.23',
  '169.254.169.123',
  '169.254.169.253',
  // Tencent, and Scaleway's metadata.
  '169.254.0.23',
  '169.254.42.42',
  // Azure's wire server.
  '168.63.129.16',
  // Alibaba; Oracle's older one.
  '100.100.100.200',
  '192.0.0.192',
];
const METADATA_IPV6: readonly string[] = [
  // AWS: metadata, credentials of EKS pods, time, names; Google; Scaleway.
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd00:ec2::123',
  'fd00:ec2::253',
  'fd20:ce::254',
  'fd00:42::42',
  // OpenStack.
  'fe80::a9fe:a9fe',
];

/**
 * Allows all global addresses and those in `allowed`: addresses and CIDR blocks, where `0.0.0.0/0` and `::/0` mean
 * everything except the metadata services of clouds: such an address must be named itself.
 */
export function parseAddressPolicy(allowed: readonly string[]): Result<MayConnect, string> {
  const entries = collect(allowed.map(parseEntry));
  return entries.ok ? success(policyOf(entries.value)) : entries;
}

interface AddressBlock {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
  /** A block of one address is that address. */
  readonly isSingle: boolean;
}

function policyOf(entries: readonly AddressBlock[]): MayConnect {
  const blocks = new BlockList();
  const named = new BlockList();
  for (const { address, prefix, family, isSingle } of entries) {
    (isSingle ? named : blocks).addSubnet(address, prefix, family);
  }
  return (text) => {
    const [address = ''] = text.split('%');
    const version = isIP(address);
    if (version === 0) return false;
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (named.check(address, family)) return true;
    if (metadata.check(address, family)) return false;
    if (blocks.check(address, family)) return true;
    return (version === 4 || globalIpv6.check(address, 'ipv6')) && !special.check(address, family);
  };
}

function parseEntry(entry: string): Result<AddressBlock, string> {
  const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const version = isIP(address);
  const bits = version === 6 ? 128 : 32;
  const prefix = length === undefined ? bits : Number(length);
  if (version === 0 || prefix > bits) {
    return failure(`allowAddresses: not an address or block such as 10.0.0.0/8: ${entry}`);
  }
  return success({ address, prefix, family: version === 6 ? 'ipv6' : 'ipv4', isSingle: prefix === bits });
}

const globalIpv6 = new BlockList();
for (const [network, prefix] of GLOBAL_IPV6) globalIpv6.addSubnet(network, prefix, 'ipv6');

// A mapped address is matched by the IPv4 rules too: BlockList does that by itself.
const special = new BlockList();
for (const [network, prefix] of SPECIAL_IPV6) special.addSubnet(network, prefix, 'ipv6');
for (const [network, prefix] of SPECIAL_IPV4) {
  special.addSubnet(network, prefix, 'ipv4');
  special.addSubnet(`64:ff9b::${network}`, NAT64_PREFIX_BITS + prefix, 'ipv6');
}

const metadata = new BlockList();
for (const address of METADATA_IPV6) metadata.addAddress(address, 'ipv6');
for (const address of METADATA_IPV4) {
  metadata.addAddress(address, 'ipv4');
  metadata.addAddress(`64:ff9b::${address}`, 'ipv6');
}

/** Allows global addresses only. */
export const isGlobalAddress: MayConnect = policyOf([]);
