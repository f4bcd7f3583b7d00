/**
 * How A64 instructions are encoded: each is a 32-bit word, some bits of which are its operands (Arm's
 * Architecture Reference Manual, C4.1). A form turns a mnemonic and the bits of the operation into a function
 * that encodes the instruction.
 */

import { isIndexed, isRegister, type Memory, type Register, type Size, showOperand } from './a64-operands.ts';
import { evaluate, type Item, item, type Place, type Value } from './assembler.ts';

/** Bits of a word, shifted into place; `undefined` if the number does not fit. */
export type Part = (place: Place) => number | undefined;
export type Operand = Register | Memory | Value | string;

const WORD_BYTES = 4;
/** The bit that selects 64 bits in most instructions. */
const WIDE = 2 ** 31;

/** An instruction: the operation, and the bits of its operands. */
export function instruction(
  mnemonic: string,
  operands: readonly Operand[],
  operation: number,
  ...parts: readonly Part[]
): Item {
  const text = [mnemonic, operands.map(showOperand).join(', ')].filter(Boolean).join(' ');
  return item(text, [
    {
      size: WORD_BYTES,
      encode(place) {
        const numbers = parts.map((part) => part(place));
        if (numbers.includes(undefined)) return undefined;
        return numbers.reduce<bigint>((word, bits = 0) => word | BigInt(bits >>> 0), BigInt(operation));
      },
    },
  ]);
}

/** An unsigned number of `bits` bits, in units. */
export function unsigned(value: Value, bits: number, position: number, unit = 1): Part {
  return (place) => place32(evaluate(value, place), { least: 0, bits, position, unit });
}

/** A signed number of `bits` bits, in units. */
export function signed(value: Value, bits: number, position: number, unit = 1): Part {
  return (place) => place32(evaluate(value, place), { least: -(2 ** (bits - 1)), bits, position, unit });
}

/** The distance from the instruction to a label, in instructions. */
export function way(to: string, bits: number, position: number): Part {
  return (place) => signed(place.addressOf(to) - place.start, bits, position, WORD_BYTES)(place);
}

interface Bits {
  readonly least: number;
  readonly bits: number;
  readonly position: number;
  readonly unit: number;
}

function place32(number: bigint, { least, bits, position, unit }: Bits): number | undefined {
  const count = Number(number) / unit;
  if (!Number.isInteger(count) || count < least || count >= least + 2 ** bits) return undefined;
  return (count & (2 ** bits - 1)) << position;
}

export function coded({ code }: Register, position: number): Part {
  return () => code << position;
}

/** Neither the stack pointer nor a register of another size. */
export function general(mnemonic: string, ...registers: readonly Register[]): Size {
  const [first] = registers;
  if (registers.some(({ name }) => name === 'sp')) throw new TypeError(`${mnemonic}: sp cannot be used here`);
  if (first === undefined || registers.some(({ size }) => size !== first.size)) {
    throw new TypeError(`${mnemonic}: the operands have different sizes`);
  }
  return first.size;
}

/** Registers of one size, where number 31 means sp. */
export function orStack(mnemonic: string, ...registers: readonly Register[]): void {
  if (registers.some(({ name }) => name === 'wzr' || name === 'xzr')) {
    throw new TypeError(`${mnemonic}: the zero register cannot be used here`);
  }
}

export function sized(size: Size, operation: number): number {
  return size === 64 ? operation + WIDE : operation;
}

/** The shift or extension of a register operand. */
export type Modifier = { readonly lsl: number } | { readonly uxtb: true };

function showModifier(modifier: Modifier): string {
  return 'lsl' in modifier ? `lsl #${modifier.lsl}` : 'uxtb';
}

/** Additions and subtractions; those that set the flags have `setsFlags`. */
export function sum(mnemonic: string, operation: number, setsFlags = false) {
  return <S extends Size>(
    to: Register<S>,
    left: Register<NoInfer<S>>,
    right: Register<NoInfer<S>> | Value,
    modifier?: Modifier,
  ): Item => {
    const operands = [to, left, right, ...(modifier ? [showModifier(modifier)] : [])];
    return instruction(
      mnemonic,
      operands,
      ...sumParts(mnemonic, operation, setsFlags, [to, left, right, modifier]),
    );
  };
}

/** Like `sum`, but only sets the flags. */
export function comparison(mnemonic: string, operation: number) {
  return <S extends Size>(
    left: Register<S>,
    right: Register<NoInfer<S>> | Value,
    modifier?: Modifier,
  ): Item => {
    const operands = [left, right, ...(modifier ? [showModifier(modifier)] : [])];
    const zero: Register = { kind: 'register', name: 'zero', size: left.size, code: 31 };
    return instruction(
      mnemonic,
      operands,
      ...sumParts(mnemonic, operation, true, [zero, left, right, modifier]),
    );
  };
}

