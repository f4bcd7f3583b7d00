/**
 * A web server for one page, in A64 instructions: profile `standard` for arm64.
 *
 * `server.ts` tells how it works. Here are the same blocks, under the same names and in the same order, with the
 * same words, responses and states. What differs comes from the processor:
 *
 * - An instruction has four bytes, whatever it does, so that the fewest instructions are the shortest program.
 *   Jumps are all alike: in `ORDER` as many blocks as can be run into their successor.
 * - There are registers enough for the state of this turn's connection, and calls leave them alone.
 * - The counter of the processor says how often it counts in a second, so that a tick is 8 s everywhere.
 * - Words stand in the table together with their flags.
 *
 * Which register holds what, and the conventions of Linux: `a64-idioms.ts`.
 */
import * as a64 from '../asm/a64.ts';
import {
  type Assembled,
  ascii,
  assemble,
  type Block,
  block,
  bytes,
  data,
  type Fragment,
  type Item,
  label,
} from '../asm/assembler.ts';
import {
  connection,
  epoll,
  factor,
  flags,
  listener,
  notDelimiter,
  progress,
  set,
  state,
  system,
  tick,
  wideConnection,
  wideProgress,
} from './a64-idioms.ts';
import { BUFFER_BYTES, choosePort, headerGaps, portIs, STATES_BYTES, setUp } from './a64-start.ts';
import { headerWith, type Layout, ORIGIN } from './elf.ts';
import * as linux from './linux.ts';
import { NOT_ALLOWED, NOT_FOUND, okHead } from './responses.ts';
import { CONTEXT, checkTokens, FLAG, type Page, type ServerOptions, TOKENS } from './server.ts';
import { DELIMITERS, FOLD, type HashedWord, hashOf, LETTER_BIT } from './word-hashes.ts';

const { add, adr, after, and, ands, at, b, beq, bfi, bge, ble, bne, cbz, cmn, cmp, csel, csinc } = a64;
const { indexed, ldp, ldr, ldrb, lsl, madd, mov, mrs, orr, stp, sub, subs, svc, sxtb } = a64;
const { tbnz, tbz, tst, udiv } = a64;
const { sp, w0, w1, w2, w3, w6, w7, w8, w9, w10, w11, wzr, x1, x2, x3, x6, x9, x10, xzr } = a64;
const { EPOLLOUT, MSG } = linux;

/** In `flags`. */
export const TICK_BIT = 24;
const [STATE_BYTES, TICK_BYTE] = [8, 7];
const LOG2_STATE_BYTES = Math.log2(STATE_BYTES);
const LOG2_MAX_DESCRIPTORS = Math.log2(STATES_BYTES / STATE_BYTES);
/** One bit of `FLAG.COMPLETE` is enough to test for it. */
const COMPLETE_BIT = 1;
/** A hash, and flags. */
const ENTRY_BYTES = 5;
/** These bits of the seconds are always set: a tick is 8 s, and is never 0. */
const TICK_MASK = 7;
const IDLE_SLEEP_MS = 16_000;

/** As many as can run into their successor; five cannot. */
// biome-ignore format: a list of names
const ORDER = [
  'header', 'arguments', 'nextVariable', 'parse', 'digit', 'havePort', 'turn', 'read', 'nextByte', 'lookUp', 'found',
  'noWord', 'sameWord', 'take', 'response', 'send', 'progress', 'sent', 'callForConnection', 'call', 'wait', 'sweep',
  'swept', 'idle', 'accept', 'watch', 'control', 'notRead', 'rewatch', 'close', 'portIs', 'tokens', 'notAllowed',
  'notFound', 'ok',
];

export function assembleA64Standard({ page, port, layout }: ServerOptions): Assembled {
  checkTokens(TOKENS, [...DELIMITERS, FLAG.KNOWN, CONTEXT]);
  const blocks = [
    header(port, layout),
    ...choosePort(),
    ...setUp(),
    ...waiting(),
    ...watching(),
    ...receiving(),
    ...recognising(),
    ...responding(page),
    ...sending(),
    ...ending(),
    ...dataOf(page),
  ];
  return assemble({ blocks, order: ORDER, origin: ORIGIN, jump: b });
}

export function header(port: number, layout: Layout = 'compact'): Block {
  return block('header', headerWith(layout, 'arm64', headerGaps(port)), 'arguments');
}

/** Jumps unless the request has this flag, of one bit. */
export function unless(flag: number, to: string): Item {
  return tbz(flags, Math.log2(flag), to);
}

