/**
 * A web server for one page, in x86-64 instructions: profile `standard`. For arm64: `a64-server.ts`.
 *
 * One process serves all connections. `epoll` tells which of them can go on; each gets one turn and never
 * waits. There is no heap and no buffer for each connection, only eight bytes of state:
 *
 *   byte   0 to 3   while a request comes in: the hash of its last word (`word-hashes.ts`)
 *                   while its response goes out: how much of it has been sent
 *   byte   4        the flags below: what is known about the request
 *   byte   7        the tick in which there was progress last; never 0 once used
 *
 * 1. Setting up: the port, the signal handler, the listening socket, epoll.
 * 2. Waiting: for something to happen to a descriptor. At every tick all that had no progress during the last
 *    one are closed.
 * 3. Accepting: a new connection begins with a state of zeros.
 * 4. Reading: what has come in is first looked at only (MSG_PEEK) and hashed up to the end of the request, and
 *    then taken out of the socket exactly so far. The next request stays where it is.
 * 5. Responding: head and page stand one behind the other in the file, which is mapped, so that a response is a
 *    piece of memory. Which one follows from the flags, each time anew, and so nothing has to be remembered.
 * 6. Ending: after a response that is the last one, the connection is shut down in this direction only, since
 *    closing it with something unread takes the response away from the client. What it still sends, is read like
 *    requests; the responses to them go nowhere.
 *
 * The table of words and the code that ends the program begin in the gaps of the ELF header (`elf.ts`).
 *
 * Conventions of Linux: a call's number is in rax, its arguments in rdi, rsi, rdx, r10, r8, r9. The result
 * comes in rax, an error as its negative number; rcx and r11 are lost. A new process has zero in every register.
 */

