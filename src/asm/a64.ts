/**
 * A64 instructions (arm64) for the assembler: one function per mnemonic, operands in Arm's order, destination
 * first. Only the instructions that the programs need are included. Every form is checked against GNU `as`
 * (`a64.test.ts`), and every distance and constant against the range of its form.
 */
import {
  bitBranch,
  bitfield,
  type Condition,
  choice,
  coded,
  comparison,
  conditions,
  general,
  instruction,
  logic,
  logicParts,
  ofOne,
  ofTwo,
  orStack,
  type Part,
  pair,
  sized,
  sum,
  transfer,
  unsigned,
  way,
  zeroBranch,
} from './a64-forms.ts';
import { isRegister, type Memory, type Register, type Size, sp, wzr, xzr } from './a64-operands.ts';
import { type Expression, evaluate, type Item, type Value } from './assembler.ts';

export type { Condition, Modifier } from './a64-forms.ts';
export * from './a64-operands.ts';

export const add = sum('add', 0);
export const sub = sum('sub', 0x40000000);
export const subs = sum('subs', 0x60000000, true);
export const cmp = comparison('cmp', 0x60000000);
/** Compares with the negative of a number. */
export const cmn = comparison('cmn', 0x20000000);

export const and = logic('and', 0);
export const orr = logic('orr', 0x20000000);
export const eor = logic('eor', 0x40000000);
export const ands = logic('ands', 0x60000000);
/** Clears the bits of `right` in `left`. */
export const bic = ofTwo('bic', 0x0a200000);

export const udiv = ofTwo('udiv', 0x1ac00800);
export const rbit = ofOne('rbit', { 32: 0x5ac00000, 64: 0xdac00000 });
/** Reverses the order of the bytes. */
export const rev = ofOne('rev', { 32: 0x5ac00800, 64: 0xdac00c00 });

/** `to` = `yes` if the condition holds, else `no`. */
export const csel = choice('csel', 0x1a800000);
/** `to` = `yes` if the condition holds, else `no` + 1. */
export const csinc = choice('csinc', 0x1a800400);

export const ldp = pair('ldp', 0x29400000);
export const stp = pair('stp', 0x29000000);

export const cbz = zeroBranch('cbz', 0x34000000);
export const cbnz = zeroBranch('cbnz', 0x35000000);
export const tbz = bitBranch('tbz', 0x36000000);
export const tbnz = bitBranch('tbnz', 0x37000000);

/** A system call. */
export const svc = instruction('svc', [0], 0xd4000001);
/** Returns to the address in x30, where `bl` stored it. */
export const ret = instruction('ret', [], 0xd65f03c0);

/** Like `and`, but only sets the flags. */
export function tst<S extends Size>(left: Register<S>, right: Register<NoInfer<S>> | number): Item {
  const nowhere: Register = left.size === 64 ? xzr : wzr;
  general('tst', left);
  return instruction('tst', [left, right], ...logicParts('tst', 0x60000000, [nowhere, left, right]));
}

/** Moves a register, or a constant that, possibly inverted, only has bits in one aligned group of 16. */
export function mov<S extends Size>(to: Register<S>, from: Register<NoInfer<S>> | Value): Item {
  const operands = [to, from] as const;
  if (isRegister(from)) {
    if (to === sp || from === sp) {
      orStack('mov', to, from);
      return instruction('mov', operands, sized(to.size, 0x11000000), coded(to, 0), coded(from, 5));
    }
    general('mov', to, from);
    return instruction('mov', operands, sized(to.size, 0x2a0003e0), coded(to, 0), coded(from, 16));
  }
  general('mov', to);
  return instruction('mov', operands, sized(to.size, 0x12800000), coded(to, 0), (place) => {
    const value = BigInt.asUintN(to.size, evaluate(from, place));
    const plain = piece(value, to.size);
    return plain === undefined ? piece(BigInt.asUintN(to.size, ~value), to.size) : plain | 0x40000000;
  });
}

/** The only group of 16 bits that is not zero, and its position. */
function piece(value: bigint, size: Size): number | undefined {
  for (let shift = 0; shift < size; shift += 16) {
    const bits = value >> BigInt(shift);
    if (bits << BigInt(shift) === value && bits < 0x10000n) return (Number(bits) << 5) | ((shift / 16) << 21);
  }
  return undefined;
}

/** Replaces 16 bits and keeps all others. */
export function movk(to: Register, bits: number, { lsl: by }: { readonly lsl: 0 | 16 }): Item {
  const size = general('movk', to);
  const parts = [coded(to, 0), unsigned(bits, 16, 5), unsigned(by, 1, 21, 16)];
  return instruction('movk', [to, bits, `lsl #${by}`], sized(size, 0x72800000), ...parts);
}

/** Inverts every bit. */
export function mvn<S extends Size>(to: Register<S>, from: Register<NoInfer<S>>): Item {
  const size = general('mvn', to, from);
  return instruction('mvn', [to, from], sized(size, 0x2a2003e0), coded(to, 0), coded(from, 16));
}

/** Shifts by a constant, or by a register modulo the size. */
export function lsl<S extends Size>(
  to: Register<S>,
  from: Register<NoInfer<S>>,
  by: Register<NoInfer<S>> | number,
): Item {
  if (isRegister(by)) return ofTwo('lsl', 0x1ac02000)(to, from, by);
  return bitfield(['lsl', by], 0x53000000, [to, from], [(to.size - by) % to.size, to.size - 1 - by]);
}

