/**
 * x86-64 instructions for the assembler: one function per mnemonic, operands in Intel's order, destination
 * first. Every form is checked against GNU `as` (`x64.test.ts`).
 *
 * The shortest of several equivalent encodings is used, but no instruction is replaced by another: `mov(eax,
 * 0)` never becomes `xor(eax, eax)`, which changes the flags. The one exception is `mov` of a constant below
 * 2^32 to a 64-bit register, which becomes the `mov` to its lower half.
 */
import { field, type Item, item, relative, show, type Value } from './assembler.ts';
import {
  arithmetic,
  bitTest,
  branch,
  commonSize,
  conditionalJump,
  extend,
  fixed,
  immediate,
  indirect,
  instruction,
  isAccumulator,
  type Place,
  perCondition,
  repeated,
  type Source,
  shift,
  shortBranch,
  sizedAs,
  stringOperation,
  toRegister,
  transfer,
  unary,
  type Wide,
  wide,
} from './x64-forms.ts';
import { isMemory, isRegister, lowerHalf, type Memory, type Register, type Size } from './x64-operands.ts';

export * from './x64-operands.ts';

export const add = arithmetic('add', 0);
export const or = arithmetic('or', 1);
export const adc = arithmetic('adc', 2);
export const sbb = arithmetic('sbb', 3);
export const and = arithmetic('and', 4);
export const sub = arithmetic('sub', 5);
export const xor = arithmetic('xor', 6);
export const cmp = arithmetic('cmp', 7);

export const inc = unary('inc', 0xfe, 0);
export const dec = unary('dec', 0xfe, 1);
export const not = unary('not', 0xf6, 2);
export const neg = unary('neg', 0xf6, 3);
export const mul = unary('mul', 0xf6, 4);
export const div = unary('div', 0xf6, 6);
export const idiv = unary('idiv', 0xf6, 7);

export const rol = shift('rol', 0);
export const ror = shift('ror', 1);
export const rcl = shift('rcl', 2);
export const rcr = shift('rcr', 3);
export const shl = shift('shl', 4);
export const shr = shift('shr', 5);
export const sar = shift('sar', 7);

export const bt = bitTest('bt', 4);
export const bts = bitTest('bts', 5);
export const btr = bitTest('btr', 6);
export const btc = bitTest('btc', 7);
export const bsf = toRegister('bsf', 0xbc);
export const bsr = toRegister('bsr', 0xbd);

export const movzx = extend('movzx', 0xb6);
export const movsx = extend('movsx', 0xbe);

// The condition `b` also means carry, and `e` also means zero.
// biome-ignore format: four rows of four
export const [
  jo, jno, jb, jae,
  je, jne, jbe, ja,
  js, jns, jp, jnp,
  jl, jge, jle, jg,
] = perCondition((_, code) => conditionalJump(code));

// biome-ignore format: as above
export const [
  seto, setno, setb, setae,
  sete, setne, setbe, seta,
  sets, setns, setp, setnp,
  setl, setge, setle, setg,
] = perCondition((name, code) => (to: Place<8>) =>
  instruction(`set${name}`, [to], { size: 8, opcode: [0x0f, 0x90 | code], reg: 0, rm: to }));

// biome-ignore format: as above
export const [
  cmovo, cmovno, cmovb, cmovae,
  cmove, cmovne, cmovbe, cmova,
  cmovs, cmovns, cmovp, cmovnp,
  cmovl, cmovge, cmovle, cmovg,
] = perCondition((name, code) => toRegister(`cmov${name}`, 0x40 | code));

export const loop = shortBranch('loop', 0xe2);
export const loope = shortBranch('loope', 0xe1);
export const loopne = shortBranch('loopne', 0xe0);
export const jrcxz = shortBranch('jrcxz', 0xe3);

export const syscall = fixed('syscall', 0x0f, 0x05);
export const ret = fixed('ret', 0xc3);
export const leave = fixed('leave', 0xc9);
export const nop = fixed('nop', 0x90);
export const int3 = fixed('int3', 0xcc);
export const ud2 = fixed('ud2', 0x0f, 0x0b);
export const pause = fixed('pause', 0xf3, 0x90);
export const rdtsc = fixed('rdtsc', 0x0f, 0x31);
export const cld = fixed('cld', 0xfc);
export const std = fixed('std', 0xfd);
export const clc = fixed('clc', 0xf8);
export const stc = fixed('stc', 0xf9);
export const cmc = fixed('cmc', 0xf5);
export const cwde = fixed('cwde', 0x98);
export const cdqe = fixed('cdqe', 0x48, 0x98);
export const cdq = fixed('cdq', 0x99);
export const cqo = fixed('cqo', 0x48, 0x99);
export const [movsb, movsw, movsd, movsq] = stringOperation('movs', 0xa4);
export const [cmpsb, cmpsw, cmpsd, cmpsq] = stringOperation('cmps', 0xa6);
export const [stosb, stosw, stosd, stosq] = stringOperation('stos', 0xaa);
export const [lodsb, lodsw, lodsd, lodsq] = stringOperation('lods', 0xac);
export const [scasb, scasw, scasd, scasq] = stringOperation('scas', 0xae);
/** Repeats a string operation rcx times; `repe` also ends at a difference, and `repne` at a match. */
export const rep = repeated('rep', 0xf3);
export const repe = repeated('repe', 0xf3);
export const repne = repeated('repne', 0xf2);

