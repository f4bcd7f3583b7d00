/**
 * Profiles `full` and `site` for arm64: the server of `a64-server.ts` with entity tags, gzip, SIGTERM and IPv6.
 *
 * `full.ts` tells how it works. Here are the same blocks in the same order, and `content.ts` makes the same list of
 * the same responses. In memory, wherever the kernel wants it, stand the table of where each response begins, the list,
 * and the responses.
 */
import * as a64 from '../asm/a64.ts';
import { type Assembled, assemble, type Block, block } from '../asm/assembler.ts';
import { factor, flags, notDelimiter, progress, set, system, table, tick } from './a64-idioms.ts';
import { inflate } from './a64-inflate.ts';
import {
  byte,
  hashFolded,
  header,
  lookingUp,
  nextByte,
  receiving,
  sending,
  TICK_BIT,
  tokenTable,
  unless,
  waiting,
  watching,
} from './a64-server.ts';
import { choosePort, portIs, setUp, watchListener } from './a64-start.ts';
import { type Content, contentOfPage, contentOfSite, MISSING, VARIANTS } from './content.ts';
import { ORIGIN } from './elf.ts';
import {
  ABOUT,
  bytesOfNumber,
  CONTEXT,
  END_OF_HEAD,
  filesOf,
  type SiteOptions,
  starts,
  TOKENS,
} from './full.ts';
import { shifted } from './idioms.ts';
import { BLOCK_HEADER_BITS } from './inflate.ts';
import * as linux from './linux.ts';
import { checkTokens, FLAG, LINE, type ProgramOptions, type ServerOptions, SPACE } from './server.ts';

const { add, adr, after, and, at, b, beq, bfi, bge, bl, blo, bls, bne, br, cmp, indexed, ldp, ldr } = a64;
const { ldrb, ldrh, lsl, madd, mov, mul, orr, str, sub, subs, sxtb, tbz, tst, ubfx } = a64;
const { w0, w1, w2, w3, w6, w7, w8, w9, wzr } = a64;
const { x0, x1, x2, x6, x7, x10, x14, x15, x16, x17, x30, xzr } = a64;

/** The number of the response is in `flags`, from here on. */
const [RESPONSE_BIT, RESPONSE_BITS] = [8, 16];
const ENTRY_BYTES = 8;
/** Numbers below it, and multiples of it, can be added in one instruction. */
const PAGE_BYTES = 0x1000;

/** As many as can run into their successor. */
// biome-ignore format: a list of names
const ORDER = [
  'header', 'arguments', 'nextVariable', 'parse', 'digit', 'havePort', 'unpack', 'nextVariant', 'unpacked',
  'watch', 'control', 'variant', 'content', 'packed', 'symbol', 'literal', 'store', 'nineBits', 'short', 'length',
  'distance', 'window', 'copyByte', 'copy', 'value', 'haveValue', 'unpackedOne',
  'turn', 'read', 'nextByte', 'lookUp', 'found', 'path', 'pathEnd', 'findPath', 'foundPath', 'newLine', 'sameLine',
  'sameWord', 'take', 'response', 'fallBack', 'headByte', 'send', 'progress', 'sent', 'callForConnection', 'call',
  'wait', 'sweep', 'swept', 'idle', 'accept', 'noWord', 'otherWord', 'newWord', 'notRead', 'rewatch', 'close', 'portIs',
  'tokens', 'paths', 'responseOfPath', 'tags', 'list', 'stored',
];

export function assembleA64Full({ page, ...options }: ServerOptions): Assembled {
  return assembleWith(contentOfPage(page), options);
}

/** @throws SiteError */
export function assembleA64Site({ files, ...options }: SiteOptions): Assembled {
  return assembleWith(contentOfSite(files), options);
}

function assembleWith(content: Content, { port, layout }: ProgramOptions): Assembled {
  checkTokens(TOKENS, starts());
  const blocks = [
    ...[header(port, layout), ...choosePort(), ...setUp(true)],
    ...[...makingResponses(content), ...inflate('unpackedOne')],
    ...[...waiting(), ...watching(), ...receiving(), ...recognising(content)],
    ...[...responding(), ...sending(), ...ending()],
    ...[portIs(), tokenTable(TOKENS), ...filesOf(content)],
  ];
  return assemble({ blocks, order: ORDER, origin: ORIGIN, jump: b });
}

/** With the end of the last response. */
function tableBytesOf({ responses }: Content): number {
  const size = (responses * VARIANTS + 1) * ENTRY_BYTES;
  return size < PAGE_BYTES ? size : Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
}