/** Jumps where the request has this flag, of one bit. */
export function where(flag: number, to: string): Item {
  return tbnz(flags, Math.log2(flag), to);
}

/** Into a register: where events and requests come in */
function buffer(to: a64.Register<64>): Item {
  return add(to, sp, STATES_BYTES >> 12, { lsl: 12 });
}

function findState(): Item {
  return add(state, sp, wideConnection, { lsl: LOG2_STATE_BYTES });
}

/** Step 2 */
export function waiting(): Block[] {
  return [
    block('swept', [mov(tick, w9)], 'idle'),
    // The turn is over, and its connection's state goes back to memory.
    block(
      'wait',
      [
        ...[stp(progress, flags, at(state))],
        ...[mrs(x9, 'cntvct_el0'), mrs(x10, 'cntfrq_el0'), ...[udiv(x9, x9, x10), orr(w9, w9, TICK_MASK)]],
        ...[cmp(w9, tick), beq('idle'), mov(w10, epoll)],
      ],
      'sweep',
    ),
    // Connections have the descriptors behind epoll's, lowest first, without gaps. Whoever made progress, did so
    // in the tick that has just ended.
    block('sweep', [
      ...[add(w10, w10, 1), add(x1, sp, x10, { lsl: LOG2_STATE_BYTES }), ldrb(w1, at(x1, TICK_BYTE))],
      ...[cbz(w1, 'swept'), cmp(w1, tick, { uxtb: true }), beq('sweep')],
      ...[mov(w0, w10), ...system('close'), b('sweep')],
    ]),
    block(
      'idle',
      [
        ...[mov(w0, epoll), buffer(x1), mov(w2, 1), mov(w3, IDLE_SLEEP_MS), ...system('epoll_pwait')],
        // 1: something has happened. 0 and the one error that can come, EINTR, are even.
        tbz(w0, 0, 'wait'),
        // struct epoll_event { events, nothing, data }: the data is the descriptor (`control`).
        ...[ldr(connection, at(x1, 8)), cmp(connection, listener), bne('turn')],
      ],
      'accept',
    ),
    // Descriptors are given out lowest first, so that this one comes before all others that are too high. An
    // error, as a negative number, has the bit too.
    block(
      'accept',
      [
        ...[mov(w0, listener), mov(x1, xzr), ...system('accept'), mov(connection, w0)],
        tbnz(connection, LOG2_MAX_DESCRIPTORS, 'close'),
      ],
      'watch',
    ),
    block('turn', [findState(), ldp(progress, flags, at(state)), where(COMPLETE_BIT, 'response')], 'read'),
  ];
}

/** Step 3, and how a connection gets watched */
export function watching(): Block[] {
  return [
    block(
      'watch',
      [findState(), mov(progress, wzr), lsl(flags, tick, TICK_BIT), mov(w1, linux.EPOLL_CTL_ADD)],
      'control',
    ),
    // Nothing read: an error in w0, or 0 at the end. To wait is all right, anything else ends the connection.
    block('notRead', [cmn(w0, linux.EAGAIN), bne('close')], 'rewatch'),
    block('rewatch', [mov(w1, linux.EPOLL_CTL_MOD)], 'control'),
    block(
      'control',
      [
        // A bit of COMPLETE is EPOLLOUT; without it the events are 0 + 1, which is EPOLLIN.
        ...[ands(w6, flags, EPOLLOUT), csinc(w6, [w6, wzr], 'ne')],
        ...[buffer(x3), stp(x6, wideConnection, at(x3))],
        ...[mov(w0, epoll), mov(w2, connection), mov(w8, linux.SYS_ARM64.epoll_ctl)],
      ],
      'call',
    ),
    block('close', [mov(w8, linux.SYS_ARM64.close)], 'callForConnection'),
    block('callForConnection', [mov(w0, connection)], 'call'),
    block('call', [svc], 'wait'),
  ];
}

/**
 * Step 4: what comes in, and is taken out. `progress`: the hash · x1: what has come in · w0: how much · w2: how much
 * of it has been looked at
 */
export function receiving(): Block[] {
  return [
    block(
      'read',
      [
        ...[mov(w0, connection), buffer(x1), mov(w2, BUFFER_BYTES), mov(w3, MSG.PEEK | MSG.DONTWAIT)],
        ...[...system('recvfrom'), cmp(w0, 0), ble('notRead'), mov(x2, xzr)],
      ],
      'nextByte',
    ),
    block('sameWord', [cmp(w2, w0), bne('nextByte')], 'take'),
    // Takes what has been looked at out of the socket. The last word of a request leaves 0 as its hash.
    block('take', [mov(w0, connection), mov(w3, wzr), svc, unless(COMPLETE_BIT, 'wait')], 'response'),
  ];
}

