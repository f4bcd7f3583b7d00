/**
 * Unpacks a page into memory: DEFLATE (RFC 1951), but only one block with fixed Huffman codes and without the
 * last length, as `pack.ts` writes it for the sake of this short program.
 *
 * rsi: the packed bytes · ebx: the next bit, as a number from there · rdi: where the next byte goes
 */
import { type Block, block } from '../asm/assembler.ts';
import * as x64 from '../asm/x64.ts';
import { set } from './idioms.ts';

const { rax, rcx, rsi, rdi, eax, ebx, ecx, edx, r11d, al, cl, dword } = x64;
const { adc, add, bt, call, cmp, dec, inc, mov, pop, push, rcr, shl, shr, sub, xor } = x64;
const { jae, jb, jbe, jle, jmp, js, loop, movsb, rep, ret, stosb } = x64;

/** The codes of RFC 1951 §3.2.6, as numbers, first bit first. */
export const CODE = {
  /** The last of 7 bits: symbols 256 to 279. */
  last7: 0b0010111,
  /** Of 8 bits the first literal, 0, and the first of symbols 280 to 287. What begins greater has 9 bits. */
  literal: 0b00110000,
  symbol280: 0b11000000,
  first9: 0b11001000,
} as const;
/** Symbol 257 means the first length. */
export const LENGTH_280 = 280 - 257;
export const SHORTEST_BYTES = 3;
/** What the block begins with: that it is the last one, and its kind. */
export const BLOCK_HEADER_BITS = 3;

/** Runs from block `symbol` to block `next`. */
export function inflate(next: string): Block[] {
  return [
    block('symbol', [xor(eax, eax), ...set(rcx, 7)], 'codeBit'),
    block('codeBit', [
      ...[call('bit'), adc(eax, eax), loop('codeBit'), cmp(al, CODE.last7), jbe('short')],
      ...[call('bit'), adc(eax, eax), cmp(al, CODE.symbol280), jb('literal')],
      ...[cmp(al, CODE.first9), jae('nineBits'), sub(al, CODE.symbol280 - LENGTH_280), jmp('length')],
    ]),
    block('literal', [sub(al, CODE.literal)], 'store'),
    // Of nine bits the last eight are the literal.
    block('nineBits', [call('bit'), adc(eax, eax)], 'store'),
    block('store', [stosb], 'symbol'),
    block('short', [dec(eax), js(next)], 'length'),
    block('length', [...set(rcx, 2), call('value')], 'haveLength'),
    block('haveLength', [add(eax, SHORTEST_BYTES), push(rax), xor(eax, eax), ...set(rcx, 5)], 'distanceBit'),
    block(
      'distanceBit',
      [
        ...[call('bit'), adc(eax, eax), loop('distanceBit'), inc(ecx), call('value'), inc(eax)],
        ...[pop(rcx), push(rsi), mov(rsi, rdi), sub(rsi, rax), rep(movsb), pop(rsi)],
      ],
      'symbol',
    ),
    block('bit', [bt(dword(rsi), ebx), inc(ebx), ret]),
    ...value(),
  ];
}

/**
 * Lengths and distances: a number eax with, below its highest bits, ecx bits of its own, and more to come: as many
 * as the highest bits say, less one.
 */
function value(): Block[] {
  return [
    block(
      'value',
      [
        ...[mov(edx, eax), shr(edx, cl), dec(edx), jle('haveValue')],
        ...[mov(r11d, edx), shl(r11d, cl), sub(eax, r11d), mov(ecx, edx)],
      ],
      'moreBits',
    ),
    // They come lowest first: into r11d from above, and from there behind eax.
    block('moreBits', [call('bit'), rcr(r11d, 1), loop('moreBits'), mov(ecx, edx)], 'placeBits'),
    block('placeBits', [add(r11d, r11d), adc(eax, eax), loop('placeBits')], 'haveValue'),
    block('haveValue', [ret]),
  ];
}
