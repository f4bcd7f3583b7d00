/**
 * Profiles `full` and `site`: the server of `server.ts` with entity tags, gzip, SIGTERM and IPv6; for one page, and
 * for a folder.
 *
 * All responses are made at the start, in memory that stays writable, and in which nothing is ever executed: texts
 * out of a packed list (`content.ts`), each with its content behind it, copied or unpacked from the file. A table
 * says where each begins, and with that where the one before it ends.
 *
 * In the state of a connection, beside what stands in `server.ts`:
 *
 *   byte   4        among the flags, what the line is about (`ABOUT`)
 *   byte   5 to 6   the number of the response; until the path has come in 0, which refuses the method
 *
 * Words are looked for in lines, and the path only in the whole. It is looked up where it ends.
 */
import {
  type Assembled,
  address,
  assemble,
  type Block,
  block,
  bytes,
  data,
  type Fragment,
  label,
  type OrderedProgram,
} from '../asm/assembler.ts';
import * as x64 from '../asm/x64.ts';
import {
  type Content,
  contentOfPage,
  contentOfSite,
  hashOfPath,
  MISSING,
  PATH_START,
  type SiteFile,
  VARIANTS,
} from './content.ts';
import { GAP_BYTES, headerWith, ORIGIN } from './elf.ts';
import { chained, set, shifted } from './idioms.ts';
import { BLOCK_HEADER_BITS, inflate } from './inflate.ts';
import * as linux from './linux.ts';
import {
  checkTokens,
  entry,
  FLAG,
  flags,
  folded,
  LINE,
  lookUp,
  NOT_DELIMITER,
  type ProgramOptions,
  ROOM_BYTES,
  receiving,
  type ServerOptions,
  SPACE,
  STATE,
  sending,
  stopping,
  waiting,
  watching,
} from './server.ts';
import { choosePort, setUp } from './start.ts';
import { DELIMITERS, FACTOR, type HashedWord, hashOf } from './word-hashes.ts';

const { rax, rbx, rcx, rdx, rsi, rbp, rsp, r10, at, byte, word, dword, scaled } = x64;
const { eax, ebp, ecx, edi, edx, esi, r13d, cx, dx, al, ah, dl } = x64;
const { add, and, call, cmp, dec, imul, inc, lea, mov, movsb, movzx } = x64;
const { or, pop, push, shr, sub, test, xchg, xor } = x64;
const { jb, jbe, je, jge, jmp, jne, jns, lodsb, lodsd, loopne, rep } = x64;

export interface SiteOptions extends ProgramOptions {
  readonly files: readonly SiteFile[];
}

/** Flags: the line is that of Accept-Encoding, or of If-None-Match, or the first one, and the path comes. */
export const ABOUT = { ENCODING: 0x20, MATCH: 0x40, PATH: PATH_START } as const;
/** All other flags. Set in where a word begins, so that only the request itself begins with 0. */
export const NOT_ABOUT = 0xff & ~ABOUT.PATH;
export const QUOTE = 0x22;
/** Where the responses are: low, so that four bytes hold an address, and far from everything else. */
const MEMORY = 0x40000000;
/** What of a word's flags becomes the start of the next one. That is 0 only behind a request. */
export const CONTEXT = 0xff & ~(FLAG.COMPLETE | FLAG.HEAD);
export const END_OF_HEAD = '\r\n\r\n';
/** Up to here `set` can set a register. */
const MAX_SHORT = 0x7f;

/** What a word behind a delimiter begins with. */
export function behind(delimiter: number, about = 0): number {
  return ((about | NOT_ABOUT) << 8) | delimiter;
}

/** In the compact header the flags of the last one are a byte that follows on the gap: its own size, 64. */
export const TOKENS: readonly HashedWord[] = [
  { start: behind(LINE), text: '\r\n', flags: FLAG.COMPLETE },
  { start: 0, text: 'get ', flags: ABOUT.PATH },
  { start: 0, text: 'head ', flags: ABOUT.PATH | FLAG.HEAD },
  { start: behind(SPACE), text: 'http/1.0', flags: FLAG.CLOSE },
  { start: behind(SPACE), text: 'close', flags: FLAG.CLOSE },
  { start: behind(LINE), text: 'connection:close', flags: FLAG.CLOSE },
  { start: behind(LINE), text: 'content-length', flags: FLAG.CLOSE },
  { start: behind(LINE), text: 'transfer-encoding', flags: FLAG.CLOSE },
  { start: behind(LINE), text: 'accept-encoding', flags: ABOUT.ENCODING },
  { start: behind(SPACE, ABOUT.ENCODING), text: 'gzip,', flags: FLAG.GZIP },
  { start: behind(SPACE, ABOUT.ENCODING), text: 'gzip\r', flags: FLAG.GZIP },
  { start: behind(SPACE, ABOUT.MATCH), text: '*', flags: FLAG.SAME },
  { start: behind(LINE), text: 'if-none-match', flags: ABOUT.MATCH },
];

