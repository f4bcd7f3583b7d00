/**
 * The smallest web server that gives a valid HTTP/1.1 response, in x86-64 instructions: profile `record`.
 *
 * One connection at a time: accept, take out what has come first, whatever it is, send the page, close. The
 * port is the first argument. What does not fit into 204 bytes is left out: a client that connects and stays
 * silent keeps all others waiting, every path gets the page, a failed bind is not noticed, without an argument
 * the program crashes, and it only survives a client that resets its connection as process 1 of a container.
 *
 * The program begins in the gaps of the ELF header (`elf.ts`). Conventions of Linux: see `server.ts`.
 */

import { type Assembled, address, ascii, assemble, block, bytes, distance, label } from '../asm/assembler.ts';
import * as x64 from '../asm/x64.ts';
import { headerWith, type Layout, ORIGIN } from './elf.ts';
import * as linux from './linux.ts';
import { ONLY_HEAD } from './responses.ts';

const { rax, rbx, rdi, rsi, rsp, r10 } = x64;
const { al, bl, dh, dl, dx, eax, ebx, edi, edx, esi } = x64;
const { add, bswap, imul, jmp, jns, lodsb, mov, pop, push, sub, syscall, xchg, xor } = x64;
const { SYS } = linux;

/** More than any usual request has. */
const REQUEST_BYTES_HIGH = 0x40;

export function assembleRecord(content: Uint8Array, layout: Layout = 'compact'): Assembled {
  // The upper half of edx is 0; to leave it alone is shorter by a byte.
  const short = ONLY_HEAD.length + content.length < 0x10000;
  // The stack holds argc, the arguments … and every other register is 0.
  const physical = [
    ...[label('start'), pop(rsi), pop(rsi), pop(rsi)],
    ...[push(linux.AF_INET), pop(rdi), jmp('digit')],
  ];
  // ebx: the port; the character behind the last digit is a 0, and makes al negative.
  const sections = [
    ...[label('digit'), imul(ebx, ebx, 10), add(ebx, eax)],
    ...[lodsb, sub(al, '0'.charCodeAt(0)), jns('digit')],
    jmp('listen'),
  ];
  const alignment = [
    label('listen'),
    // struct sockaddr_in { family, port in network order, address 0, … }
    ...[bswap(ebx), mov(bl, linux.AF_INET), push(rbx)],
    ...[push(linux.SOCK_STREAM), pop(rsi), mov(al, SYS.socket), syscall],
    // rdi, 2, goes to rax, so that it is enough to set al, like after every call that returns 0.
    ...[xchg(edi, eax), push(rsp), pop(rsi), mov(dl, linux.SOCKADDR_IN_BYTES), mov(al, SYS.bind), syscall],
    ...[mov(al, SYS.listen), syscall],
    ...[push(linux.MSG.TRUNC), pop(r10)],
    label('next'),
    ...[xor(esi, esi), mov(al, SYS.accept), syscall],
    ...[push(rdi), xchg(edi, eax)],
    // MSG_TRUNC throws away what it receives: there is no buffer. Closing with something unread would be a reset.
    ...[mov(dh, REQUEST_BYTES_HIGH), mov(al, SYS.recvfrom), syscall],
    ...[mov(esi, address('response')), mov(short ? dx : edx, distance('response', 'end'))],
    ...[push(SYS.write), pop(rax), syscall],
    ...[push(SYS.close), pop(rax), syscall],
    ...[pop(rdi), jmp('next')],
  ];
  const blocks = [
    block('header', headerWith(layout, 'x86-64', { sections, physical, alignment })),
    block('response', [ascii(ONLY_HEAD), bytes(content, 'the page'), label('end')]),
  ];
  return assemble({ blocks, origin: ORIGIN, jump: jmp });
}