export function mov<S extends Size>(to: Place<S>, from: Source<S>): Item {
  if (isRegister(from) || isMemory(from)) return transfer('mov', 0x88, to, from);
  const size = commonSize('mov', to);
  const tail = [immediate(size, from)];
  if (isMemory(to))
    return instruction('mov', [to, from], { size, opcode: [0xc6 | wide(size)], reg: 0, rm: to, tail });
  const opcode = [size === 8 ? 0xb0 : 0xb8];
  if (size < 64) return instruction('mov', [to, from], { size, opcode, register: to, tail });
  if (typeof from !== 'object' && from >= 0 && from < 2 ** 32) return mov(lowerHalf(to), from);
  return instruction(
    ...(['mov', [to, from]] as const),
    { size: 32, opcode, register: to, tail: [field(4, from, 'unsigned')] },
    { size: 64, opcode: [0xc7], reg: 0, rm: to, tail },
    { size: 64, opcode, register: to, tail: [field(8, from)] },
  );
}

export function lea(to: Register<Wide>, from: Memory): Item {
  return instruction('lea', [to, from], { size: to.size, opcode: [0x8d], reg: to, rm: from });
}

export function test<S extends Size>(left: Place<S>, right: Register<NoInfer<S>> | Value): Item {
  const size = commonSize('test', left, right);
  const shape = { size, rm: left };
  if (isRegister(right))
    return instruction('test', [left, right], { ...shape, opcode: [0x84 | wide(size)], reg: right });
  const tail = [immediate(size, right)];
  return instruction(
    ...(['test', [left, right]] as const),
    ...(isAccumulator(left) ? [{ size, opcode: [0xa8 | wide(size)], tail }] : []),
    { ...shape, opcode: [0xf6 | wide(size)], reg: 0, tail },
  );
}

export function xchg<S extends Size>(left: Place<S>, right: Register<NoInfer<S>>): Item {
  const size = commonSize('xchg', left, right);
  const general = { size, opcode: [0x86 | wide(size)], reg: right, rm: left };
  const other = isAccumulator(left) ? right : left;
  // The short form of eax with itself is `nop`, which does not clear the upper half.
  const short = size > 8 && isRegister(other) && [left, right].some(isAccumulator) && !isAccumulator(other);
  return instruction(
    'xchg',
    [left, right],
    ...(short ? [{ size, opcode: [0x90], register: other }] : []),
    general,
  );
}

export function push(from: Place<64> | Value): Item {
  if (isRegister(from)) return instruction('push', [from], { size: 32, opcode: [0x50], register: from });
  if (!isMemory(from)) {
    return item(`push ${show(from)}`, [0x6a, field(1, from, 'signed')], [0x68, field(4, from, 'signed')]);
  }
  return indirect('push', 6, from);
}

export function pop(to: Place<64>): Item {
  if (isRegister(to)) return instruction('pop', [to], { size: 32, opcode: [0x58], register: to });
  const rm = sizedAs(64, to, 'pop');
  return instruction('pop', [rm], { size: 32, opcode: [0x8f], reg: 0, rm });
}

/** One operand: rdx:rax becomes rax × it. Two: `to` × `from`. Three: `from` × `by`. */
export function imul<S extends Size>(to: Place<S>, from?: Place<NoInfer<S>>, by?: Value): Item {
  const size = commonSize('imul', to);
  if (from === undefined) return unary('imul', 0xf6, 5)(to);
  if (!isRegister(to) || size === 8)
    throw new TypeError('imul: the product goes to a register of 16 bits or more');
  if (by === undefined)
    return instruction('imul', [to, from], { size, opcode: [0x0f, 0xaf], reg: to, rm: from });
  const shape = { size, reg: to, rm: from };
  return instruction(
    ...(['imul', [to, from, by]] as const),
    { ...shape, opcode: [0x6b], tail: [immediate(size, by, 1)] },
    { ...shape, opcode: [0x69], tail: [immediate(size, by)] },
  );
}

/** Sign-extends 32 bits to 64. */
export function movsxd(to: Register<64>, from: Place<32>): Item {
  const rm = sizedAs(32, from, 'movsxd');
  return instruction('movsxd', [to, rm], { size: 64, opcode: [0x63], reg: to, rm });
}

/** Pushes rbp, copies rsp to it, and reserves the given number of bytes on the stack. */
export function enter(bytes: number): Item {
  return item(`enter ${bytes}, 0`, [0xc8, field(2, bytes, 'unsigned'), 0]);
}

export function bswap(register: Register<32 | 64>): Item {
  return instruction('bswap', [register], { size: register.size, opcode: [0x0f, 0xc8], register });
}

/** Jumps to a label, or to the address in a register or in memory. */
export function jmp(to: string | Place<64>): Item {
  return typeof to === 'string' ? branch('jmp', to, [0xeb], [0xe9]) : indirect('jmp', 4, to);
}

export function call(to: string | Place<64>): Item {
  if (typeof to !== 'string') return indirect('call', 2, to);
  return item(`call ${to}`, [0xe8, field(4, relative(to), 'signed')]);
}