/** What fails here ends in a crash. */
function makingResponses(content: Content): Block[] {
  const tableBytes = tableBytesOf(content);
  return [
    block(
      'unpack',
      [
        ...[mov(x0, xzr), ...set(w1, tableBytes + content.listBytes + content.responseBytes)],
        ...[mov(w2, linux.PROT_READ_WRITE), mov(w3, linux.MAP_PRIVATE_ANONYMOUS), ...system('mmap')],
        // x16: the list, once it is unpacked · x15: its end · x2: where the next response goes, at first behind the
        // list · x17: its entry in the table · x1: the content that is next
        ...[mov(table, x0), mov(x17, x0)],
        tableBytes < PAGE_BYTES
          ? add(x16, x0, tableBytes)
          : add(x16, x0, tableBytes / PAGE_BYTES, { lsl: 12 }),
        ...[mov(x2, x16), adr(x1, 'list'), bl('packed'), mov(x15, x2), adr(x1, 'stored')],
      ],
      'nextVariant',
    ),
    block('nextVariant', [cmp(x16, x15), blo('variant')], 'unpacked'),
    block(
      'variant',
      [
        ...[str(x2, after(x17, ENTRY_BYTES)), ldrb(w7, after(x16, 1)), mov(x10, x16), bl('copy')],
        // What is to be unpacked will be needed once more.
        ...[ldr(w7, after(x10, 4)), mov(x16, x10), tbz(w7, 31, 'content'), bl('packed')],
      ],
      'nextVariant',
    ),
    block('content', [mov(x10, x1), bl('copy'), mov(x1, x10)], 'nextVariant'),
    block('packed', [mov(x14, x30), mov(w3, BLOCK_HEADER_BITS)], 'symbol'),
    block('unpackedOne', [br(x14)]),
    block('unpacked', watchListener(), 'watch'),
  ];
}

/** Step 4, see `server.ts`: words, and in the first line the path */
function recognising({ paths, responses }: Content): Block[] {
  return [
    // As signed numbers no flags are greater than those of the path.
    block(
      'nextByte',
      [...nextByte(), sxtb(w6, flags), cmp(w6, ABOUT.PATH), bge('path'), ...hashFolded()],
      'lookUp',
    ),
    ...lookingUp(CONTEXT),
    // Is it the tag of the file? For responses without one some other number stands there, which does no harm.
    block(
      'noWord',
      [
        ...[ubfx(w6, flags, RESPONSE_BIT, RESPONSE_BITS), adr(x7, shifted('tags', -4 * (MISSING + 1)))],
        ...[ldr(w7, indexed(x7, x6, 2)), cmp(w7, progress), bne('otherWord'), orr(flags, flags, FLAG.SAME)],
      ],
      'otherWord',
    ),
    block('otherWord', [tst(byte, notDelimiter), bne('sameWord')], 'newWord'),
    block('newWord', [cmp(byte, LINE), bne('sameLine')], 'newLine'),
    block('newLine', [and(flags, flags, ~ABOUT.PATH)], 'sameLine'),
    // What the line is about becomes part of where a word begins, beside `NOT_ABOUT`.
    block(
      'sameLine',
      [orr(w6, flags, ~ABOUT.PATH), mov(progress, byte), bfi(progress, w6, 8, 8)],
      'sameWord',
    ),
    ...findingPath(paths.length, responses),
  ];
}

/** The path ends with a space, a query, or what must not be in it. */
function findingPath(paths: number, responses: number): Block[] {
  const number = bytesOfNumber(responses) === 1 ? ldrb(w6, indexed(x7, x6)) : ldrh(w6, indexed(x7, x6, 1));
  return [
    block(
      'path',
      [
        ...[cmp(byte, '?'.charCodeAt(0)), beq('pathEnd'), cmp(byte, SPACE), bls('pathEnd')],
        madd(progress, progress, factor, byte),
      ],
      'sameWord',
    ),
    block(
      'pathEnd',
      [mul(progress, progress, factor), mov(w6, paths + 1), adr(x7, shifted('paths', -8))],
      'findPath',
    ),
    // From the last to the first, and one before it, which is no path, but leads to the response for what is missing.
    block(
      'findPath',
      [
        ...[ldr(w9, indexed(x7, x6, 2)), subs(w6, w6, 1), beq('foundPath')],
        ...[cmp(w9, progress), bne('findPath')],
      ],
      'foundPath',
    ),
    block(
      'foundPath',
      [adr(x7, 'responseOfPath'), number, bfi(flags, w6, RESPONSE_BIT, RESPONSE_BITS)],
      'newLine',
    ),
  ];
}

/** Step 5. x1, w2: the response's address and length */
function responding(): Block[] {
  return [
    block(
      'response',
      [
        // GZIP and SAME are the number of the variant.
        ubfx(w6, flags, RESPONSE_BIT, RESPONSE_BITS),
        ubfx(w7, flags, Math.log2(FLAG.GZIP), Math.log2(VARIANTS)),
        add(w6, w7, w6, { lsl: Math.log2(VARIANTS) }),
      ],
      'fallBack',
    ),
    block(
      'fallBack',
      [
        ...[add(x7, table, x6, { lsl: Math.log2(ENTRY_BYTES) }), ldp(x1, x2, at(x7))],
        ...[sub(w6, w6, 1), subs(x2, x2, x1), beq('fallBack'), unless(FLAG.HEAD, 'send')],
        // For HEAD up to the end of the head.
        ...[...set(w7, Buffer.from(END_OF_HEAD).readUInt32LE()), mov(w2, wzr)],
      ],
      'headByte',
    ),
    block(
      'headByte',
      [
        ...[ldr(w6, indexed(x1, x2)), add(w2, w2, 1), cmp(w6, w7), bne('headByte')],
        add(w2, w2, END_OF_HEAD.length - 1),
      ],
      'send',
    ),
  ];
}

/** Step 6. The tick alone remains of the flags. */
function ending(): Block[] {
  return [
    block(
      'sent',
      [
        ...[mov(progress, wzr), mov(w0, flags), lsl(flags, tick, TICK_BIT)],
        tbz(w0, Math.log2(FLAG.CLOSE), 'wait'),
        ...[mov(w1, linux.SHUT_WR), mov(w8, linux.SYS_ARM64.shutdown)],
      ],
      'callForConnection',
    ),
  ];
}
