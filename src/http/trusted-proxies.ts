/** The address of the client behind trusted proxies. */
import { BlockList, isIP, isIPv6, SocketAddress } from 'node:net';

/**
 * The client's address from the peer of the connection (empty on a unix socket) and the value of
 * `X-Forwarded-For`. IPv4-mapped IPv6 addresses come out as IPv4.
 */
export type ClientOf = (peer: string, forwardedFor: string | undefined) => string;

/** The entry that trusts every peer on a unix socket. */
const UNIX_PEER = 'unix';

/**
 * Trusts the addresses, CIDR blocks and the word `unix` in `list`. Throws a `RangeError` for anything else.
 *
 * Each proxy appends the address of its peer, so that the last entry that is not a trusted proxy is the client;
 * entries before it are the client's own claims. An entry that is not an address ends the search.
 */
export function trustedProxies(list: readonly string[]): ClientOf {
  if (list.length === 0) return unmapped;
  const addresses = blockListOf(list.filter((entry) => entry !== UNIX_PEER));
  const isTrusted = (address: string): boolean => addresses.check(address, familyOf(address));
  const trustsUnix = list.includes(UNIX_PEER);
  return (rawPeer, forwardedFor) => {
    const peer = unmapped(rawPeer);
    if (forwardedFor === undefined) return peer;
    const trusted = peer === '' ? trustsUnix : isTrusted(peer);
    return trusted ? nearestUntrusted(peer, forwardedFor, isTrusted) : peer;
  };
}

function nearestUntrusted(
  peer: string,
  forwardedFor: string,
  isTrusted: (address: string) => boolean,
): string {
  let nearest = peer;
  for (const entry of forwardedFor.split(',').reverse()) {
    const text = entry.trim();
    // Empty list elements are ignored (RFC 9110 §5.6.1.2).
    if (text === '') continue;
    const address = addressIn(text);
    if (address === undefined) return nearest;
    nearest = address;
    if (!isTrusted(address)) return nearest;
  }
  return nearest;
}

function blockListOf(entries: readonly string[]): BlockList {
  const blocks = new BlockList();
  for (const entry of entries) {
    const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
    if (isIP(address) === 0) throw new RangeError(`not an address or CIDR block: ${entry}`);
    if (prefix === undefined) blocks.addAddress(address, familyOf(address));
    else blocks.addSubnet(address, Number(prefix), familyOf(address));
  }
  return blocks;
}

const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/;
const withPort = /^([\d.]+):\d{1,5}$/;

/** The address in an entry, which some proxies write with a port or in brackets. */
function addressIn(entry: string): string | undefined {
  const address = isIP(entry) ? entry : (bracketed.exec(entry)?.[1] ?? withPort.exec(entry)?.[1] ?? '');
  return isIP(address) ? canonical(address) : undefined;
}

/** One spelling per address (RFC 5952), so that the log is consistent. */
function canonical(address: string): string {
  return isIPv6(address) ? unmapped(new SocketAddress({ address, family: 'ipv6' }).address) : address;
}

const MAPPED_PREFIX = '::ffff:';

/** A dual-stack socket reports IPv4 peers as `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2). */
function unmapped(address: string): string {
  const isMapped = address.startsWith(MAPPED_PREFIX) && address.includes('.');
  return isMapped ? address.slice(MAPPED_PREFIX.length) : address;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
