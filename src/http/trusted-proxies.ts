/** The address of the client behind trusted proxies. */
import { BlockList, isIP, isIPv6, SocketAddress } from 'node:net';

/**
 * The client's address from the peer of the connection (empty on a unix socket) and the value of the header in which
 * proxies name it. IPv4-mapped IPv6 addresses come out as IPv4.
 */
export type ClientOf = (peer: string, forwardedFor: string | undefined) => string;

/** In lower case. Only one counts: the others may come from the client, passed through by a proxy that sets this one. */
export type ClientHeader = 'x-forwarded-for' | 'x-real-ip' | 'forwarded';

/** The entry that trusts every peer on a unix socket. */
const UNIX_PEER = 'unix';

/**
 * Trusts the addresses, CIDR blocks and the word `unix` in `list`. Throws a `RangeError` for anything else.
 *
 * Each proxy appends the address of its peer, so that the last entry that is not a trusted proxy is the client;
 * entries before it are the client's own claims. An entry that is not an address ends the search.
 */
export function trustedProxies(list: readonly string[], header: ClientHeader = 'x-forwarded-for'): ClientOf {
  if (list.length === 0) return unmapped;
  const addresses = blockListOf(list.filter((entry) => entry !== UNIX_PEER));
  const isTrusted = (address: string): boolean => addresses.check(address, familyOf(address));
  const trustsUnix = list.includes(UNIX_PEER);
  const entriesOf = header === 'forwarded' ? forwardedEntries : listEntries;
  return (rawPeer, forwardedFor) => {
    const peer = unmapped(rawPeer);
    if (forwardedFor === undefined) return peer;
    const trusted = peer === '' ? trustsUnix : isTrusted(peer);
    return trusted ? nearestUntrusted(peer, entriesOf(forwardedFor), isTrusted) : peer;
  };
}

function nearestUntrusted(
  peer: string,
  entries: readonly string[],
  isTrusted: (address: string) => boolean,
): string {
  let nearest = peer;
  for (const entry of entries.toReversed()) {
    const address = addressIn(entry);
    if (address === undefined) return nearest;
    nearest = address;
    if (!isTrusted(address)) return nearest;
  }
  return nearest;
}

/** Empty list elements are ignored (RFC 9110 §5.6.1.2). */
function listEntries(value: string): string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

const PAIR = /^[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))[ \t]*$/;

/** The `for` parameters of `Forwarded` (RFC 7239 §4), one for each proxy; empty for one that names nobody. */
function forwardedEntries(value: string): string[] {
  return splitUnquoted(value, ',')
    .filter((element) => element.trim() !== '')
    .map(forParameter);
}

/**
 * Empty unless the whole element is well-formed: with a quotation mark that is left open, a client could draw into its
 * own element what the proxy has appended. A parameter is there once (RFC 7239 §4).
 */
function forParameter(element: string): string {
  let found: string | undefined;
  for (const text of splitUnquoted(element, ';')) {
    const [pair, name = '', quoted, plain = ''] = PAIR.exec(text) ?? [];
    if (pair === undefined) return '';
    if (name.toLowerCase() !== 'for') continue;
    if (found !== undefined) return '';
    found = quoted?.replace(/\\(.)/g, '$1') ?? plain;
  }
  return found ?? '';
}

/** The parts between separators outside of quoted strings. */
function splitUnquoted(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted && character === '\\') at += 1;
    else if (!isQuoted && character === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
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

/** A port may be obfuscated, even where the address is not (RFC 7239 §6.3). */
const bracketed = /^\[([^\]]+)\](?::(?:\d{1,5}|_[\w.-]+))?$/;
const withPort = /^([\d.]+):(?:\d{1,5}|_[\w.-]+)$/;

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