/** The byte that is being looked at. */
export const byte = w11;

/** Into `byte`: the next one */
export function nextByte(): Fragment[] {
  return [ldrb(byte, indexed(x1, x2)), add(w2, w2, 1)];
}

/** It becomes part of the hash, letters as small ones. */
export function hashFolded(): Fragment[] {
  return [
    ...[tbz(byte, LETTER_BIT, 'noLetter'), orr(byte, byte, FOLD), label('noLetter')],
    ...[madd(progress, progress, factor, byte), adr(x6, 'tokens')],
  ];
}

/** Looks for the hash in the table of words. Behind a word it begins anew. */
export function lookingUp(context: number): Block[] {
  return [
    block(
      'lookUp',
      [ldr(w7, after(x6, ENTRY_BYTES)), cbz(w7, 'noWord'), cmp(w7, progress), bne('lookUp')],
      'found',
    ),
    // The flags are behind the hash.
    block(
      'found',
      [ldrb(w7, at(x6, -1)), orr(flags, flags, w7), and(progress, w7, context), tbnz(w7, 0, 'take')],
      'sameWord',
    ),
  ];
}

/** Step 4: words */
function recognising(): Block[] {
  return [
    block('nextByte', [...nextByte(), ...hashFolded()], 'lookUp'),
    ...lookingUp(CONTEXT),
    // A delimiter is where a word begins.
    block('noWord', [tst(byte, notDelimiter), csel(progress, [progress, byte], 'ne')], 'sameWord'),
  ];
}

/** Step 5. x1, w2: the response's address and length, as a whole and then what is left of it */
function responding(page: Page): Block[] {
  const head = okHead(page.contentType, page.content.length);
  return [
    block(
      'response',
      [
        ...[
          adr(x1, 'notAllowed'),
          mov(w2, NOT_ALLOWED.length + NOT_FOUND.length),
          unless(FLAG.KNOWN, 'send'),
        ],
        ...[adr(x1, 'notFound'), mov(w2, NOT_FOUND.length), unless(FLAG.FOUND, 'send')],
        ...[adr(x1, 'ok'), mov(w2, head.length), where(FLAG.HEAD, 'send')],
        ...set(w2, head.length + page.content.length),
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
        ...[add(x1, x1, wideProgress), sub(w2, w2, progress)],
        ...[mov(w0, connection), mov(w3, MSG.NOSIGNAL | MSG.DONTWAIT), ...system('sendto')],
        // What else can go wrong here has greater numbers, and so is less: the client is gone, or has had its last
        // response. No matter, it counts as sent; reading will tell.
        ...[cmn(w0, linux.EAGAIN), beq('rewatch'), csel(w0, [w2, w0], 'mi')],
      ],
      'progress',
    ),
    block(
      'progress',
      [bfi(flags, tick, TICK_BIT, 8), add(progress, progress, w0), subs(w2, w2, w0), bne('rewatch')],
      'sent',
    ),
  ];
}

/** Step 6 */
export function ending(): Block[] {
  return [
    block(
      'sent',
      [
        ...[mov(progress, wzr), sxtb(w0, flags), lsl(flags, tick, TICK_BIT)],
        // As a signed number KNOWN is the largest bit, and CLOSE makes it negative.
        ...[cmp(w0, FLAG.KNOWN), bge('wait')],
        ...[mov(w1, linux.SHUT_WR), mov(w8, linux.SYS_ARM64.shutdown)],
      ],
      'callForConnection',
    ),
  ];
}

/** Of each word its hash and its flags; at the end a hash of 0. */
export function tokenTable(tokens: readonly HashedWord[]): Block {
  const entries = tokens.flatMap((token) => [data(4, hashOf(token)), data(1, token.flags)]);
  return block('tokens', [...entries, data(4, 0)]);
}

function dataOf({ content, contentType }: Page): Block[] {
  return [
    portIs(),
    tokenTable(TOKENS),
    block('notAllowed', [ascii(NOT_ALLOWED)]),
    block('notFound', [ascii(NOT_FOUND)]),
    block('ok', [ascii(okHead(contentType, content.length)), bytes(content, 'the page'), label('end')]),
  ];
}
