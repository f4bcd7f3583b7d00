/**
 * How x86-64 instructions are encoded: prefixes, ModRM and SIB bytes (Intel's manual, volume 2, §2.1 and
 * §2.2.1), and the forms that whole families of instructions share. A form turns a mnemonic and an opcode
 * into a function that encodes the instruction.
 */
import {
  type Encoding,
  evaluate,
  type Field,
  field,
  type Item,
  item,
  relative,
  type Value,
} from './assembler.ts';
import {
  isMemory,
  isRegister,
  type Memory,
  type Operand,
  type Register,
  type Size,
  showOperand,
  tuple,
} from './x64-operands.ts';

/** A register or memory operand. */
export type Place<S extends Size = Size> = Register<S> | Memory;
export type Source<S extends Size> = Place<NoInfer<S>> | Value;
export type Wide = 16 | 32 | 64;

/** The size that registers and sized memory among the operands agree on. */
export function commonSize(mnemonic: string, ...operands: readonly Operand[]): Size {
  const sizes = new Set(
    operands.map((operand) => (isRegister(operand) || isMemory(operand) ? operand.size : undefined)),
  );
  sizes.delete(undefined);
  const [size, ...others] = sizes;
  if (size === undefined || others.length > 0) {
    throw new TypeError(
      `${mnemonic}: the operands have ${size === undefined ? 'no size' : 'different sizes'}`,
    );
  }
  return size;
}

/**
 * The constant of an operation of `size` bits, which may be given as signed or unsigned. It is encoded in
 * `bytes` bytes, at most four, and sign-extended by the processor.
 */
export function immediate(size: Size, value: Value, bytes = Math.min(size, 32) / 8): Field {
  const [least, most] = [-(1n << BigInt(size - 1)), (1n << BigInt(size)) - 1n];
  return {
    size: bytes,
    encode(place) {
      const number = evaluate(value, place);
      if (number < least || number > most) return undefined;
      const signed = BigInt.asIntN(size, number);
      return BigInt.asIntN(bytes * 8, signed) === signed ? signed : undefined;
    },
  };
}

/** The operand of an instruction that only supports this size. */
export function sizedAs(size: Size, operand: Place, mnemonic: string): Place {
  if (operand.size !== undefined && operand.size !== size) {
    throw new TypeError(`${mnemonic}: an operand of ${size} bits is needed, not ${operand.size}`);
  }
  return isMemory(operand) ? { ...operand, size } : operand;
}

/** Encodings that have a ModRM byte, as data. */
export interface Shape {
  readonly size: Size;
  readonly opcode: readonly number[];
  /** A register, or the digit that belongs to the opcode. */
  readonly reg: Register | number;
  readonly rm: Place;
  readonly tail?: Encoding;
}

/** Encodings without a ModRM byte: the register is part of the opcode, or there is none. */
export interface Short {
  readonly size: Size;
  readonly opcode: readonly number[];
  readonly register?: Register;
  readonly tail?: Encoding;
}

/** An instruction with all its encodings; among equally short ones, the first wins. */
export function instruction(
  mnemonic: string,
  operands: readonly Operand[],
  ...forms: readonly (Shape | Short)[]
): Item {
  const text = `${mnemonic} ${operands.map((one) => showOperand(one, forms[0]?.size)).join(', ')}`;
  return item(text, ...forms.flatMap((form) => ('rm' in form ? encode(form) : [encodeShort(form)])));
}

/** One encoding for every size of the displacement. */
function encode({ size, opcode, reg, rm, tail = [] }: Shape): Encoding[] {
  const register = typeof reg === 'number' ? undefined : reg;
  const head = [...prefixes(size, { register, rm }), ...opcode];
  const digit = typeof reg === 'number' ? reg : reg.code & 7;
  return modRM(digit, rm).map((operand) => [...head, ...operand, ...tail]);
}

function encodeShort({ size, opcode, register, tail = [] }: Short): Encoding {
  const [last = 0, ...first] = opcode.toReversed();
  const number = register === undefined ? 0 : register.code & 7;
  return [...prefixes(size, { rm: register }), ...first.toReversed(), last | number, ...tail];
}

interface Prefixed {
  readonly register?: Register | undefined;
  readonly rm?: Place | undefined;
}