/** Found by `scripts/micro/order.ts`, like the order of `standard`. */
// biome-ignore format: a list of names
const ORDER = [
  'header', 'arguments', 'nextVariable', 'parse', 'digit', 'havePort', 'unpack', 'variant', 'unpacked',
  'response', 'fallBack', 'headByte', 'send', 'progress', 'sent', 'turn', 'swept', 'notRead', 'rewatch', 'idle',
  'accept', 'close', 'wait', 'sweep', 'read', 'watch', 'control', 'take', 'noWord', 'otherWord', 'newWord',
  'sameLine', 'path', 'sameWord', 'nextByte', 'lookUp', 'pathEnd', 'findPath', 'newLine', 'bit', 'value',
  'moreBits', 'placeBits', 'haveValue', 'short', 'length', 'haveLength', 'distanceBit', 'symbol', 'codeBit',
  'nineBits', 'store', 'packed', 'literal', 'tokens', 'paths', 'responseOfPath', 'tags', 'list', 'stored',
];

export function assembleFull({ page, ...options }: ServerOptions): Assembled {
  return assemble(fullProgram(contentOfPage(page), options));
}

/** @throws SiteError */
export function assembleSite({ files, ...options }: SiteOptions): Assembled {
  return assemble(fullProgram(contentOfSite(files), options));
}

export function fullProgram(content: Content, options: ProgramOptions): OrderedProgram {
  checkTokens(TOKENS, starts());
  return { blocks: blocksOf(content, options), order: ORDER, origin: ORIGIN, jump: jmp };
}

/** All that words begin with. */
export function starts(): number[] {
  const delimited = [0, ABOUT.ENCODING, ABOUT.MATCH].flatMap((about) =>
    DELIMITERS.map((delimiter) => behind(delimiter, about)),
  );
  return [0, ...delimited, ...TOKENS.map((token) => token.flags & CONTEXT)];
}

function blocksOf(content: Content, { port, layout = 'compact' }: ProgramOptions): Block[] {
  const fitting = layout === 'compact' ? GAP_BYTES.sections : TOKENS.length;
  const flagsOfTokens = TOKENS.slice(0, fitting).map((token) => token.flags);
  const sections = [label('flagsOfTokens'), data(1, ...flagsOfTokens)];
  const gaps = { sections, physical: entry(port), alignment: stopping() };
  return [
    block('header', headerWith(layout, 'x86-64', gaps)),
    ...choosePort(),
    ...setUp(ROOM_BYTES, true),
    ...makingResponses(content),
    ...inflate('haveValue'),
    ...waiting(),
    ...watching(),
    ...receiving(),
    ...recognising(content),
    ...responding(content),
    ...sending(),
    ...ending(),
    ...dataOf(content),
  ];
}

/** The address of the table: behind the list and the responses. */
function tableOf({ listBytes, responseBytes }: Content): number {
  return MEMORY + listBytes + responseBytes;
}

/** rax is a small number before. What fails here ends in a crash. */
function makingResponses(content: Content): Block[] {
  const table = tableOf(content);
  const tableBytes = 4 * (content.responses * VARIANTS + 1);
  return [
    block(
      'unpack',
      [
        // edx is still the length of the address that was bound.
        ...[mov(edi, MEMORY), mov(esi, table + tableBytes - MEMORY), mov(dl, linux.PROT_READ_WRITE)],
        ...[...set(r10, linux.MAP_PRIVATE_ANONYMOUS_FIXED), ...chained('mmap')],
        // rsi: the list, once it is unpacked · rdi: where the next response goes, at first behind the list · rbp: its
        // entry in the table · on the stack, for good: the content that is next
        ...[push(rax), mov(esi, address('list')), call('packed'), pop(rsi)],
        ...[mov(ebp, table), push(address('stored'))],
      ],
      'variant',
    ),
    block(
      'variant',
      [
        ...[mov(at(rbp), edi), add(ebp, 4), xor(eax, eax), lodsb, xchg(ecx, eax), rep(movsb)],
        // Unpacking leaves 0 in ecx: nothing to copy.
        ...[lodsd, xchg(at(rsp), rsi), xchg(ecx, eax), test(ecx, ecx)],
        ...[jns('copy'), call('packed'), label('copy')],
        ...[rep(movsb), xchg(at(rsp), rsi), cmp(esi, MEMORY + content.listBytes), jb('variant')],
      ],
      'unpacked',
    ),
    block('packed', set(rbx, BLOCK_HEADER_BITS), 'symbol'),
    // Anything but 0: a new descriptor, the listening socket, is to be watched.
    block('unpacked', [...set(rax, 1), mov(edi, r13d)], 'turn'),
  ];
}

/** The number of the response. */
const response = word(rbx, STATE.response);

/** The hash of the tag of response rcx. */
const tagOfResponse = at(scaled(rcx, 4), shifted('tags', -4 * (MISSING + 1)));

/** Sets a register to a number of any size. */
function setTo(register: x64.Register<64>, value: number): Fragment[] {
  return value <= MAX_SHORT ? set(register, value) : [mov(register, value)];
}

