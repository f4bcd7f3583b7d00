/** IP addresses: their grammar, and lists of blocks. */

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const v4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const group = /^[\da-fA-F]{1,4}$/;
const zone = /^[\da-zA-Z.:-]+$/;

export function isIPv4(text: unknown): boolean {
  return typeof text === 'string' && v4.test(text);
}

export function isIPv6(text: unknown): boolean {
  return typeof text === 'string' && ipv6Words(text) !== undefined;
}

export function isIP(text: unknown): 0 | 4 | 6 {
  return isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0;
}

/** The eight groups of an IPv6 address (RFC 4291 §2.2). */
export function ipv6Words(text: string): number[] | undefined {
  const [address = '', ...zones] = text.split('%');
  if (zones.length > 1 || (zones[0] !== undefined && !zone.test(zones[0]))) return undefined;
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, i) => wordsOf(half, i === halves.length - 1));
  if (!head || (halves.length === 2 && !tail)) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  const missing = 8 - head.length - (tail as number[]).length;
  return missing < 1 ? undefined : [...head, ...Array<number>(missing).fill(0), ...(tail as number[])];
}

/** The groups of one half; the last may be an IPv4 address. */
function wordsOf(half: string, isLast: boolean): number[] | undefined {
  if (half === '') return [];
  const words: number[] = [];
  const parts = half.split(':');
  for (const [i, part] of parts.entries()) {
    if (group.test(part)) words.push(Number.parseInt(part, 16));
    else if (isLast && i === parts.length - 1 && isIPv4(part)) {
      const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
      words.push(a * 256 + b, c * 256 + d);
    } else return undefined;
  }
  return words;
}

/** The shortest text of an address (RFC 5952). */
export function shortest(words: readonly number[]): string {
  let [best, bestLength] = [-1, 1];
  for (let i = 0; i < 8; i += 1) {
    let length = 0;
    while (words[i + length] === 0) length += 1;
    if (length > bestLength) [best, bestLength] = [i, length];
  }
  const hex = (from: number, to: number) =>
    words
      .slice(from, to)
      .map((word) => word.toString(16))
      .join(':');
  return best < 0 ? hex(0, 8) : `${hex(0, best)}::${hex(best + bestLength, 8)}`;
}

/** As inet_ntop(3) writes it: shortest, and mapped and compatible addresses end in IPv4. */
function canonical(address: string): string {
  const words = ipv6Words(address) ?? [];
  const [, , , , , sixth, high = 0, low = 0] = words;
  const isEmbedded = !words.slice(0, 5).some(Boolean) && ((sixth === 0 && high > 0) || sixth === 0xffff);
  if (!isEmbedded) return shortest(words);
  return `::${sixth ? 'ffff:' : ''}${[high >> 8, high & 255, low >> 8, low & 255].join('.')}`;
}

type Family = 'ipv4' | 'ipv6';

function bitsOf(text: string, family: Family): bigint | undefined {
  if (family === 'ipv4') {
    if (!isIPv4(text)) return undefined;
    return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  }
  return ipv6Words(text)?.reduce((sum, word) => sum * 65536n + BigInt(word), 0n);
}

const widths = { ipv4: 32n, ipv6: 128n } as const;
/** ::ffff:0:0/96 */
const MAPPED = 0xffffn;

export class SocketAddress {
  readonly address: string;
  readonly family: Family;

  constructor({ address, family = 'ipv4' }: { readonly address: string; readonly family?: Family }) {
    if (bitsOf(address, family) === undefined) throw new TypeError(`not an address: ${address}`);
    this.address = family === 'ipv6' ? canonical(address) : address;
    this.family = family;
  }
}

export class BlockList {
  readonly #ranges: { readonly family: Family; readonly from: bigint; readonly to: bigint }[] = [];

  addAddress(address: string, family: Family = 'ipv4'): void {
    this.addSubnet(address, Number(widths[family]), family);
  }

  addSubnet(network: string, prefix: number, family: Family = 'ipv4'): void {
    const bits = bitsOf(network, family);
    const width = widths[family];
    if (bits === undefined || prefix < 0 || prefix > Number(width))
      throw new RangeError(`${network}/${prefix}`);
    const size = 1n << (width - BigInt(prefix));
    const from = (bits / size) * size;
    this.#ranges.push({ family, from, to: from + size - 1n });
  }

  check(address: string | SocketAddress, family: Family = 'ipv4'): boolean {
    const one = typeof address === 'string' ? { address, family } : address;
    const bits = bitsOf(one.address, one.family);
    if (bits === undefined) return false;
    if (this.#has(bits, one.family)) return true;
    if (one.family === 'ipv4') return this.#has(bits | (MAPPED << 32n), 'ipv6');
    return bits >> 32n === MAPPED && this.#has(bits & 0xffffffffn, 'ipv4');
  }

  #has(bits: bigint, family: Family): boolean {
    return this.#ranges.some((range) => range.family === family && range.from <= bits && bits <= range.to);
  }
}
