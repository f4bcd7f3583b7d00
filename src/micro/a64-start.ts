/**
 * Step 1 of the server for arm64 (`a64-server.ts`), block for block that of `start.ts`: the port, the signal
 * handler, the listening socket, epoll.
 *
 * Here, too, one check at the end is enough: an error of `bind` spoils the descriptor for `listen`, and one of
 * `listen` the flags for `epoll_create1`.
 */
import * as a64 from '../asm/a64.ts';
import { address, type Block, block, data, type Fragment, label } from '../asm/assembler.ts';
import { connection, epoll, factor, listener, notDelimiter, port, system, widePort } from './a64-idioms.ts';
import type { Gaps } from './elf.ts';
import * as linux from './linux.ts';
import { NOT_DELIMITER } from './server.ts';
import { FACTOR } from './word-hashes.ts';

const { add, adr, after, at, bls, bne, cbnz, cbz, cmp, ldr, ldrb, madd } = a64;
const { mov, orr, rev, stp, sub, subs, svc, tbnz } = a64;
const { sp, w0, w1, w2, w3, w4, w12, w13, wzr, x1, x3, x4, x9, x10, x11, x12, xzr } = a64;

/**
 * On the stack: the states of descriptors up to `MAX_DESCRIPTORS`, from sp on, and behind them what is read. Both
 * are multiples of 4096, which an instruction can add.
 */
export const STATES_BYTES = 0x10000;
export const BUFFER_BYTES = 0x1000;
const PORT_IS = 'PORT=';

/** In the gaps of the ELF header: the signal handler, and what says so to the kernel. The program begins there. */
export function headerGaps(defaultPort: number): Gaps {
  return {
    // The kernel calls `stop` on a signal; `fail` ends with what is in w0, an error.
    sections: [label('stop'), mov(w0, wzr), label('fail'), ...system('exit')],
    // struct sigaction { handler, flags, … }: what the rest of it holds does not matter to a handler that ends.
    // As flags the length of the file does, which follows.
    physical: [label('action'), data(8, address('stop'))],
    alignment: [label('start'), mov(port, defaultPort)],
  };
}

/** Step 1. The stack holds argc, the arguments, 0, the environment, 0. Into `port` */
export function choosePort(): Block[] {
  return [
    block(
      'arguments',
      [ldr(x9, at(sp, 16)), cbnz(x9, 'parse'), add(x10, sp, 24), ldr(x11, 'portIs')],
      'nextVariable',
    ),
    // Compares five bytes of eight.
    block(
      'nextVariable',
      [
        ...[ldr(x9, after(x10, 8)), cbz(x9, 'havePort')],
        ...[ldr(x12, after(x9, PORT_IS.length)), subs(x12, x11, x12, { lsl: 64 - 8 * PORT_IS.length })],
        bne('nextVariable'),
      ],
      'parse',
    ),
    // w12 is 0 here: nothing has touched it, or the name has been subtracted from itself.
    block('parse', [mov(port, wzr), mov(w13, 10)], 'digit'),
    block(
      'digit',
      [
        ...[madd(port, port, w13, w12), ldrb(w12, after(x9, 1)), sub(w12, w12, '0'.charCodeAt(0))],
        ...[cmp(w12, 9), bls('digit')],
      ],
      'havePort',
    ),
  ];
}

/** What `choosePort` compares with, shifted like what it compares: a constant near the code. */
export function portIs(): Block {
  const name = Buffer.from(PORT_IS.padStart(8, '\0')).readBigUInt64LE();
  return block('portIs', [data(8, name)]);
}

/** Step 1, goes on. Leaves the listening socket to be watched, or, in profile `full`, the page to be unpacked. */
export function setUp(full = false): Block[] {
  const family = full ? linux.AF_INET6 : linux.AF_INET;
  return [
    block(
      'havePort',
      [
        // x2 is still 0: nobody wants the old action, nor another protocol.
        ...[mov(w0, linux.SIGINT), adr(x1, 'action'), mov(w3, linux.SIGSET_BYTES), ...system('rt_sigaction')],
        ...(full ? [mov(w0, linux.SIGTERM), svc] : []),
        // SOCK_STREAM is also SOL_SOCKET.
        ...[mov(w0, family), mov(w1, linux.SOCK_STREAM), ...system('socket'), mov(listener, w0)],
        // The option's value is what is on the stack, the number of arguments: anything but 0.
        ...[mov(w2, linux.SO_REUSEADDR), mov(x3, sp), mov(w4, 4), ...system('setsockopt')],
        // A port above 65535 spoils the family.
        ...[rev(port, port), add(port, port, family), ...socketAddress(full)],
        ...[mov(w0, listener), mov(x1, sp)],
        ...[mov(w2, full ? linux.SOCKADDR_IN6_BYTES : linux.SOCKADDR_IN_BYTES), ...system('bind')],
        // As a backlog the address in x1 means: as long as allowed.
        ...[orr(w0, w0, listener), ...system('listen')],
        // One check for all.
        ...[...system('epoll_create1'), tbnz(w0, 31, 'fail'), mov(epoll, w0)],
        ...[mov(factor, FACTOR), mov(notDelimiter, NOT_DELIMITER)],
        // From here on x4 and x5 are 0, for the last arguments of calls.
        ...[mov(x4, xzr), sub(sp, sp, (STATES_BYTES + BUFFER_BYTES) >> 12, { lsl: 12 })],
        ...(full ? [] : watchListener()),
      ],
      full ? 'unpack' : 'watch',
    ),
  ];
}

export function watchListener(): Fragment[] {
  return [mov(connection, listener)];
}

/** struct sockaddr_in { family, port in network order, address 0, … }; an address of IPv6 has 16 bytes. */
function socketAddress(full: boolean): Fragment[] {
  return [stp(widePort, xzr, at(sp)), ...(full ? [stp(xzr, xzr, at(sp, 16))] : [])];
}
