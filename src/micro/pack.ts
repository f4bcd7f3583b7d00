/**
 * Packs a page as gzip (RFC 1952) of one DEFLATE block (RFC 1951) with fixed Huffman codes, which is what
 * `inflate.ts` reads and every browser too. With fixed codes every choice has a known price, so that the cheapest
 * way through the page can be computed from its end; the result depends on nothing but the page.
 */
import { crc32 } from 'node:zlib';

/** Above this, packing takes too long, and unpacking keeps a starting server from its clients. */
export const MAX_PACKED_BYTES = 4 * 1024 * 1024;
/** One less than DEFLATE has, whose last length does not follow the rule of all others. */
const MAX_LENGTH = 257;
const MIN_LENGTH = 3;
const MAX_DISTANCE = 32_768;
/** How many earlier places with the same beginning are looked at. */
const MAX_PLACES = 256;
const DISTANCE_CODE_BITS = 5;
const END_OF_BLOCK = 256;
/** Of every packed page. ID, method, no flags, no time, no hints, unknown system. */
export const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** A length or a distance as a symbol and bits that say more. */
interface Split {
  readonly symbol: number;
  readonly bits: number;
  readonly value: number;
}

/** See `value` in `inflate.ts`: below the highest bits of a symbol `own` bits are part of the number. */
function split(number: number, own: number): Split {
  const bits = Math.max(0, 31 - Math.clz32(number) - own);
  return { symbol: (bits << own) + (number >> bits), bits, value: number & ((1 << bits) - 1) };
}

const lengthOf = (length: number) => split(length - MIN_LENGTH, 2);
const distanceOf = (distance: number) => split(distance - 1, 1);

/** RFC 1951 §3.2.6 */
function codeOf(symbol: number): { code: number; bits: number } {
  if (symbol < 144) return { code: 0x30 + symbol, bits: 8 };
  if (symbol < 256) return { code: 0x190 + symbol - 144, bits: 9 };
  return symbol < 280 ? { code: symbol - 256, bits: 7 } : { code: 0xc0 + symbol - 280, bits: 8 };
}

const lengthPrices = Array.from({ length: MAX_LENGTH + 1 }, (_, length) => {
  const { symbol, bits } = lengthOf(Math.max(length, MIN_LENGTH));
  return codeOf(257 + symbol).bits + bits;
});

/** Puts bits behind each other, lowest first. */
class BitWriter {
  readonly #bytes: number[] = [];
  #count = 0;

  /** Numbers have their lowest bit first. */
  number(value: number, bits: number): void {
    for (let bit = 0; bit < bits; bit++) {
      if (this.#count % 8 === 0) this.#bytes.push(0);
      const last = this.#bytes.length - 1;
      this.#bytes[last] = (this.#bytes[last] ?? 0) | (((value >> bit) & 1) << (this.#count % 8));
      this.#count += 1;
    }
  }

  /** Codes have their highest bit first. */
  code(code: number, bits: number): void {
    for (let bit = bits - 1; bit >= 0; bit--) this.number(code >> bit, 1);
  }

  get bytes(): readonly number[] {
    return this.#bytes;
  }
}

/** What to do at every place: the length of a match, 1 for a literal, and the distance of the match. */
interface Way {
  readonly lengths: Uint16Array;
  readonly distances: Uint16Array;
}

/** The cheapest way, computed from the end. */
function cheapestWay(content: Uint8Array): Way {
  const size = content.length;
  const prices = new Float64Array(size + 1);
  const way = { lengths: new Uint16Array(size).fill(1), distances: new Uint16Array(size) };
  const earlier = earlierPlaces(content);
  for (let at = size - 1; at >= 0; at--) {
    prices[at] = (prices[at + 1] ?? 0) + codeOf(content[at] ?? 0).bits;
    for (const { from, to, distance } of matches(content, earlier, at)) {
      const { bits } = distanceOf(distance);
      for (let length = from; length <= to; length++) {
        const price = (prices[at + length] ?? 0) + (lengthPrices[length] ?? 0) + DISTANCE_CODE_BITS + bits;
        if (price >= (prices[at] ?? 0)) continue;
        prices[at] = price;
        way.lengths[at] = length;
        way.distances[at] = distance;
      }
    }
  }
  return way;
}

/** The nearest match for every length; places come nearest first, so that only longer ones are of use. */
function* matches(content: Uint8Array, earlier: Int32Array, at: number) {
  let known = MIN_LENGTH - 1;
  let place = earlier[at] ?? -1;
  for (let tries = 0; tries < MAX_PLACES && known < MAX_LENGTH; tries++) {
    if (place < 0 || at - place > MAX_DISTANCE) return;
    const to = matchLength(content, place, at);
    if (to > known) yield { from: known + 1, to, distance: at - place };
    known = Math.max(known, to);
    place = earlier[place] ?? -1;
  }
}

/** For every place the last one before it that begins with the same three bytes, or -1. */
function earlierPlaces(content: Uint8Array): Int32Array {
  const earlier = new Int32Array(content.length).fill(-1);
  const last = new Map<number, number>();
  for (let at = 0; at + MIN_LENGTH <= content.length; at++) {
    const key = ((content[at] ?? 0) << 16) | ((content[at + 1] ?? 0) << 8) | (content[at + 2] ?? 0);
    earlier[at] = last.get(key) ?? -1;
    last.set(key, at);
  }
  return earlier;
}

function matchLength(content: Uint8Array, place: number, at: number): number {
  const most = Math.min(MAX_LENGTH, content.length - at);
  let length = 0;
  while (length < most && content[place + length] === content[at + length]) length++;
  return length;
}

/** One block of DEFLATE, without anything around it. */
export function deflate(content: Uint8Array): readonly number[] {
  const { lengths, distances } = cheapestWay(content);
  const out = new BitWriter();
  const symbol = (number: number) => {
    const { code, bits } = codeOf(number);
    out.code(code, bits);
  };
  // The last block, of kind 1.
  out.number(0b011, 3);
  for (let at = 0; at < content.length; at += lengths[at] ?? 1) {
    const [length = 1, distance = 0] = [lengths[at], distances[at]];
    if (length === 1) {
      symbol(content[at] ?? 0);
      continue;
    }
    const [far, long] = [distanceOf(distance), lengthOf(length)];
    symbol(257 + long.symbol);
    out.number(long.value, long.bits);
    out.code(far.symbol, DISTANCE_CODE_BITS);
    out.number(far.value, far.bits);
  }
  symbol(END_OF_BLOCK);
  return out.bytes;
}

export function pack(content: Uint8Array): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length % 2 ** 32, 4);
  return Buffer.concat([GZIP_HEADER, Buffer.from(deflate(content)), trailer]);
}