/** Like `lsl`, but to the right, filling with zeros. */
export function lsr<S extends Size>(
  to: Register<S>,
  from: Register<NoInfer<S>>,
  by: Register<NoInfer<S>> | number,
): Item {
  if (isRegister(by)) return ofTwo('lsr', 0x1ac02400)(to, from, by);
  return bitfield(['lsr', by], 0x53000000, [to, from], [by, to.size - 1]);
}

/** Copies the lowest bits of a register into another, from bit `lowest` on. */
export function bfi<S extends Size>(
  to: Register<S>,
  from: Register<NoInfer<S>>,
  lowest: number,
  bits: number,
): Item {
  return bitfield(['bfi', lowest, bits], 0x33000000, [to, from], [(to.size - lowest) % to.size, bits - 1]);
}

/** Extracts bits of a register, from bit `lowest` on, and clears the rest. */
export function ubfx<S extends Size>(
  to: Register<S>,
  from: Register<NoInfer<S>>,
  lowest: number,
  bits: number,
): Item {
  return bitfield(['ubfx', lowest, bits], 0x53000000, [to, from], [lowest, lowest + bits - 1]);
}

/** Sign-extends the lowest byte. */
export function sxtb(to: Register<32>, from: Register<32>): Item {
  return bitfield(['sxtb'], 0x13000000, [to, from], [0, 7]);
}

export const mul = ofTwo('mul', 0x1b007c00);

/** `to` = `left` × `right` + `plus` */
export function madd<S extends Size>(
  to: Register<S>,
  left: Register<NoInfer<S>>,
  right: Register<NoInfer<S>>,
  plus: Register<NoInfer<S>>,
): Item {
  const operands = [to, left, right, plus];
  const size = general('madd', ...operands);
  const parts: Part[] = [coded(to, 0), coded(left, 5), coded(right, 16), coded(plus, 10)];
  return instruction('madd', operands, sized(size, 0x1b000000), ...parts);
}

const log2Bytes = ({ size }: Register) => (size === 64 ? 3 : 2);

/** Loads from memory, or from a label at a multiple of four. */
export function ldr(to: Register, from: Memory | string): Item {
  if (typeof from !== 'string') return transfer('ldr', { log2Bytes: log2Bytes(to), load: true }, to, from);
  const operation = general('ldr', to) === 64 ? 0x58000000 : 0x18000000;
  return instruction('ldr', [to, from], operation, coded(to, 0), way(from, 19, 5));
}

export function str(from: Register, to: Memory): Item {
  return transfer('str', { log2Bytes: log2Bytes(from), load: false }, from, to);
}

export function ldrb(to: Register<32>, from: Memory): Item {
  return transfer('ldrb', { log2Bytes: 0, load: true }, to, from);
}

export function strb(from: Register<32>, to: Memory): Item {
  return transfer('strb', { log2Bytes: 0, load: false }, from, to);
}

export function ldrh(to: Register<32>, from: Memory): Item {
  return transfer('ldrh', { log2Bytes: 1, load: true }, to, from);
}

/** The address of a label, or of a place relative to one, at most 1 MiB away. */
export function adr(to: Register<64>, from: string | Expression): Item {
  general('adr', to);
  const name = typeof from === 'string' ? from : from.text;
  return instruction('adr', [to, name], 0x10000000, coded(to, 0), (place) => {
    const target = typeof from === 'string' ? place.addressOf(from) : from.evaluate(place);
    const reach = target - place.start;
    if (reach < -(2 ** 20) || reach >= 2 ** 20) return undefined;
    return ((reach & 3) << 29) | (((reach >> 2) & 0x7ffff) << 5);
  });
}

export function b(to: string): Item {
  return instruction('b', [to], 0x14000000, way(to, 26, 0));
}

/** Calls a label: the return address goes to x30. */
export function bl(to: string): Item {
  return instruction('bl', [to], 0x94000000, way(to, 26, 0));
}

function when(condition: Condition) {
  return (to: string): Item =>
    instruction(`b.${condition}`, [to], 0x54000000 + conditions.indexOf(condition), way(to, 19, 5));
}

export const [beq, bne] = [when('eq'), when('ne')];
/** Unsigned: ≥, <, >, ≤. */
export const [bhs, blo, bhi, bls] = [when('hs'), when('lo'), when('hi'), when('ls')];
/** Signed: ≥, <, >, ≤. */
export const [bge, blt, bgt, ble] = [when('ge'), when('lt'), when('gt'), when('le')];
/** Branches if the result is negative, or is not. */
export const [bmi, bpl] = [when('mi'), when('pl')];

/** Jumps to the address in a register. */
export function br(to: Register<64>): Item {
  general('br', to);
  return instruction('br', [to], 0xd61f0000, coded(to, 5));
}

/** Reads a system register: the counter of the processor, or its frequency. */
const systemRegisters = { cntvct_el0: 0x1be040, cntfrq_el0: 0x1be000 } as const;

export function mrs(to: Register<64>, from: keyof typeof systemRegisters): Item {
  general('mrs', to);
  return instruction('mrs', [to, from], 0xd5200000 + systemRegisters[from], coded(to, 0));
}
