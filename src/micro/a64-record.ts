/**
 * Profile `record` of `record.ts` for arm64: the same steps in the same order, with the same omissions.
 *
 * Conventions of Linux: see `a64-idioms.ts`.
 */
import * as a64 from '../asm/a64.ts';
import { type Assembled, ascii, assemble, block, bytes, label } from '../asm/assembler.ts';
import { port, set, system, widePort } from './a64-idioms.ts';
import { headerWith, type Layout, ORIGIN } from './elf.ts';
import * as linux from './linux.ts';
import { ONLY_HEAD } from './responses.ts';

const { add, adr, at, after, b, bpl, ldr, ldrb, madd, mov, rev, str, subs } = a64;
const { sp, w0, w1, w2, w3, w9, w10, w20, w21, x1, x11, xzr } = a64;

/** More than any usual request has. */
const REQUEST_BYTES = 0x4000;

export function assembleA64Record(content: Uint8Array, layout: Layout = 'compact'): Assembled {
  // The stack holds argc, the arguments … and every other register is 0.
  const sections = [label('start'), ldr(x11, at(sp, 16)), mov(w10, 10), b('more')];
  const physical = [label('more'), mov(w0, linux.AF_INET), b('digit')];
  const alignment = [
    label('digit'),
    // The character behind the last digit is a 0, and makes the difference negative.
    ...[madd(port, port, w10, w9), ldrb(w9, after(x11, 1)), subs(w9, w9, '0'.charCodeAt(0)), bpl('digit')],
    ...[mov(w1, linux.SOCK_STREAM), ...system('socket'), mov(w20, w0)],
    // struct sockaddr_in { family, port in network order, address 0, … }
    ...[rev(port, port), add(port, port, linux.AF_INET), str(widePort, at(sp))],
    ...[mov(x1, sp), mov(w2, linux.SOCKADDR_IN_BYTES), ...system('bind')],
    ...[mov(w0, w20), ...system('listen')],
    label('next'),
    ...[mov(w0, w20), mov(x1, xzr), ...system('accept'), mov(w21, w0)],
    // MSG_TRUNC throws away what it receives: there is no buffer. Closing with something unread would be a reset.
    ...[mov(w2, REQUEST_BYTES), mov(w3, linux.MSG.TRUNC), ...system('recvfrom')],
    ...[mov(w0, w21), adr(x1, 'response'), ...set(w2, ONLY_HEAD.length + content.length), ...system('write')],
    ...[mov(w0, w21), ...system('close'), b('next')],
  ];
  const blocks = [
    block('header', headerWith(layout, 'arm64', { sections, physical, alignment })),
    block('response', [ascii(ONLY_HEAD), bytes(content, 'the page'), label('end')]),
  ];
  return assemble({ blocks, origin: ORIGIN, jump: b });
}