/** Step 4, see `server.ts`: words, and in the first line the path */
function recognising({ paths, responses }: Content): Block[] {
  return [
    block(
      'nextByte',
      [
        ...[xor(eax, eax), lodsb, imul(ebp, at(rbx, STATE.progress), FACTOR)],
        // As signed numbers no flags are greater than those of the path.
        ...[cmp(flags, ABOUT.PATH), jge('path')],
        ...[...folded(), add(ebp, eax), mov(at(rbx, STATE.progress), ebp), ...set(rcx, TOKENS.length)],
      ],
      'lookUp',
    ),
    lookUp(CONTEXT),
    // Is it the tag of the file? For responses without one some other number stands there, which does no harm.
    block(
      'noWord',
      [mov(cx, response), cmp(tagOfResponse, ebp), jne('otherWord'), or(flags, FLAG.SAME)],
      'otherWord',
    ),
    block('otherWord', [test(al, NOT_DELIMITER), jne('sameWord')], 'newWord'),
    block('newWord', [cmp(al, LINE), jne('sameLine')], 'newLine'),
    block('newLine', [and(flags, NOT_ABOUT)], 'sameLine'),
    block('sameLine', [mov(ah, flags), or(ah, NOT_ABOUT), mov(at(rbx, STATE.progress), eax)], 'sameWord'),
    // Ends with a space, a query, or what must not be in it.
    block(
      'path',
      [
        ...[cmp(al, '?'.charCodeAt(0)), je('pathEnd'), cmp(al, SPACE), jbe('pathEnd')],
        ...[add(ebp, eax), mov(at(rbx, STATE.progress), ebp)],
      ],
      'sameWord',
    ),
    block('pathEnd', setTo(rcx, paths.length + 1), 'findPath'),
    // From the last to the first, and one before it, which is no path, but leads to the response for what is missing.
    block(
      'findPath',
      [
        ...[cmp(at(scaled(rcx, 4), shifted('paths', -8)), ebp), loopne('findPath')],
        ...[fromTable(responses), mov(response, cx)],
      ],
      'newLine',
    ),
  ];
}

/** The number of a response in the table of paths. */
export function bytesOfNumber(responses: number): 1 | 2 {
  return responses <= 0x100 ? 1 : 2;
}

function fromTable(responses: number): Fragment {
  const table = address('responseOfPath');
  return movzx(ecx, bytesOfNumber(responses) === 1 ? byte(rcx, table) : word(scaled(rcx, 2), table));
}

/** Step 5. esi, edx: the response's address and length */
function responding(content: Content): Block[] {
  const table = tableOf(content);
  const first = Math.log2(FLAG.GZIP);
  const lastFour = dword(rsi, rdx, -END_OF_HEAD.length);
  return [
    block(
      'response',
      [
        // GZIP and SAME are the number of the variant.
        ...[movzx(ecx, response), movzx(eax, flags), shr(al, first), and(al, VARIANTS - 1)],
        lea(ecx, at(rax, scaled(rcx, VARIANTS))),
      ],
      'fallBack',
    ),
    block(
      'fallBack',
      [
        ...[mov(esi, at(scaled(rcx, 4), table)), mov(edx, at(scaled(rcx, 4), table + 4))],
        ...[dec(ecx), sub(edx, esi), je('fallBack')],
        // For HEAD up to the end of the head.
        ...[test(flags, FLAG.HEAD), je('send'), ...set(rdx, END_OF_HEAD.length - 1)],
      ],
      'headByte',
    ),
    block(
      'headByte',
      [inc(edx), cmp(lastFour, Buffer.from(END_OF_HEAD).readUInt32LE()), jne('headByte')],
      'send',
    ),
  ];
}

/** Step 6. edx is 0 */
function ending(): Block[] {
  return [
    block(
      'sent',
      [
        ...[mov(at(rbx, STATE.progress), edx), mov(response, dx), xchg(edx, eax), xchg(flags, al)],
        ...[test(al, FLAG.CLOSE), je('wait')],
        ...[...set(rsi, linux.SHUT_WR), ...chained('shutdown')],
      ],
      'wait',
    ),
  ];
}

function dataOf(content: Content): Block[] {
  const tokens = block(
    'tokens',
    TOKENS.map((token) => data(4, hashOf(token))),
  );
  return [tokens, ...filesOf(content)];
}

/** What depends on the files, for both processors: words may stand anywhere. */
export function filesOf({ packedList, stored, paths, tags, responses }: Content): Block[] {
  const responseOfPath = [MISSING, ...paths.map((path) => path.response)];
  return [
    block(
      'paths',
      paths.map(({ text }) => data(4, hashOfPath(text))),
    ),
    block('responseOfPath', [data(bytesOfNumber(responses), ...responseOfPath)]),
    block(
      'tags',
      tags.map((tag) => data(4, hashOf({ start: behind(QUOTE, ABOUT.MATCH), text: `${tag}"` }))),
    ),
    block('list', [bytes(packedList, 'the list of all variants')]),
    block('stored', [...stored.map((content) => bytes(content, 'a file')), label('end')]),
  ];
}