type SumOperands = readonly [
  to: Register,
  left: Register,
  right: Register | Value,
  modifier: Modifier | undefined,
];

/** The three forms: a 12-bit constant, optionally shifted by 12; a shifted register; an extended register. */
function sumParts(
  mnemonic: string,
  operation: number,
  setsFlags: boolean,
  [to, left, right, modifier]: SumOperands,
): [number, ...Part[]] {
  const common = [coded(to, 0), coded(left, 5)];
  if (!isRegister(right)) {
    orStack(mnemonic, left, ...(setsFlags ? [] : [to]));
    if (setsFlags) general(mnemonic, to);
    const lsl = modifier && 'lsl' in modifier ? modifier.lsl : 0;
    return [
      sized(left.size, operation | 0x11000000),
      ...common,
      unsigned(right, 12, 10),
      unsigned(lsl, 1, 22, 12),
    ];
  }
  if (modifier && 'uxtb' in modifier) {
    general(mnemonic, right);
    return [sized(left.size, operation | 0x0b200000), ...common, coded(right, 16)];
  }
  const lsl = modifier?.lsl ?? 0;
  if (left.name === 'sp' || to.name === 'sp') {
    // With sp, `lsl` is an extension from 64 bits, with a shift of at most 4.
    orStack(mnemonic, left, to);
    general(mnemonic, right);
    const extended = operation | 0x0b206000;
    return [sized(left.size, extended), ...common, coded(right, 16), unsigned(lsl, 2, 10)];
  }
  const size = general(mnemonic, left, right);
  return [
    sized(size, operation | 0x0b000000),
    ...common,
    coded(right, 16),
    unsigned(lsl, size === 64 ? 6 : 5, 10),
  ];
}

/** Bitwise operations on registers and on the constants that A64 can encode (`bitmask`). */
export function logic(mnemonic: string, operation: number) {
  return <S extends Size>(
    to: Register<S>,
    left: Register<NoInfer<S>>,
    right: Register<NoInfer<S>> | number,
  ): Item => {
    general(mnemonic, to, left);
    return instruction(mnemonic, [to, left, right], ...logicParts(mnemonic, operation, [to, left, right]));
  };
}

export function logicParts(
  mnemonic: string,
  operation: number,
  [to, left, right]: readonly [Register, Register, Register | number],
): [number, ...Part[]] {
  const common = [coded(to, 0), coded(left, 5)];
  if (isRegister(right)) {
    const size = general(mnemonic, left, right);
    return [sized(size, operation | 0x0a000000), ...common, coded(right, 16)];
  }
  return [sized(left.size, operation | 0x12000000), ...common, () => bitmask(right, left.size)];
}

/**
 * The 13 bits that encode a constant: an element of 2, 4, 8 … bits with ones at the bottom and zeros above,
 * rotated to the right and repeated; `undefined` for all other numbers.
 */
export function bitmask(constant: number, size: Size): number | undefined {
  const value = BigInt.asUintN(size, BigInt(constant));
  for (let piece = 2; piece <= size; piece *= 2) {
    const pattern = BigInt.asUintN(piece, value);
    const turns = turnsToOnes(pattern, piece);
    if (turns === undefined || !repeats(value, pattern, { piece, size })) continue;
    const ones = pattern.toString(2).replaceAll('0', '').length;
    const kind = ~(2 * piece - 1) & 0x3f;
    return ((piece === 64 ? 1 : 0) << 22) | (turns << 16) | ((kind | (ones - 1)) << 10);
  }
  return undefined;
}

function repeats(value: bigint, pattern: bigint, { piece, size }: { piece: number; size: number }): boolean {
  const digits = pattern.toString(2).padStart(piece, '0');
  return value === BigInt(`0b${digits.repeat(size / piece)}`);
}

/** By how many bits to rotate an element to the left until all its ones are at the bottom. */
function turnsToOnes(pattern: bigint, piece: number): number | undefined {
  const digits = pattern.toString(2).padStart(piece, '0');
  for (let turns = 0; turns < piece; turns++) {
    if (/^0+1+$/.test(digits.slice(turns) + digits.slice(0, turns))) return turns;
  }
  return undefined;
}

/** Operations on two registers with the result in a third. */
export function ofTwo(mnemonic: string, operation: number) {
  return <S extends Size>(to: Register<S>, left: Register<NoInfer<S>>, right: Register<NoInfer<S>>): Item => {
    const size = general(mnemonic, to, left, right);
    const parts = [coded(to, 0), coded(left, 5), coded(right, 16)];
    return instruction(mnemonic, [to, left, right], sized(size, operation), ...parts);
  };
}

