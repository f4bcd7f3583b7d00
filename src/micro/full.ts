/**
 * Profile `full`: the server of `server.ts` with entity tags, gzip, SIGTERM and IPv6.
 *
 * The page is stored packed, and sent so to clients that take it. For all others it is unpacked once, at the
 * start, into memory behind a head of its own; that memory stays writable, and nothing in it is ever executed.
 */
import { createHash } from 'node:crypto';
import { NOT_ALLOWED, NOT_FOUND, packedHeads } from './answers.ts';
import {
  type Assembled,
  address,
  ascii,
  assemble,
  type Block,
  block,
  bytes,
  data,
  label,
} from './assembler.ts';
import { elfHeader, ORIGIN } from './elf.ts';
import { chained, set } from './idioms.ts';
import { BLOCK_HEADER_BITS, inflate } from './inflate.ts';
import * as linux from './linux.ts';
import { GZIP_HEADER_BYTES, pack } from './pack.ts';
import {
  checkTokens,
  ending,
  entry,
  FLAG,
  flags,
  LINE,
  type Page,
  ROOM_BYTES,
  reading,
  type ServerOptions,
  SPACE,
  sending,
  stopping,
  TOKENS,
  waiting,
  watching,
  wordCollisions,
} from './server.ts';
import { choosePort, setUp } from './start.ts';
import { hashOf, type Token } from './tokens.ts';
import * as x64 from './x64.ts';

const { rax, rbx, rcx, rdx, rsi, r10, at } = x64;
const { ecx, edi, edx, esi, r13d, al, dl } = x64;
const { add, jae, jmp, jne, jns, lea, mov, movsb, rep, shl, test } = x64;

interface PackedPage {
  readonly contentType: string;
  readonly plainBytes: number;
  readonly packed: Uint8Array;
  readonly tag: string;
}

/** Above this, packing takes too long, and unpacking keeps a starting server from its clients. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const TAG_DIGITS = 8;
/** Where the unpacked answer is: low, so that four bytes hold its address, and far from everything else. */
const UNPACKED = 0x40000000;
const QUOTE = 0x22;
/** Found by trying, like the order of `standard`. */
// biome-ignore format: a list of names
const ORDER = [
  'header', 'arguments', 'nextVariable', 'parse', 'digit', 'havePort', 'unpack', 'bit', 'short', 'length',
  'haveLength', 'distanceBit', 'symbol', 'codeBit', 'literal', 'store', 'nineBits', 'noWord', 'newWord',
  'nextByte', 'lookUp', 'sameWord', 'take', 'answer', 'swept', 'answerPacked', 'send', 'progress', 'sent',
  'wait', 'sweep', 'idle', 'accept', 'close', 'notRead', 'rewatch', 'control', 'watch', 'unpacked', 'turn',
  'read', 'value', 'moreBits', 'placeBits', 'haveValue', 'tokens', 'flagsOfTokens', 'plainEnd',
  'notAllowed', 'notFound', 'notModified', 'ok',
];
const LINE_TOKENS: readonly Token[] = [
  { start: LINE, text: 'accept-encoding', flags: 0 },
  { start: LINE, text: 'if-none-match', flags: 0 },
];

/** The places of the names of fields in the table. */
const LINES = [TOKENS.length, TOKENS.length + 1];

