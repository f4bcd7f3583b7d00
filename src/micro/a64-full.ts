/**
 * Profile `full` of `full.ts` for arm64: the server of `a64-server.ts` with entity tags, gzip, SIGTERM and IPv6.
 */
import * as a64 from './a64.ts';
import { set, system, unpacked } from './a64-idioms.ts';
import { inflate } from './a64-inflate.ts';
import {
  ending,
  header,
  reading,
  sending,
  tokenTable,
  unless,
  waiting,
  watching,
  where,
} from './a64-server.ts';
import { choosePort, portIs, setUp, watchListener } from './a64-start.ts';
import { NOT_ALLOWED, NOT_FOUND } from './answers.ts';
import { type Assembled, ascii, assemble, type Block, block, bytes, label } from './assembler.ts';
import { ORIGIN } from './elf.ts';
import { BLOCK_HEADER_BITS } from './inflate.ts';
import * as linux from './linux.ts';
import { GZIP_HEADER_BYTES } from './pack.ts';
import { headsOf, LINES, type PackedPage, packed, tokensFor } from './packed-page.ts';
import { checkTokens, FLAG, type ServerOptions } from './server.ts';

const { adr, b, bl, mov, w1, w2, w3, w7, x0, x1, x2, x10, xzr } = a64;

/** As many as can run into their successor. */
// biome-ignore format: a list of names
const ORDER = [
  'header', 'arguments', 'nextVariable', 'parse', 'digit', 'havePort', 'unpack', 'symbol', 'literal', 'store',
  'nineBits', 'short', 'length', 'distance', 'window', 'copy', 'value', 'haveValue', 'unpacked',
  'turn', 'read', 'nextByte', 'lookUp', 'found', 'noWord', 'newWord', 'sameLine', 'sameWord', 'take', 'answer',
  'answerPacked', 'send', 'progress', 'sent', 'callForConnection', 'call', 'wait', 'sweep', 'swept', 'idle', 'accept',
  'watch', 'control', 'notRead', 'rewatch', 'close', 'portIs', 'tokens', 'plainEnd', 'notAllowed', 'notFound',
  'notModified', 'ok',
];

export function assembleA64Full({ page, port }: ServerOptions): Assembled {
  const whole = packed(page);
  const tokens = tokensFor(whole.tag);
  checkTokens(tokens, LINES);
  const blocks = [
    ...[header(port), ...choosePort(), ...setUp(true)],
    ...[...unpacking(whole), ...inflate('unpacked')],
    ...[...waiting(), ...watching(), ...reading(true), ...answering(whole), ...sending(), ...ending()],
    ...[portIs(), tokenTable(tokens, true), ...dataOf(whole)],
  ];
  return assemble({ blocks, order: ORDER, origin: ORIGIN, jump: b });
}

/** The kernel chooses where; what fails here ends in a crash. */
function unpacking(page: PackedPage): Block[] {
  const { common, plainEnd } = headsOf(page);
  return [
    block(
      'unpack',
      [
        ...[mov(x0, xzr), ...set(w1, common.length + plainEnd.length + page.plainBytes)],
        ...[mov(w2, linux.PROT_READ_WRITE), mov(w3, linux.MAP_PRIVATE_ANONYMOUS), ...system('mmap')],
        ...[mov(unpacked, x0), mov(x2, x0)],
        ...[adr(x10, 'ok'), mov(w7, common.length), bl('copy')],
        ...[adr(x10, 'plainEnd'), mov(w7, plainEnd.length), bl('copy')],
        ...[adr(x1, 'deflated'), mov(w3, BLOCK_HEADER_BITS)],
      ],
      'symbol',
    ),
    block('unpacked', watchListener(), 'watch'),
  ];
}

/** Step 5, see `server.ts` */
function answering(page: PackedPage): Block[] {
  const { common, packedEnd, plainEnd, notModified } = headsOf(page);
  const [packedHead, plainHead] = [common.length + packedEnd.length, common.length + plainEnd.length];
  return [
    block('answer', [
      ...[adr(x1, 'notAllowed'), mov(w2, NOT_ALLOWED.length + NOT_FOUND.length), unless(FLAG.KNOWN, 'send')],
      ...[adr(x1, 'notFound'), mov(w2, NOT_FOUND.length), unless(FLAG.FOUND, 'send')],
      ...[adr(x1, 'notModified'), mov(w2, notModified.length), where(FLAG.SAME, 'send')],
      where(FLAG.GZIP, 'answerPacked'),
      ...[mov(x1, unpacked), mov(w2, plainHead), where(FLAG.HEAD, 'send')],
      ...[...set(w2, plainHead + page.plainBytes), b('send')],
    ]),
    block(
      'answerPacked',
      [
        ...[adr(x1, 'ok'), mov(w2, packedHead), where(FLAG.HEAD, 'send')],
        ...set(w2, packedHead + page.packed.length),
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