/** The operand-size prefix and the REX prefix, where they are needed. */
function prefixes(size: Size, { register, rm }: Prefixed): number[] {
  const [base, index] = rm?.kind === 'memory' ? [rm.base, rm.index?.register] : [rm, undefined];
  const upper = (one: Register | undefined, bit: number) => (one !== undefined && one.code >= 8 ? bit : 0);
  const bits = (size === 64 ? 8 : 0) | upper(register, 4) | upper(index, 2) | upper(base, 1);
  const rules = [register, base].map((one) => one?.rex);
  const rex = bits > 0 || rules.includes('needed');
  if (rex && rules.includes('impossible')) throw new TypeError('ah, ch, dh and bh exclude a REX prefix');
  return [...(size === 16 ? [0x66] : []), ...(rex ? [0x40 | bits] : [])];
}

function modRM(digit: number, rm: Place): Encoding[] {
  const modrm = (mode: number, low: number) => (mode << 6) | (digit << 3) | low;
  if (rm.kind === 'register') return [[modrm(3, rm.code & 7)]];
  const { base, index, displacement } = rm;
  if (typeof displacement === 'string') return [[modrm(0, 5), field(4, relative(displacement), 'signed')]];
  const sib = (low: number) =>
    (Math.log2(index?.scale ?? 1) << 6) | ((index ? index.register.code & 7 : 4) << 3) | low;
  if (base === undefined) return [[modrm(0, 4), sib(5), field(4, displacement, 'signed')]];
  // The low bits of rsp and r12 announce a SIB byte; those of rbp and r13 have no form without a
  // displacement.
  const low = base.code & 7;
  const [first, second] = index || low === 4 ? [4, [sib(low)]] : [low, []];
  const forms: Encoding[] = [
    [modrm(0, first), ...second, field(0, displacement)],
    [modrm(1, first), ...second, field(1, displacement, 'signed')],
    [modrm(2, first), ...second, field(4, displacement, 'signed')],
  ];
  return low === 5 ? forms.slice(1) : forms;
}

/** The bit of an opcode that distinguishes larger operands from bytes. */
export function wide(size: Size): number {
  return size === 8 ? 0 : 1;
}

export function isAccumulator(operand: Operand): boolean {
  return isRegister(operand) && operand.code === 0;
}

/** A form whose bytes are fixed. */
export function fixed(text: string, ...bytes: number[]): Item {
  return item(text, bytes);
}

/** From a register to a register or memory, or from memory to a register, which sets bit 1 of the opcode. */
export function transfer(mnemonic: string, opcode: number, to: Place, from: Place): Item {
  const size = commonSize(mnemonic, to, from);
  const code = opcode | wide(size);
  if (isRegister(from)) return instruction(mnemonic, [to, from], { size, opcode: [code], reg: from, rm: to });
  if (!isRegister(to)) throw new TypeError(`${mnemonic}: one of the operands has to be a register`);
  return instruction(mnemonic, [to, from], { size, opcode: [code | 2], reg: to, rm: from });
}

export function arithmetic(mnemonic: string, digit: number) {
  return <S extends Size>(to: Place<S>, from: Source<S>): Item => {
    if (isRegister(from) || isMemory(from)) return transfer(mnemonic, digit << 3, to, from);
    const size = commonSize(mnemonic, to);
    const shape = { size, reg: digit, rm: to };
    const tail = [immediate(size, from)];
    const signExtended = { ...shape, opcode: [0x83], tail: [immediate(size, from, 1)] };
    const accumulator = { size, opcode: [(digit << 3) | 4 | wide(size)], tail };
    return instruction(
      ...([mnemonic, [to, from]] as const),
      ...(size > 8 ? [signExtended] : []),
      ...(isAccumulator(to) ? [accumulator] : []),
      { ...shape, opcode: [0x80 | wide(size)], tail },
    );
  };
}

export function unary(mnemonic: string, opcode: number, digit: number) {
  return (operand: Place): Item => {
    const size = commonSize(mnemonic, operand);
    return instruction(mnemonic, [operand], { size, opcode: [opcode | wide(size)], reg: digit, rm: operand });
  };
}

