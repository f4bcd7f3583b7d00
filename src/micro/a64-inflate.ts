/**
 * Unpacks a page into memory, like `inflate.ts`, for arm64. Here codes are not read bit by bit: a window of 25
 * bits and more, turned around, begins with the code, highest bit first.
 *
 * x1: the packed bytes · w3: the next bit, as a number from there · x2: where the next byte goes; x4 and x5 stay 0
 */
import * as a64 from '../asm/a64.ts';
import { type Block, block } from '../asm/assembler.ts';
import { CODE, LENGTH_280, SHORTEST_BYTES } from './inflate.ts';

const { add, after, and, b, bhs, bic, bl, bls, ble, blo, bmi, bpl, br, cmp, indexed, ldr, ldrb } = a64;
const { lsl, lsr, mov, mvn, orr, rbit, ret, strb, sub, subs } = a64;
const { w0, w3, w12, w13, w6, w7, w9, w10, x1, x2, x9, x10, x11, x0, x30 } = a64;

/** Runs from block `symbol` to block `next`. */
export function inflate(next: string): Block[] {
  return [
    block('symbol', [
      ...[bl('window'), rbit(w9, w9)],
      ...[add(w3, w3, 7), lsr(w0, w9, 32 - 7), cmp(w0, CODE.last7), bls('short')],
      ...[add(w3, w3, 1), lsr(w0, w9, 32 - 8), cmp(w0, CODE.symbol280), blo('literal')],
      ...[cmp(w0, CODE.first9), bhs('nineBits'), sub(w0, w0, CODE.symbol280 - LENGTH_280), b('length')],
    ]),
    block('literal', [sub(w0, w0, CODE.literal)], 'store'),
    // Of nine bits the last eight are the literal.
    block('nineBits', [add(w3, w3, 1), lsr(w0, w9, 32 - 9)], 'store'),
    block('store', [strb(w0, after(x2, 1))], 'symbol'),
    block('short', [subs(w0, w0, 1), bmi(next)], 'length'),
    block('length', [mov(w12, 2), bl('value'), add(w7, w0, SHORTEST_BYTES)], 'distance'),
    block(
      'distance',
      [
        ...[bl('window'), rbit(w9, w9), add(w3, w3, 5), lsr(w0, w9, 32 - 5), mov(w12, 1), bl('value')],
        // In w0 is the distance, less one.
        ...[mvn(x10, x0), add(x10, x2, x10), bl('copy')],
      ],
      'symbol',
    ),
    block('window', [...[lsr(w9, w3, 3), ldr(w9, indexed(x1, x9)), and(w10, w3, 7), lsr(w9, w9, w10), ret]]),
    // w7 bytes from x10 to x2, which both go on: one by one, since what has been written may be read again.
    block('copyByte', [ldrb(w9, after(x10, 1)), strb(w9, after(x2, 1))], 'copy'),
    block('copy', [subs(w7, w7, 1), bpl('copyByte'), ret]),
    ...value(),
  ];
}

/**
 * Lengths and distances: a number w0 with, below its highest bits, w12 bits of its own, and more to come: as many
 * as the highest bits say, less one.
 */
function value(): Block[] {
  return [
    block(
      'value',
      [
        ...[mov(x11, x30), lsr(w13, w0, w12), subs(w13, w13, 1), ble('haveValue')],
        ...[lsl(w6, w13, w12), sub(w0, w0, w6), lsl(w0, w0, w13)],
        // They come lowest first, as they are in the window.
        ...[
          bl('window'),
          add(w3, w3, w13),
          mov(w10, -1),
          lsl(w10, w10, w13),
          bic(w9, w9, w10),
          orr(w0, w0, w9),
        ],
      ],
      'haveValue',
    ),
    block('haveValue', [br(x11)]),
  ];
}
