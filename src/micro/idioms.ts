/** Short ways to say what machine code has to say often. */
import type { Expression, Fragment } from '../asm/assembler.ts';
import { al, ax, eax, mov, pop, push, type Register, rax, syscall } from '../asm/x64.ts';
import * as linux from './linux.ts';

/** Sets a register to a number from -128 to 127 in three bytes. */
export function set(register: Register<64>, value: number): Fragment[] {
  return [push(value), pop(register)];
}

/** Sets a register to another's 64 bits in two bytes. */
export function copy(to: Register<64>, from: Register<64>): Fragment[] {
  return [push(from), pop(to)];
}

export function system(call: keyof typeof linux.SYS): Fragment[] {
  const number = linux.SYS[call];
  return [...(number < 0x80 ? set(rax, number) : [mov(eax, number)]), syscall];
}

/** Like `system` where rax is known to be zero, or an error: a wrong number for the next call, which fails too. */
export function chained(call: keyof typeof linux.SYS): Fragment[] {
  const number = linux.SYS[call];
  return [number < 0x100 ? mov(al, number) : mov(ax, number), syscall];
}

/** An address some bytes away from a label. */
export function shifted(name: string, by: number): Expression {
  return { text: `${name}${by}`, evaluate: (place) => place.addressOf(name) + by };
}
