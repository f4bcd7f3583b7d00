/**
 * Which addresses a request may go to. What is not globally reachable (loopback, private, link-local,
 * unique-local and the rest of IANA's special-purpose registries, RFC 6890) is refused unless allowed, so that
 * a URL cannot reach the services behind the firewall that this machine can reach.
 */
import { BlockList, isIP } from 'node:net';

/** Judges an address in its textual form, with or without a zone. What is no address is refused. */
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
 * Allows all global addresses and those in `allowed`: addresses and CIDR blocks, where `0.0.0.0/0` and `::/0`
 * are everything. Throws a `RangeError` for an entry that is neither.
 */
export function addressPolicy(allowed: readonly string[] = []): MayConnect {
  const exceptions = new BlockList();
  for (const entry of allowed) addEntry(exceptions, entry);
  return (text) => {
    const [address = ''] = text.split('%');
    const version = isIP(address);
    if (version === 0) return false;
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (exceptions.check(address, family)) return true;
    return (version === 4 || globalIpv6.check(address, 'ipv6')) && !special.check(address, family);
  };
}

function addEntry(list: BlockList, entry: string): void {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const version = isIP(address);
  const bits = version === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (version === 0 || length > bits)
    throw new RangeError(`allowAddresses: not an address or block such as 10.0.0.0/8: ${entry}`);
  list.addSubnet(address, length, version === 6 ? 'ipv6' : 'ipv4');
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
