/** Shared helpers for the tests of the assembler: GNU `as`, and examples of every instruction form. */
import { spawnSync } from 'node:child_process';
import { debian } from '../../scripts/test/lacking.ts';
import type { Item, Value } from './assembler.ts';
import * as x64 from './x64.ts';
import type { Term } from './x64-operands.ts';

/** The commands and flags of GNU `as` that assemble our listings. */
const assemblers = {
  'x86-64': ['as', '--64', '-msyntax=intel', '-mnaked-reg'],
  arm64: ['aarch64-linux-gnu-as'],
} as const;
type Machine = keyof typeof assemblers;

/** The machine code that GNU `as` generates for each line (x86-64: Intel syntax), in hexadecimal. */
export function assembleWithBinutils(source: string, machine: Machine = 'x86-64'): string[] {
  const [command, ...flags] = assemblers[machine];
  const listing = ['-aln', '--listing-lhs-width=4', '-o', '/dev/null', '-'];
  const { status, stdout, stderr } = spawnSync(command, [...flags, ...listing], {
    input: source,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  const lines: string[] = source
    .trimEnd()
    .split('\n')
    .map(() => '');
  for (const [, number, hex = ''] of stdout.matchAll(/^ *(\d+) [0-9a-f]{4} ([0-9A-F ]+?) *(?:\t|$)/gm)) {
    lines[Number(number) - 1] += hex.replaceAll(' ', '').toLowerCase();
  }
  return lines;
}

/** Why GNU `as` is not available for comparison, or `false`. */
export function missingBinutils(machine: Machine = 'x86-64'): string | false {
  const [command] = assemblers[machine];
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  if ((process.arch === 'x64' || machine !== 'x86-64') && stdout?.includes('GNU assembler')) return false;
  return `missing: GNU as for ${machine}, so the golden bytes stand alone ${debian([machine === 'arm64' ? 'binutils-aarch64-linux-gnu' : 'binutils'])}`;
}

const { at, byte, word, dword, qword, scaled } = x64;
const { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 } = x64;
const { eax, ecx, esi, r8d, r13d, ax, cx, si, r9w, al, cl, dl, dil, r10b, ah, bh } = x64;
const all64 = [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];
const some32 = [eax, ecx, esi, r8d, r13d];
const some16 = [ax, cx, si, r9w];
const some8 = [al, cl, dil, r10b];
const some64 = [rax, rcx, rsi, r8, r13];
const registers = [some8, some16, some32, some64] as const;

/** Every shape of an address, without its size. */
const addresses: (readonly Term[])[] = [
  ...all64.flatMap((base): (readonly Term[])[] => [[base], [base, 8], [base, -129]]),
  ...[-128, 127, 128, 0x12345678, -0x80000000].map((displacement): readonly Term[] => [rbx, displacement]),
  ...([1, 2, 4, 8] as const).flatMap((scale): (readonly Term[])[] => [
    [rax, scaled(rcx, scale)],
    [rbp, scaled(r13, scale)],
    [r12, scaled(rbp, scale), 16],
    [rsp, scaled(r12, scale), 0x1000],
    [r13, scaled(r15, scale), -1],
    [scaled(rdx, scale), 0],
    [scaled(r9, scale), 64],
  ]),
  [rdi, rsi],
  [0x1234],
];
const sizes = [byte, word, dword, qword];
/** One address of each kind, for instructions that treat all of them alike. */
const places = sizes.map((sized) => [sized(rbx), sized(rbp, 4), sized(r8, scaled(r9, 8), 0x400)]);

const constants: readonly (readonly Value[])[] = [
  [0, 1, -1, 127, 128, 255, -128],
  [0, 1, -1, 127, 128, -128, -129, 255, 0x7fff, 0xff80, 0xffff],
  [0, 1, -1, 127, 128, -128, -129, 0x7fffffff, -0x80000000, 0x80000000, 0xffffff80, 0xffffffff],
  [0, 1, -1, 127, 128, -128, -129, 0x7fffffff, -0x80000000, 0xffffffffffffff80n, 0xffffffff80000000n],
];

type Pair = (to: never, from: never) => Item;

/** Calls a form; the type checker cannot see that the sizes of enumerated operands agree. */
function call(instruction: Pair | ((operand: never) => Item), ...operands: readonly unknown[]): Item {
  return (instruction as (...operands: readonly unknown[]) => Item)(...operands);
}

function pairs(instruction: Pair): Item[] {
  // `as` encodes an exchange of a register with itself as another kind of `nop`.
  const selfless = (instruction as unknown) === x64.xchg;
  return registers.flatMap((same) =>
    same.flatMap((to) =>
      same.filter((from) => !selfless || from !== to).map((from) => call(instruction, to, from)),
    ),
  );
}

function withMemory(instruction: Pair): Item[] {
  return registers.flatMap((same, index) =>
    (places[index] ?? []).flatMap((place) => [
      call(instruction, place, same[1]),
      ...(instruction === x64.test || instruction === x64.xchg ? [] : [call(instruction, same[2], place)]),
    ]),
  );
}

function withConstants(instruction: Pair): Item[] {
  return registers.flatMap((same, index) => {
    const targets = [same[0], same[3], places[index]?.[1]];
    return (constants[index] ?? []).flatMap((value) => targets.map((to) => call(instruction, to, value)));
  });
}

/** A few operands, for an instruction that differs from another only in a digit of the opcode. */
function sample(instruction: Pair): Item[] {
  return registers.flatMap((same, index) => [
    ...[same[1], same[3], 5, 100].map((from) => call(instruction, same[0], from)),
    ...[same[3], 5].map((from) => call(instruction, places[index]?.[1], from)),
    call(instruction, same[2], places[index]?.[2]),
  ]);
}

function unaries(instruction: (operand: never) => Item): Item[] {
  return [...registers.flat(), ...places.flat()].map((operand) => call(instruction, operand));
}

const [, ...wideRegisters] = registers;

function toRegisters(instruction: Pair): Item[] {
  return wideRegisters.flatMap((same, index) => [
    ...[same[1], same[3], places[index + 1]?.[2]].map((from) => call(instruction, same[3], from)),
    call(instruction, same[0], same[2]),
  ]);
}

function shifts(instruction: Pair): Item[] {
  return registers.flatMap((same, index) =>
    [1, 7, cl].flatMap((by) => [same[0], same[3], places[index]?.[1]].map((to) => call(instruction, to, by))),
  );
}

function bitTests(instruction: Pair): Item[] {
  return wideRegisters.flatMap((same, index) =>
    [same[0], same[3], 3].flatMap((bit) =>
      [same[1], places[index + 1]?.[2]].map((to) => call(instruction, to, bit)),
    ),
  );
}

function extensions(instruction: Pair): Item[] {
  return wideRegisters.flatMap((same, index) =>
    [...some8, byte(rbp, 4), ...(index > 0 ? [...some16, word(r8, 4)] : [])].map((from) =>
      call(instruction, same[index], from),
    ),
  );
}

function isRegister(value: unknown): value is x64.Register {
  return typeof value === 'object' && value !== null && 'rex' in value;
}

function named<T>(pattern: RegExp): T[] {
  return Object.entries(x64).flatMap(([name, value]) => (pattern.test(name) ? [value as T] : []));
}

const products = [
  ...unaries(x64.imul as never),
  ...toRegisters(x64.imul as never),
  ...wideRegisters.flatMap((same, index) =>
    [3, -129, 1000].flatMap((by) =>
      [same[3], places[index + 1]?.[1]].map((from) => call(x64.imul as never, same[1], from, by)),
    ),
  ),
];

/** Typical operands of the programs: upper halves of registers, tables at an address, fields of the state. */
const inPrograms = [
  ...[x64.and(ah, 0x60), x64.or(ah, 0x9f), x64.mov(ah, byte(rbx, 4)), x64.and(byte(rbx, 4), 0x9f)],
  ...[x64.cmp(at(scaled(rcx, 4), 0x4000400), esi), x64.cmp(dword(rsi, rdx, -4), 0x0a0d0a0d)],
  ...[x64.cmp(byte(rbx, 4), 0x60), x64.mov(cx, word(rbx, 5)), x64.mov(word(rbx, 5), ax)],
  ...[x64.movzx(ecx, byte(rcx, 0x4000400)), x64.movzx(ecx, word(scaled(rcx, 2), 0x4000400))],
  ...[x64.mov(esi, at(scaled(rcx, 4), 0x40001234)), x64.xchg(at(rsp), rsi), x64.push(0x4000500)],
];

const onTheStack = [...all64, qword(rbx), qword(r12, 8), at(rbp, scaled(r9, 2))];
const pushedConstants = [0, 1, -1, 127, 128, -128, -129, 0x7fffffff, -0x80000000];

/** Examples of every form of every instruction. Labels are left out: they need a program around them. */
export function everyForm(): Item[] {
  return [
    ...addresses.flatMap((terms) => [x64.mov(eax, at(...terms)), x64.lea(r9, at(...terms))]),
    ...[x64.add, x64.mov, x64.test, x64.xchg].flatMap((one) => [...pairs(one), ...withMemory(one)]),
    ...[x64.add, x64.mov, x64.test].flatMap(withConstants),
    ...[0x80000000, 0xffffffff, 2 ** 32, 0x0123456789abcdefn, -(2n ** 63n)].map((value) =>
      x64.mov(r9, value),
    ),
    ...[x64.or, x64.adc, x64.sbb, x64.and, x64.sub, x64.xor, x64.cmp].flatMap(sample),
    ...[x64.inc, x64.dec, x64.not, x64.neg, x64.mul, x64.div, x64.idiv].flatMap(unaries),
    ...[x64.rol, x64.ror, x64.rcl, x64.rcr, x64.shl, x64.shr, x64.sar].flatMap(shifts),
    ...[x64.bt, x64.bts, x64.btr, x64.btc].flatMap(bitTests),
    ...[x64.bsf, x64.bsr, ...named<typeof x64.cmove>(/^cmov/)].flatMap(toRegisters),
    ...[x64.movzx, x64.movsx].flatMap(extensions),
    ...[eax, r13d, dword(rbx), at(r9, 4)].flatMap((from) => [x64.movsxd(rcx, from), x64.movsxd(r9, from)]),
    ...named<typeof x64.sete>(/^set/).flatMap((one) => [one(al), one(dil), one(r10b), one(at(rbx, 4))]),
    ...products,
    ...inPrograms,
    ...onTheStack.flatMap((operand) => [x64.push(operand), x64.pop(operand)]),
    ...pushedConstants.map((value) => x64.push(value)),
    ...[0, 1, 0xffff].map((bytes) => x64.enter(bytes)),
    ...[...some32, ...some64].map((register) => x64.bswap(register)),
    ...[...all64, qword(rbx), at(r12, 8)].flatMap((target) => [x64.jmp(target), x64.call(target)]),
    ...Object.values(x64).flatMap((one) => (isRegister(one) ? [x64.or(one, one)] : [])),
    ...[x64.mov(ah, dl), x64.add(bh, ah), x64.mov(ah, 5), x64.mov(byte(rbx), bh), x64.xchg(ah, al)],
    ...named<Item>(/^(movs|cmps|stos|lods|scas)[bwdq]$/),
    // For 16 bits, `as` writes the prefixes in another, equivalent order.
    ...named<Item>(/^(movs|cmps|stos|lods|scas)[bdq]$/).flatMap((one) => [x64.rep(one), x64.repne(one)]),
    ...named<Item>(/^(syscall|ret|leave|nop|int3|ud2|pause|rdtsc|cl[cd]|st[cd]|cmc|cwde|cdqe?|cqo)$/),
  ];
}
