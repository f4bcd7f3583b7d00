/**
 * The operands of A64 instructions: registers, memory and numbers.
 */
import { show, type Value } from './assembler.ts';

/** In bits. */
export type Size = 32 | 64;

export interface Register<S extends Size = Size> {
  readonly kind: 'register';
  readonly name: string;
  readonly size: S;
  /** Number 31 is the stack pointer in some places, and a register that is always zero in all others. */
  readonly code: number;
}

/** `offset`: base + offset. `before`: the base is updated before the access; `after`: after the access. */
export type AddressMode = 'offset' | 'before' | 'after';

export interface Memory {
  readonly kind: 'memory';
  readonly base: Register<64>;
  readonly mode: AddressMode;
  /** A number of bytes, or a register shifted left by `shift`. */
  readonly offset: Value | { readonly index: Register<64>; readonly shift: number };
}

const NUMBERED = 31;

function registers<S extends Size>(size: S, letter: string): readonly Register<S>[] {
  return Array.from({ length: NUMBERED }, (_, code) => register(size, `${letter}${code}`, code));
}

function register<S extends Size>(size: S, name: string, code: number): Register<S> {
  return { kind: 'register', name, size, code };
}

type Numbered<S extends Size> = readonly [
  ...[Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>],
  ...[Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>],
  ...[Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>],
  ...[Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>, Register<S>],
];

// biome-ignore format: eight in a row
export const [
  x0, x1, x2, x3, x4, x5, x6, x7,
  x8, x9, x10, x11, x12, x13, x14, x15,
  x16, x17, x18, x19, x20, x21, x22, x23,
  x24, x25, x26, x27, x28, x29, x30,
] = registers(64, 'x') as Numbered<64>;
/** The lower halves; writing one clears the upper half. */
// biome-ignore format: as above
export const [
  w0, w1, w2, w3, w4, w5, w6, w7,
  w8, w9, w10, w11, w12, w13, w14, w15,
  w16, w17, w18, w19, w20, w21, w22, w23,
  w24, w25, w26, w27, w28, w29, w30,
] = registers(32, 'w') as Numbered<32>;
export const sp = register(64, 'sp', 31);
export const [wzr, xzr] = [register(32, 'wzr', 31), register(64, 'xzr', 31)];

/** Memory at a base plus an offset in bytes. */
export function at(base: Register<64>, offset: Value = 0): Memory {
  return { kind: 'memory', base, mode: 'offset', offset };
}

/** Memory at a base plus an index that is shifted left. */
export function indexed(base: Register<64>, index: Register<64>, shift = 0): Memory {
  return { kind: 'memory', base, mode: 'offset', offset: { index, shift } };
}

/** Memory at a base that is advanced by `step` bytes after the access. */
export function after(base: Register<64>, step: number): Memory {
  return { kind: 'memory', base, mode: 'after', offset: step };
}

/** Memory at a base that is advanced by `step` bytes before the access. */
export function before(base: Register<64>, step: number): Memory {
  return { kind: 'memory', base, mode: 'before', offset: step };
}

export function isRegister(operand: Register | Memory | Value | string): operand is Register {
  return typeof operand === 'object' && 'kind' in operand && operand.kind === 'register';
}

export function isMemory(operand: Register | Memory | Value | string): operand is Memory {
  return typeof operand === 'object' && 'kind' in operand && operand.kind === 'memory';
}

export function isIndexed(offset: Memory['offset']): offset is Exclude<Memory['offset'], Value> {
  return typeof offset === 'object' && 'index' in offset;
}

/** An operand as GNU `as` reads it; a string is a label or a modifier. */
export function showOperand(operand: Register | Memory | Value | string): string {
  if (typeof operand === 'string') return operand;
  if (isRegister(operand)) return operand.name;
  return isMemory(operand) ? showMemory(operand) : `#${show(operand)}`;
}

function showMemory({ base, mode, offset }: Memory): string {
  if (isIndexed(offset)) {
    return `[${base.name}, ${offset.index.name}${offset.shift ? `, lsl #${offset.shift}` : ''}]`;
  }
  if (mode === 'after') return `[${base.name}], #${show(offset)}`;
  const inner = offset === 0 && mode === 'offset' ? base.name : `${base.name}, #${show(offset)}`;
  return `[${inner}]${mode === 'before' ? '!' : ''}`;
}