/** Operations on one register with the result in another. */
export function ofOne(mnemonic: string, operations: Readonly<Record<Size, number>>) {
  return <S extends Size>(to: Register<S>, from: Register<NoInfer<S>>): Item => {
    const size = general(mnemonic, to, from);
    return instruction(mnemonic, [to, from], operations[size], coded(to, 0), coded(from, 5));
  };
}

/** Moves a bit field: the basis of shifts by a constant, insertions and extensions. */
export function bitfield(
  [mnemonic, ...more]: readonly [string, ...Value[]],
  operation: number,
  [to, from]: readonly [Register, Register],
  [turns, last]: readonly [number, number],
): Item {
  const size = general(mnemonic, to, from);
  const bits = size === 64 ? 6 : 5;
  const wide = size === 64 ? 0x400000 : 0;
  const parts = [coded(to, 0), coded(from, 5), unsigned(turns, bits, 16), unsigned(last, bits, 10)];
  return instruction(mnemonic, [to, from, ...more], sized(size, operation) + wide, ...parts);
}

/** Selects one of two registers by a condition. */
export function choice(mnemonic: string, operation: number) {
  return <S extends Size>(
    to: Register<S>,
    [yes, no]: readonly [Register<NoInfer<S>>, Register<NoInfer<S>>],
    condition: Condition,
  ): Item => {
    const size = general(mnemonic, to, yes, no);
    const parts = [coded(to, 0), coded(yes, 5), coded(no, 16), () => conditions.indexOf(condition) << 12];
    return instruction(mnemonic, [to, yes, no, condition], sized(size, operation), ...parts);
  };
}

/** In the processor's order; each even one is the opposite of the next. */
// biome-ignore format: pairs
export const conditions = [
  'eq', 'ne', 'hs', 'lo', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le',
] as const;
export type Condition = (typeof conditions)[number];

/** The number of bytes transferred, as a power of two, and the direction. */
export interface Access {
  readonly log2Bytes: number;
  readonly load: boolean;
}

/** Loads or stores of one register. */
export function transfer(mnemonic: string, access: Access, register: Register, where: Memory): Item {
  general(mnemonic, register);
  const { base, offset, mode } = where;
  orStack(mnemonic, base);
  const { log2Bytes, load } = access;
  const operation = log2Bytes * 2 ** 30 + 0x38000000 + (load ? 0x400000 : 0);
  const parts = [coded(register, 0), coded(base, 5)];
  if (isIndexed(offset)) {
    const shifted = unsigned(offset.shift, 1, 12, log2Bytes || 1);
    parts.push(coded(offset.index, 16), shifted);
    return instruction(mnemonic, [register, where], operation + 0x206800, ...parts);
  }
  if (mode !== 'offset') {
    const kind = mode === 'before' ? 0xc00 : 0x400;
    return instruction(mnemonic, [register, where], operation + kind, ...parts, signed(offset, 9, 12));
  }
  const scaled = unsigned(offset, 12, 10, 2 ** log2Bytes);
  // The form with a signed nine-bit offset is for negative offsets and for those not a multiple of the size.
  const reach: Part = (place) => {
    const bits = scaled(place);
    return bits === undefined ? signed(offset, 9, 12)(place) : bits | 0x1000000;
  };
  return instruction(mnemonic, [register, where], operation, ...parts, reach);
}

/** Loads or stores of two registers at adjacent addresses. */
export function pair(mnemonic: string, operation: number) {
  return <S extends Size>(first: Register<S>, second: Register<NoInfer<S>>, where: Memory): Item => {
    const size = general(mnemonic, first, second);
    const { base, offset, mode } = where;
    orStack(mnemonic, base);
    if (mode !== 'offset' || isIndexed(offset)) throw new TypeError(`${mnemonic}: only a base and a number`);
    const parts = [coded(first, 0), coded(base, 5), coded(second, 10), signed(offset, 7, 15, size / 8)];
    return instruction(mnemonic, [first, second, where], sized(size, operation), ...parts);
  };
}

/** Branches if a register is zero, or is not. */
export function zeroBranch(mnemonic: string, operation: number) {
  return (register: Register, to: string): Item => {
    const size = general(mnemonic, register);
    return instruction(mnemonic, [register, to], sized(size, operation), coded(register, 0), way(to, 19, 5));
  };
}

/** Branches if a bit is zero, or is not. */
export function bitBranch(mnemonic: string, operation: number) {
  return (register: Register, bit: number, to: string): Item => {
    const size = general(mnemonic, register);
    if (bit < 0 || bit >= size) throw new TypeError(`${mnemonic}: no bit ${bit} in ${register.name}`);
    const position = sized(bit < 32 ? 32 : 64, (bit & 31) << 19);
    return instruction(
      mnemonic,
      [register, bit, to],
      operation + position,
      coded(register, 0),
      way(to, 14, 5),
    );
  };
}
