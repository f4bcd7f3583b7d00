/**
 * How the program recognises words in a request without keeping the request.
 *
 * Every byte goes into a hash: hash = hash × `FACTOR` + byte, with letters made small. After
 * every byte the hash is looked up; where it is that of a word below, the word's flags are noted. A hash says
 * nothing about where its word began, so it begins anew, from another number each, with a request, behind a
 * space, in a new line, and behind a word that was found. That number makes the context part of the word: the
 * target `/` counts only directly behind the method.
 */

/** Fits into a signed byte, and has no collisions with the words that are looked for (`collisions`). */
export const FACTOR = 117;
/** Sets what tells a small letter from a capital one, in bytes with `LETTER_BIT`: all others count as they are. */
export const FOLD = 0x20;
export const LETTER_BIT = 6;

export interface HashedWord {
  /** The hash before its first byte. */
  readonly start: number;
  /** In small letters. */
  readonly text: string;
  /** What to note when it is found. */
  readonly flags: number;
}

function folded(byte: number): number {
  return (byte >> LETTER_BIT) & 1 ? byte | FOLD : byte;
}

/** The hash after one byte more. */
function step(hash: number, byte: number): number {
  return (Math.imul(hash, FACTOR) + folded(byte)) >>> 0;
}

export function hashOf({ start, text }: Pick<HashedWord, 'start' | 'text'>): number {
  return Buffer.from(text, 'latin1').reduce((hash, byte) => step(hash, byte), start);
}

/** Where a hash begins anew: SP and LF, and some that matter little: NUL, STX, BS, `"`, `(` and `*`. */
export const DELIMITERS = [0x00, 0x02, 0x08, 0x0a, 0x20, 0x22, 0x28, 0x2a] as const;

/** What a line of a request may hold (RFC 9110 §5.5, RFC 9112 §3), folded, and whether a word can go on after it. */
const alphabet = [0x09, 0x0a, 0x0d, ...Array.from({ length: 0x5f }, (_, index) => 0x20 + index)];
const lastBytes = [...new Set(alphabet.map(folded))];
const innerBytes = [
  ...new Set(alphabet.filter((byte) => !(DELIMITERS as readonly number[]).includes(byte)).map(folded)),
];

/**
 * Every other string of up to four bytes, from any of the starting points, that would be taken for a token,
 * and every pair of tokens with one hash. Strings are extended from the front, hashes undone from the back,
 * and what meets in the middle is a collision.
 */
export function collisions(tokens: readonly HashedWord[], starts: readonly number[]): string[] {
  const hashes = new Set(tokens.map(hashOf));
  const found = hashes.size === tokens.length ? [] : ['two tokens have one hash'];
  const lengths = [
    [0, 1],
    [1, 1],
    [1, 2],
    [2, 2],
  ] as const;
  for (const [front, back] of lengths) {
    const reached = new Map(starts.flatMap((start) => forward(start, front)));
    found.push(...tokens.flatMap((token) => meetings(token, reached, backward(hashOf(token), back))));
  }
  return found;
}

/** What is not the token, but has its hash. */
function meetings(
  token: HashedWord,
  reached: ReadonlyMap<number, Way>,
  undone: readonly (readonly [hash: number, tail: string])[],
): string[] {
  return undone.flatMap(([hash, tail]) => {
    const way = reached.get(hash);
    if (way === undefined) return [];
    const text = way.text + tail;
    if (text === fold(token.text) && way.start === token.start) return [];
    return `${JSON.stringify(text)} behind ${way.start} for ${JSON.stringify(token.text)}`;
  });
}

function fold(text: string): string {
  return Buffer.from(Buffer.from(text, 'latin1').map(folded)).toString('latin1');
}

interface Way {
  readonly start: number;
  readonly text: string;
}

function forward(start: number, length: number): [hash: number, way: Way][] {
  let ways: [number, Way][] = [[start, { start, text: '' }]];
  for (let count = 0; count < length; count++) {
    ways = ways.flatMap(([hash, { text }]) =>
      innerBytes.map((byte): [number, Way] => [
        step(hash, byte),
        { start, text: text + String.fromCharCode(byte) },
      ]),
    );
  }
  return ways;
}

function backward(hash: number, length: number): [hash: number, tail: string][] {
  let ways: [number, string][] = [[hash, '']];
  for (let count = 0; count < length; count++) {
    ways = ways.flatMap(([after, tail]) =>
      (count === 0 ? lastBytes : innerBytes).map((byte): [number, string] => [
        Math.imul(after - byte, UNDO_FACTOR) >>> 0,
        String.fromCharCode(byte) + tail,
      ]),
    );
  }
  return ways;
}

const UNDO_FACTOR = inverseOf(FACTOR);

/** What undoes a multiplication by an odd number modulo 2^32, by Newton's iteration. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let round = 0; round < 5; round++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse >>> 0;
}