/** Behind the name of the field; a weight, as in gzip;q=0, is more than the program looks at, and means no. */
function tokensFor(tag: string): readonly Token[] {
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

function packed({ content, contentType }: Page): PackedPage {
  if (content.length > MAX_PAGE_BYTES) throw new RangeError('a page for this profile has at most 4 MiB');
  return { contentType, plainBytes: content.length, packed: pack(content), tag: tagOf(content) };
}

export function assembleFull({ page, port }: ServerOptions): Assembled {
  const whole = packed(page);
  checkTokens(tokensFor(whole.tag), LINES);
  return assemble({
    blocks: blocksOfFull(whole, port),
    order: ORDER,
    origin: ORIGIN,
    jump: jmp,
  });
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

function blocksOfFull(page: PackedPage, port: number): Block[] {
  const tokens = tokensFor(page.tag);
  const gaps = {
    // A table of sixteen flags does not fit here.
    sections: [data(8, 0), data(4, 0)],
    ...{ physical: entry(port), alignment: stopping() },
  };
  return [
    block('header', elfHeader({ machine: 'x86-64', gaps })),
    ...choosePort(),
    ...setUp(ROOM_BYTES, true),
    ...unpacking(page),
    ...inflate('unpacked'),
    ...waiting(),
    ...watching(),
    ...reading(tokens, true),
    ...answering(page),
    ...sending(),
    ...ending(),
    block(
      'tokens',
      tokens.map((token) => data(4, hashOf(token))),
    ),
    block('flagsOfTokens', [data(1, ...tokens.map((token) => token.flags))]),
    ...dataOf(page),
  ];
}

function headsOf({ contentType, tag, plainBytes, packed }: PackedPage) {
  return packedHeads(contentType, tag, { plain: plainBytes, packed: packed.length });
}

/** rax is a small number before. What fails here ends in a crash. */
function unpacking(page: PackedPage): Block[] {
  const { common, plainEnd } = headsOf(page);
  const room = common.length + plainEnd.length + page.plainBytes;
  return [
    block(
      'unpack',
      [
        ...[mov(edi, UNPACKED), mov(esi, room), ...set(rdx, linux.PROT_READ_WRITE)],
        ...[...set(r10, linux.MAP_PRIVATE_ANONYMOUS_FIXED), ...chained('mmap')],
        ...[mov(esi, address('ok')), mov(ecx, common.length), rep(movsb)],
        ...[mov(esi, address('plainEnd')), ...set(rcx, plainEnd.length), rep(movsb)],
        ...[mov(esi, address('deflated')), ...set(rbx, BLOCK_HEADER_BITS)],
      ],
      'symbol',
    ),
    // Anything but 0: a new descriptor, the listening socket, is to be watched.
    block('unpacked', [...set(rax, 1), mov(edi, r13d)], 'turn'),
  ];
}

/** Step 5, see `server.ts` */
function answering(page: PackedPage): Block[] {
  const { common, packedEnd, plainEnd, notModified } = headsOf(page);
  const [packedHead, plainHead] = [common.length + packedEnd.length, common.length + plainEnd.length];
  return [
    block('answer', [
      ...[mov(esi, address('notAllowed')), ...set(rdx, NOT_ALLOWED.length + NOT_FOUND.length)],
      ...[mov(al, flags), shl(al, 2), jae('send')],
      ...[lea(esi, at(rsi, NOT_ALLOWED.length)), mov(dl, NOT_FOUND.length), jns('send')],
      ...[add(esi, NOT_FOUND.length), mov(dl, notModified.length), test(al, FLAG.SAME << 2), jne('send')],
      ...[test(al, FLAG.GZIP << 2), jne('answerPacked')],
      ...[mov(esi, UNPACKED), mov(dl, plainHead), test(al, FLAG.HEAD << 2), jne('send')],
      ...[mov(edx, plainHead + page.plainBytes), jmp('send')],
    ]),
    block(
      'answerPacked',
      [
        ...[add(esi, notModified.length), mov(dl, packedHead), test(al, FLAG.HEAD << 2), jne('send')],
        mov(edx, packedHead + page.packed.length),
      ],
      'send',
    ),
  ];
}

function dataOf(page: PackedPage): Block[] {
  const { common, packedEnd, plainEnd, notModified } = headsOf(page);
  return [
    block('plainEnd', [ascii(plainEnd)]),
    block('notAllowed', [ascii(NOT_ALLOWED)]),
    block('notFound', [ascii(NOT_FOUND)]),
    block('notModified', [ascii(notModified)]),
    block('ok', [
      ...[ascii(common), ascii(packedEnd)],
      bytes(page.packed.subarray(0, GZIP_HEADER_BYTES), 'the header of gzip'),
      ...[label('deflated'), bytes(page.packed.subarray(GZIP_HEADER_BYTES), 'the page'), label('end')],
    ]),
  ];
}