/** Shifts by a constant, or by the value in cl. */
export function shift(mnemonic: string, digit: number) {
  return (operand: Place, by: number | Register<8>): Item => {
    const size = commonSize(mnemonic, operand);
    const shape = { size, reg: digit, rm: operand };
    const form = (opcode: number, tail: Encoding = []) =>
      instruction(mnemonic, [operand, by], { ...shape, opcode: [opcode | wide(size)], tail });
    if (typeof by === 'number') return by === 1 ? form(0xd0) : form(0xc0, [field(1, by, 'unsigned')]);
    if (by.name !== 'cl') throw new TypeError(`${mnemonic}: only cl can hold the count`);
    return form(0xd2);
  };
}

export function bitTest(mnemonic: string, digit: number) {
  return <S extends Wide>(operand: Place<S>, bit: Register<NoInfer<S>> | number): Item => {
    const size = commonSize(mnemonic, operand, bit);
    const shape = isRegister(bit)
      ? { opcode: [0x0f, 0x83 | (digit << 3)], reg: bit }
      : { opcode: [0x0f, 0xba], reg: digit, tail: [field(1, bit, 'unsigned')] };
    return instruction(mnemonic, [operand, bit], { size, rm: operand, ...shape });
  };
}

/** From a register or memory of the same size to a register, with a two-byte opcode. */
export function toRegister(mnemonic: string, opcode: number) {
  return <S extends Wide>(to: Register<S>, from: Place<NoInfer<S>>): Item => {
    const size = commonSize(mnemonic, to, from);
    return instruction(mnemonic, [to, from], { size, opcode: [0x0f, opcode], reg: to, rm: from });
  };
}

/** Extends 8 or 16 bits to a larger size. */
export function extend(mnemonic: string, opcode: number) {
  return (to: Register<Wide>, from: Place<8 | 16>): Item => {
    const size = commonSize(mnemonic, from);
    if (size >= to.size || size === 32) throw new TypeError(`${mnemonic}: from 8 or 16 bits to more`);
    const code = [0x0f, opcode | wide(size)];
    return instruction(mnemonic, [to, from], { size: to.size, opcode: code, reg: to, rm: from });
  };
}

/** Jumps to a label, with one opcode for distances that fit a signed byte and one for all others. */
export function branch(
  mnemonic: string,
  to: string,
  short: readonly number[],
  near: readonly number[],
): Item {
  const offset = relative(to);
  const encodings: Encoding[] = [
    [...short, field(1, offset, 'signed')],
    [...near, field(4, offset, 'signed')],
  ];
  return { ...item(`${mnemonic} ${to}`, ...encodings), target: to };
}

export function shortBranch(mnemonic: string, opcode: number) {
  return (to: string): Item => ({
    ...item(`${mnemonic} ${to}`, [opcode, field(1, relative(to), 'signed')]),
    target: to,
  });
}

/** Jumps to the address in a register or in memory; it always has 64 bits, so the size is not encoded. */
export function indirect(mnemonic: string, digit: number, operand: Place<64>): Item {
  const rm = sizedAs(64, operand, mnemonic);
  return instruction(mnemonic, [rm], { size: 32, opcode: [0xff], reg: digit, rm });
}

/** In the processor's order: the opposite of every condition differs from it in the lowest bit. */
// biome-ignore format: four rows of four
const CONDITIONS = [
  'o', 'no', 'b', 'ae',
  'e', 'ne', 'be', 'a',
  's', 'ns', 'p', 'np',
  'l', 'ge', 'le', 'g',
] as const;

/** The results of `make` for every condition of jcc, setcc and cmovcc. */
export function perCondition<T>(make: (name: string, code: number) => T) {
  return tuple(CONDITIONS, make);
}

export function conditionalJump(code: number) {
  return (to: string): Item => ({
    ...branch(`j${CONDITIONS[code]}`, to, [0x70 | code], [0x0f, 0x80 | code]),
    reversed: conditionalJump(code ^ 1),
  });
}

/** On bytes, words, double and quad words. */
export function stringOperation(name: string, opcode: number): readonly [Item, Item, Item, Item] {
  return [
    fixed(`${name}b`, opcode),
    fixed(`${name}w`, 0x66, opcode | 1),
    fixed(`${name}d`, opcode | 1),
    fixed(`${name}q`, 0x48, opcode | 1),
  ];
}

export function repeated(mnemonic: string, prefix: number) {
  return ({ text, encodings }: Item): Item =>
    item(`${mnemonic} ${text}`, ...encodings.map((encoding) => [prefix, ...encoding]));
}
