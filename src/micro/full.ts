/**
 * Profile `full`: the server of `server.ts` with entity tags, gzip, SIGTERM and IPv6.
 *
 * The page is stored packed, and sent so to clients that take it. For all others it is unpacked once, at the
 * start, into memory behind a head of its own; that memory stays writable, and nothing in it is ever executed.
 */
import { NOT_ALLOWED, NOT_FOUND } from './answers.ts';
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
import { GZIP_HEADER_BYTES } from './pack.ts';
import { headsOf, LINES, type PackedPage, packed, tokensFor } from './packed-page.ts';
import {
  checkTokens,
  ending,
  entry,
  FLAG,
  flags,
  ROOM_BYTES,
  reading,
  type ServerOptions,
  sending,
  stopping,
  waiting,
  watching,
} from './server.ts';
import { choosePort, setUp } from './start.ts';
import { hashOf } from './tokens.ts';
import * as x64 from './x64.ts';

const { rax, rbx, rcx, rdx, rsi, r10, at } = x64;
const { ecx, edi, edx, esi, r13d, al, dl } = x64;
const { add, jae, jmp, jne, jns, lea, mov, movsb, rep, shl, test } = x64;

/** Where the unpacked answer is: low, so that four bytes hold its address, and far from everything else. */
const UNPACKED = 0x40000000;
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