import {
  type Assembled,
  address,
  ascii,
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
import { GAP_BYTES, headerWith, type Layout, ORIGIN } from './elf.ts';
import { chained, copy, set, shifted, system } from './idioms.ts';
import * as linux from './linux.ts';
import { NOT_ALLOWED, NOT_FOUND, okHead } from './responses.ts';
import { choosePort, setUp } from './start.ts';
import { collisions, DELIMITERS, FACTOR, FOLD, type HashedWord, hashOf, LETTER_BIT } from './word-hashes.ts';

const { rax, rbx, rcx, rdx, rsi, rdi, rsp, r9, r10, at, byte, scaled } = x64;
const { eax, ebx, ecx, edx, esi, edi, ebp, esp, r10d, r12d, r13d, r14d, r10w } = x64;
const { al, cl, dl, r14b } = x64;
const { add, and, bt, cmp, dec, imul, inc, lea, mov, movzx, or, pop, push, shl, sub, test, xchg, xor } = x64;
const { jae, jb, je, jge, jle, jmp, jne, jns, jrcxz, lodsb, loopne, rdtsc, syscall } = x64;
const { EPOLLIN, EPOLLOUT, MSG } = linux;

/** What is known about a request. */
export const FLAG = {
  /** It is complete. Two bits: reading has 0, responding 5, and either ^ 1 is what to wait for, EPOLLIN or OUT. */
  COMPLETE: EPOLLIN | EPOLLOUT,
  HEAD: 0x02,
  /** The client takes gzip; it has this very file (both in `full.ts` only). */
  GZIP: 0x08,
  SAME: 0x10,
  /** The connection ends with the response: the client wants it, or there is a body, which is not understood. */
  CLOSE: 0x80,
  /** The target is the page. As a number it is also the space that the next word begins behind. */
  FOUND: 0x20,
  /** GET or HEAD. */
  KNOWN: 0x40,
} as const;
/** What of a word's flags becomes the start of the next one. */
export const CONTEXT = FLAG.FOUND | FLAG.KNOWN;
export const [SPACE, LINE] = [0x20, 0x0a];

/** The words that matter. One that stands for `CLOSE` may be found where it means nothing: that does no harm. */
export const TOKENS: readonly HashedWord[] = [
  { start: LINE, text: '\r\n', flags: FLAG.COMPLETE },
  { start: 0, text: 'get ', flags: FLAG.KNOWN },
  { start: 0, text: 'head ', flags: FLAG.KNOWN | FLAG.HEAD },
  { start: FLAG.KNOWN, text: '/ ', flags: FLAG.FOUND },
  { start: FLAG.KNOWN, text: '/?', flags: FLAG.FOUND },
  { start: SPACE, text: 'http/1.0', flags: FLAG.CLOSE },
  { start: SPACE, text: 'close', flags: FLAG.CLOSE },
  { start: LINE, text: 'connection:close', flags: FLAG.CLOSE },
  { start: LINE, text: 'content-length', flags: FLAG.CLOSE },
  { start: LINE, text: 'transfer-encoding', flags: FLAG.CLOSE },
];
/** Set in bytes that are no delimiter. */
export const NOT_DELIMITER = 0xff & ~DELIMITERS.reduce<number>((bits, byte) => bits | byte, 0);

/**
 * On the stack: what is read, and behind it, within reach of a one-byte displacement, the states. The last ones
 * lie where arguments and environment were. Descriptors from `MAX_DESCRIPTORS` on are closed at once.
 */
export const BUFFER_BYTES = 0x78;
const MAX_DESCRIPTORS = 0x2000;
export const ROOM_BYTES = 0xfff8;
export const STATE = { progress: 0, flags: 4, response: 5, tick: 7 } as const;
/** These bits are always set: a tick is eight turns of the counter's lower half, 7 to 34 s, and is never 0. */
const TICK_MASK = 7;
/** Sending neither waits nor kills; the same number is how many milliseconds an idle program sleeps. */
const SEND_FLAGS = MSG.NOSIGNAL | MSG.DONTWAIT;
/** The low byte of an error. */
const AGAIN = 0x100 - linux.EAGAIN;

/** Found by `scripts/micro/order.ts`: no smaller one is known. */
// biome-ignore format: a list of names
const ORDER = [
  'header', 'arguments', 'nextVariable', 'parse', 'digit', 'havePort', 'watch', 'control', 'idle', 'accept',
  'close', 'notRead', 'rewatch', 'turn', 'swept', 'wait', 'sweep', 'read', 'send', 'progress', 'sent', 'take',
  'response', 'noWord', 'newWord', 'sameWord', 'nextByte', 'lookUp', 'tokens', 'notAllowed', 'notFound', 'ok',
];

export interface Page {
  readonly content: Uint8Array;
  readonly contentType: string;
}

export interface ProgramOptions {
  /** Used where neither the first argument nor `PORT` says otherwise. */
  readonly port: number;
  /** Of the ELF header; left out, the compact one. */
  readonly layout?: Layout;
}

export interface ServerOptions extends ProgramOptions {
  readonly page: Page;
}

export function assembleStandard(options: ServerOptions): Assembled {
  return assemble(standardProgram(options));
}

export function standardProgram(options: ServerOptions): OrderedProgram {
  checkTokens(TOKENS, [...DELIMITERS, FLAG.KNOWN, CONTEXT]);
  return { blocks: blocksOf(options), order: ORDER, origin: ORIGIN, jump: jmp };
}

function blocksOf({ page, port, layout = 'compact' }: ServerOptions): Block[] {
  return [
    ...header(port, layout),
    ...choosePort(),
    ...setUp(ROOM_BYTES),
    ...waiting(),
    ...watching(),
    ...receiving(),
    ...recognising(),
    ...responding(page),
    ...sending(),
    ...ending(),
    ...dataOf(page),
  ];
}

/** Where the flags of the connection of this turn are. */
export const flags = byte(rbx, STATE.flags);

function header(port: number, layout: Layout): Block[] {
  const flagsOfTokens = Array.from({ length: GAP_BYTES.sections }, (_, index) => TOKENS[index]?.flags ?? 0);
  const sections = [label('flagsOfTokens'), data(1, ...flagsOfTokens)];
  if (TOKENS.length > GAP_BYTES.sections) throw new RangeError('too many words for the gap of the header');
  const gaps = { sections, physical: entry(port), alignment: stopping() };
  return [block('header', headerWith(layout, 'x86-64', gaps))];
}

/** Into ebx: the port, if nobody says otherwise. Into rcx: argc. */
export function entry(port: number): Fragment[] {
  return [label('start'), mov(ebx, port), pop(rcx), jmp('arguments')];
}

/** The kernel calls `stop` on SIGINT; `fail` ends with what is in eax, an error. */
export function stopping(): Fragment[] {
  return [...[label('stop'), xor(eax, eax)], ...[label('fail'), xchg(edi, eax), ...system('exit')]];
}

/** Throws where something could be taken for a word. */
export function checkTokens(tokens: readonly HashedWord[], starts: readonly number[]): void {
  const found = collisions(tokens, starts);
  if (found.length > 0) throw new Error(`words that cannot be told apart: ${found.join(', ')}`);
}

/** Where the state of the connection in rdi is. */
function stateAt(offset: number) {
  return at(rsp, scaled(rdi, 8), BUFFER_BYTES + offset);
}

/** Step 2. r14: the tick · rbx: the state of rdi, this turn's connection */
export function waiting(): Block[] {
  return [
    block('swept', [mov(r14d, edx)], 'wait'),
    // rdtsc leaves in edx how often 2^32 cycles have gone by: about every second.
    block('wait', [...[mov(edi, r12d), rdtsc, or(edx, TICK_MASK)], ...[cmp(edx, r14d), je('idle')]], 'sweep'),
    // Connections have the descriptors behind epoll's, lowest first, without gaps. Whoever made progress, did so
    // in the tick that has just ended.
    block('sweep', [
      ...[inc(edi), movzx(ecx, byte(rsp, scaled(rdi, 8), BUFFER_BYTES + STATE.tick)), jrcxz('swept')],
      ...[cmp(cl, r14b), je('sweep'), ...system('close'), jmp('sweep')],
    ]),
    block(
      'idle',
      [
        ...[
          ...copy(rsi, rsp),
          ...set(rdx, 1),
          mov(r10d, SEND_FLAGS),
          xor(eax, eax),
          ...chained('epoll_wait'),
        ],
        ...[dec(eax), jne('wait')],
        // struct epoll_event { events, data }: the data is the descriptor (`watch`). eax is 0: nothing new.
        ...[mov(edi, at(rsp, 8)), cmp(edi, r13d), jne('turn')],
      ],
      'accept',
    ),
    // Descriptors are given out lowest first, so that this one comes before all others that are too high. An
    // error, as a negative number, has the bit too. What is in edi before goes to eax: not 0.
    block(
      'accept',
      [
        ...[xor(esi, esi), ...chained('accept'), xchg(edi, eax)],
        ...[bt(edi, Math.log2(MAX_DESCRIPTORS)), jb('close')],
      ],
      'turn',
    ),
    block(
      'turn',
      [
        ...[lea(rbx, stateAt(0)), test(eax, eax), jne('watch')],
        ...[test(flags, FLAG.COMPLETE & EPOLLOUT), jne('response')],
      ],
      'read',
    ),
  ];
}

/** Step 3, and how a descriptor in rdi gets watched */
export function watching(): Block[] {
  return [
    block(
      'watch',
      [
        // r9 is always 0.
        ...[mov(at(rbx), r9), mov(at(rbx, STATE.tick), r14b)],
        ...set(rsi, linux.EPOLL_CTL_ADD),
      ],
      'control',
    ),
    // Nothing read: an error in eax, or 0 at the end. To wait is all right, anything else ends the connection.
    block('notRead', [cmp(al, AGAIN), jne('close')], 'rewatch'),
    block('rewatch', [...set(rsi, linux.EPOLL_CTL_MOD)], 'control'),
    block(
      'control',
      [
        ...[mov(al, flags), and(eax, FLAG.COMPLETE), xor(al, EPOLLIN)],
        // struct epoll_event: the first four bytes of one, and the other as the upper half of the data.
        ...[push(rdi), push(rax), ...copy(r10, rsp)],
        ...[mov(edx, edi), mov(edi, r12d), ...chained('epoll_ctl'), pop(rax), pop(rax)],
      ],
      'wait',
    ),
    block('close', [...system('close')], 'wait'),
  ];
}

/** Step 4: what comes in, and is taken out. ebp: the hash · rsi: the next byte · edx: how many there are */
export function receiving(): Block[] {
  return [
    // eax is still 0, and then what edx was: both fit into al.
    block(
      'read',
      [
        ...[...copy(rsi, rsp), mov(dl, BUFFER_BYTES), ...set(r10, MSG.PEEK | MSG.DONTWAIT)],
        ...[...chained('recvfrom'), test(eax, eax), jle('notRead'), xchg(edx, eax)],
      ],
      'nextByte',
    ),
    block('sameWord', [dec(edx), jne('nextByte')], 'take'),
    // Takes what has been looked at out of the socket. The last word of a request leaves 0 as its hash.
    block(
      'take',
      [
        ...[mov(edx, esi), sub(edx, esp), ...copy(rsi, rsp), xor(eax, eax), syscall],
        ...[test(flags, FLAG.COMPLETE & EPOLLOUT), je('wait')],
      ],
      'response',
    ),
  ];
}

/** Makes a letter in al small. Delimiters stay what they are. */
export function folded(): Fragment[] {
  return [test(al, 1 << LETTER_BIT), je('noLetter'), or(al, FOLD), label('noLetter')];
}

/** Step 4: words */
function recognising(): Block[] {
  return [
    block(
      'nextByte',
      [
        ...[lodsb, ...folded(), imul(ebp, at(rbx, STATE.progress), FACTOR), add(ebp, eax)],
        ...[mov(at(rbx, STATE.progress), ebp), ...set(rcx, TOKENS.length)],
      ],
      'lookUp',
    ),
    lookUp(CONTEXT),
    block('noWord', [test(al, NOT_DELIMITER), jne('sameWord')], 'newWord'),
    block('newWord', [mov(at(rbx, STATE.progress), eax)], 'sameWord'),
  ];
}

/** Is ebp one of the words? Then its flags are set, and the hash goes on from those in `context`. */
export function lookUp(context: number): Block {
  return block(
    'lookUp',
    [
      ...[cmp(at(scaled(rcx, 4), shifted('tokens', -4)), ebp), loopne('lookUp'), jne('noWord')],
      ...[mov(al, at(rcx, address('flagsOfTokens'))), or(flags, al)],
      // The first word of the table is the end.
      ...[and(al, context), mov(at(rbx, STATE.progress), eax), jrcxz('take')],
    ],
    'sameWord',
  );
}

/** Step 5. esi, edx: the response's address and length, as a whole and then what is left of it */
function responding(page: Page): Block[] {
  const head = okHead(page.contentType, page.content.length);
  return [
    block(
      'response',
      [
        ...[mov(esi, address('notAllowed')), ...set(rdx, NOT_ALLOWED.length + NOT_FOUND.length)],
        // Shifted left twice, KNOWN is the carry, and FOUND the sign; lea and mov leave them alone.
        ...[mov(al, flags), shl(al, 2), jae('send')],
        ...[lea(esi, at(rsi, NOT_ALLOWED.length)), mov(dl, NOT_FOUND.length), jns('send')],
        ...[add(esi, NOT_FOUND.length), mov(dl, head.length), test(al, FLAG.HEAD << 2), jne('send')],
        mov(edx, head.length + page.content.length),
      ],
      'send',
    ),
  ];
}

/** Step 5, goes on */
export function sending(): Block[] {
  return [
    block(
      'send',
      [
        ...[add(esi, at(rbx, STATE.progress)), sub(edx, at(rbx, STATE.progress))],
        ...[mov(r10w, SEND_FLAGS), ...chained('sendto')],
        // What else can go wrong here has greater numbers, and so is less.
        ...[cmp(eax, -linux.EAGAIN), je('rewatch'), jns('progress')],
        // The client is gone, or has had its last response: no matter. Reading will tell.
        mov(eax, edx),
      ],
      'progress',
    ),
    block(
      'progress',
      [mov(at(rbx, STATE.tick), r14b), add(at(rbx, STATE.progress), eax), sub(edx, eax), jne('rewatch')],
      'sent',
    ),
  ];
}

/** Step 6. edx is 0 */
export function ending(): Block[] {
  return [
    block(
      'sent',
      [
        ...[mov(at(rbx, STATE.progress), edx), xchg(edx, eax), xchg(flags, al)],
        // As a signed number KNOWN is the largest bit, and CLOSE makes it negative.
        ...[cmp(al, FLAG.KNOWN), jge('wait')],
        ...[...set(rsi, linux.SHUT_WR), ...chained('shutdown')],
      ],
      'wait',
    ),
  ];
}

function dataOf({ content, contentType }: Page): Block[] {
  return [
    block(
      'tokens',
      TOKENS.map((token) => data(4, hashOf(token))),
    ),
    block('notAllowed', [ascii(NOT_ALLOWED)]),
    block('notFound', [ascii(NOT_FOUND)]),
    block('ok', [ascii(okHead(contentType, content.length)), bytes(content, 'the page'), label('end')]),
  ];
}
