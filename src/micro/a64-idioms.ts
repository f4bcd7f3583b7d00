/**
 * What the programs for arm64 have in common: which register holds what, and short ways to say what machine code
 * has to say often.
 *
 * Conventions of Linux: a call's number is in w8, its arguments in x0 to x5. The result comes in x0, an error as
 * its negative number, and no other register is lost. So registers stand in for memory here, and an argument that
 * the last call had already need not be set again. A new process has zero in every register.
 */
import * as a64 from '../asm/a64.ts';
import type { Fragment } from '../asm/assembler.ts';
import * as linux from './linux.ts';

const { mov, movk, svc, w8, w19, w21, w22, w23, w24, w25, w26, w27, x19, x20, x26, x28 } = a64;

/** The descriptor of this turn's connection, and where its eight bytes of state are (see `server.ts`). */
export const [connection, wideConnection, state] = [w19, x19, x20];
/** The state's two halves, for the time of the turn. */
export const [progress, wideProgress, flags] = [w26, x26, w27];
/** For good. `tick` is only looked at in its lowest byte. */
export const [listener, epoll, tick] = [w21, w22, w23];
/** Constants that have no place in an instruction: `FACTOR` and `NOT_DELIMITER`. */
export const [factor, notDelimiter] = [w24, w25];
/** Where the table of responses is (profiles `full` and `site` only). */
export const table = x28;
/** While setting up. */
export const [port, widePort] = [w26, x26];

/** Sets a register to a number below 2^32, in one instruction if it can be done. */
export function set(register: a64.Register<32>, value: number): Fragment[] {
  const [low, high] = [value & 0xffff, Math.floor(value / 0x10000)];
  if (low === 0 || high === 0) return [mov(register, value)];
  return [mov(register, low), movk(register, high, { lsl: 16 })];
}

export function system(call: keyof typeof linux.SYS_ARM64): Fragment[] {
  return [mov(w8, linux.SYS_ARM64[call]), svc];
}
