/**
 * A page that is stored packed: what profile `full` makes of it before there is a program, for both processors.
 */
import { createHash } from 'node:crypto';
import { head } from './answers.ts';
import { pack } from './pack.ts';
import { FLAG, LINE, type Page, SPACE, TOKENS, wordCollisions } from './server.ts';
import type { Token } from './tokens.ts';

export interface PackedPage {
  readonly contentType: string;
  readonly plainBytes: number;
  readonly packed: Uint8Array;
  readonly tag: string;
}

/** The heads of its answers; what those with the page have in common comes first. */
export interface PackedHeads {
  readonly common: string;
  readonly packedEnd: string;
  readonly plainEnd: string;
  readonly notModified: string;
}

/** Above this, packing takes too long, and unpacking keeps a starting server from its clients. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const TAG_DIGITS = 8;
const QUOTE = 0x22;
const LINE_TOKENS: readonly Token[] = [
  { start: LINE, text: 'accept-encoding', flags: 0 },
  { start: LINE, text: 'if-none-match', flags: 0 },
];

/** The places of the names of fields in the table. */
export const LINES = [TOKENS.length, TOKENS.length + 1];

/** Behind the name of the field; a weight, as in gzip;q=0, is more than the program looks at, and means no. */
export function tokensFor(tag: string): readonly Token[] {
  const [encoding, match] = [TOKENS.length << 8, (TOKENS.length + 1) << 8];
  return [
    ...TOKENS,
    ...LINE_TOKENS,
    { start: encoding | SPACE, text: 'gzip,', flags: FLAG.GZIP },
    { start: encoding | SPACE, text: 'gzip\r', flags: FLAG.GZIP },
    { start: match | QUOTE, text: `${tag}"`, flags: FLAG.SAME },
    { start: match | SPACE, text: '*', flags: FLAG.SAME },
  ];
}

/** @throws RangeError for a page that is too big */
export function packed({ content, contentType }: Page): PackedPage {
  if (content.length > MAX_PAGE_BYTES) throw new RangeError('a page for this profile has at most 4 MiB');
  return { contentType, plainBytes: content.length, packed: pack(content), tag: tagOf(content) };
}

/** The first digits of a hash of the page that no other word is taken for. */
function tagOf(content: Uint8Array): string {
  const digits = createHash('sha256').update(content).digest('hex');
  for (let at = 0; at + TAG_DIGITS <= digits.length; at++) {
    const tag = digits.slice(at, at + TAG_DIGITS);
    if (wordCollisions(tokensFor(tag), LINES).length === 0) return tag;
  }
  throw new Error('the page has no usable entity tag');
}

export function headsOf({ contentType, tag, plainBytes, packed }: PackedPage): PackedHeads {
  const shared = [`ETag:W/"${tag}"`, 'Vary:Accept-Encoding'];
  return {
    common: `${head(200, `Content-Type:${contentType.replace('; ', ';')}`, ...shared).slice(0, -2)}Content-`,
    packedEnd: `Encoding:gzip\r\nContent-Length:${packed.length}\r\n\r\n`,
    plainEnd: `Length:${plainBytes}\r\n\r\n`,
    notModified: head(304, ...shared),
  };
}
