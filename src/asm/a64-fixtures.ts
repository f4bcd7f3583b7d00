/** Examples of every A64 instruction form, for the comparison with GNU `as`. */
import * as a64 from './a64.ts';
import type { Item, Value } from './assembler.ts';

const { at, after, before, indexed, sp, wzr, xzr } = a64;
const { w0, w1, w2, w7, w9, w19, w26, w27, w30, x0, x1, x2, x3, x7, x9, x19, x25, x30 } = a64;

type Sum = (to: a64.Register, left: a64.Register, right: a64.Register | Value, by?: a64.Modifier) => Item;
type Three = (to: a64.Register, left: a64.Register, right: a64.Register) => Item;
type Two = (to: a64.Register, from: a64.Register) => Item;

const wide = [x0, x9, x30] as const;
const narrow = [w1, w19, w30] as const;
const triples = [wide, narrow, [x7, xzr, x2], [wzr, w27, w0]] as const;

function sums(one: unknown): Item[] {
  const make = one as Sum;
  return [
    ...triples.map(([to, left, right]) => make(to, left, right)),
    ...triples.flatMap(([to, left, right]) => [1, 31].map((lsl) => make(to, left, right, { lsl }))),
    ...[wide, narrow].flatMap(([to, left]) => [0, 1, 4095].map((value) => make(to, left, value))),
    ...[wide, narrow].map(([to, left]) => make(to, left, 17, { lsl: 12 })),
    ...[make(w0, w9, w26, { uxtb: true }), make(x1, sp, 24), make(x1, sp, x2, { lsl: 3 })],
    ...(one === a64.subs ? [] : [make(sp, sp, 17, { lsl: 12 }), make(sp, x2, 16)]),
  ];
}

function comparisons(one: unknown): Item[] {
  const make = one as (left: a64.Register, right: a64.Register | Value, by?: a64.Modifier) => Item;
  return [
    ...[make(x1, x30), make(w19, w26), make(w1, w26, { uxtb: true }), make(x3, x9, { lsl: 24 })],
    ...[make(x1, 0), make(w1, 4095), make(w1, 1, { lsl: 12 }), make(sp, 16)],
  ];
}

/** Bit masks with elements of every size, rotated and not. */
const masks32 = [
  ...[1, 4, 0x20, 0x60, 0xff, 0xff00, 0x7fffffff, 0xff000000, 0xffff00ff, 0xfffffffe, 0x80000001],
  ...[0x55555555, 0xaaaaaaaa, 0x33333333, 0x99999999, 0x0f0f0f0f, 0xe1e1e1e1, 0x00ff00ff, 0xfe01fe01],
];
const masks64 = [1, 0xff, 0xffff00000000, 0xfffffff0, 0x70000000000];

function logics(one: unknown): Item[] {
  const make = one as (to: a64.Register, left: a64.Register, right: a64.Register | number) => Item;
  return [
    ...triples.map(([to, left, right]) => make(to, left, right)),
    ...masks32.map((mask) => make(w26, w7, mask)),
    ...masks64.map((mask) => make(x25, x2, mask)),
  ];
}

const threes = (one: unknown) => triples.map(([to, left, right]) => (one as Three)(to, left, right));
const twos = (one: unknown) => triples.map(([to, from]) => (one as Two)(to, from));

const constants = [0, 1, 113, 0xffff, 0x10000, 0x12340000, -1, -0x10000, -0x12340001, 0xffffffff];

const moves = [
  ...twos(a64.mov),
  ...[a64.mov(sp, x1), a64.mov(x30, sp)],
  ...constants.flatMap((value) => [
    a64.mov(w26, value),
    ...(value === 0xffffffff ? [] : [a64.mov(x2, value)]),
  ]),
  ...[a64.mov(x9, 0x1234 * 2 ** 32), a64.mov(x9, 0xabcdn << 48n), a64.mov(x9, ~(0xabcdn << 48n))],
  ...[a64.movk(w2, 0x1234, { lsl: 16 }), a64.movk(x2, 0xffff, { lsl: 0 })],
];

const shifts = [a64.lsl, a64.lsr].flatMap((one) => [
  ...threes(one),
  ...[one(w0, w27, 1), one(w0, w27, 31), one(x0, x25, 3), one(x0, x25, 63), one(w0, w1, 24)],
]);

const fields = [
  ...[a64.bfi(w27, w19, 24, 8), a64.bfi(x0, x1, 0, 64), a64.bfi(x7, x1, 56, 8), a64.bfi(w7, w1, 0, 16)],
  ...[a64.ubfx(w7, w27, 8, 16), a64.ubfx(x2, x25, 3, 2), a64.ubfx(w0, w1, 0, 31), a64.sxtb(w0, w27)],
];

const choices = [a64.csel, a64.csinc].flatMap((one) => [
  ...(['eq', 'ne', 'hs', 'lo', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le'] as const).map(
    (when) => one(w26, [w7, w2], when),
  ),
  one(x0, [x30, xzr], 'ne'),
]);

/** Addresses that all loads and stores of one register support. */
function accesses<R extends a64.Register>(
  one: (register: R, where: a64.Memory) => Item,
  register: R,
  bytes: number,
) {
  const places = [
    ...[at(x1), at(sp, 16), at(x30, bytes), at(x9, bytes * 4095), at(x9, -1), at(x9, -256), at(x9, 255)],
    ...[indexed(x1, x2), indexed(sp, x19), ...(bytes > 1 ? [indexed(x1, x2, Math.log2(bytes))] : [])],
    ...[after(x1, 1), after(x9, -256), after(x9, 255), before(x25, bytes), before(sp, -16)],
  ];
  return places.map((where) => one(register, where));
}

const transfers = [
  ...[...accesses(a64.ldr, x7, 8), ...accesses(a64.ldr, w7, 4)],
  ...[...accesses(a64.str, x30, 8), ...accesses(a64.str, wzr, 4)],
  ...[...accesses(a64.ldrb, w0, 1), ...accesses(a64.strb, w30, 1), ...accesses(a64.ldrh, w2, 2)],
  ...[a64.ldp, a64.stp].flatMap((one) => [
    ...[one(w26, w27, at(x25)), one(w26, w27, at(x25, 252)), one(w26, w27, at(sp, -256))],
    ...[one(x0, x1, at(sp)), one(x3, xzr, at(x25, 504)), one(x9, x30, at(sp, -512))],
  ]),
];

/** Targets as `as` accepts them, in bytes from the instruction. Our labels have the same names. */
const near = ['.+0', '.+4', '.-4', '.+32764', '.-32768'];
const conditional = [...near, '.+1048572', '.-1048576'];
const far = [...conditional, '.+134217724', '.-134217728'];
const { beq, bne, bhs, blo, bhi, bls, bge, blt, bgt, ble, bmi, bpl } = a64;

const branches = [
  ...[a64.b, a64.bl].flatMap((one) => far.map((to) => one(to))),
  ...[beq, bne, bhs, blo, bhi, bls, bge, blt, bgt, ble, bmi, bpl].flatMap((one) =>
    conditional.map((to) => one(to)),
  ),
  ...[a64.cbz, a64.cbnz].flatMap((one) => conditional.flatMap((to) => [one(w0, to), one(x30, to)])),
  ...[a64.tbz, a64.tbnz].flatMap((one) =>
    near.flatMap((to) => [one(w0, 0, to), one(w27, 31, to), one(x9, 32, to), one(x9, 63, to)]),
  ),
  ...conditional.flatMap((from) => [a64.ldr(x9, from), a64.ldr(w30, from)]),
  ...['.+1', '.-1', '.+1048575', ...conditional].map((from) => a64.adr(x1, from)),
  a64.adr(x7, { text: '.+12', evaluate: (place) => place.start + 12 }),
];

/** Every form of every instruction. */
export function everyA64Form(): Item[] {
  return [
    ...[a64.add, a64.sub, a64.subs].flatMap(sums),
    ...[a64.cmp, a64.cmn].flatMap(comparisons),
    ...[a64.and, a64.orr, a64.eor, a64.ands].flatMap(logics),
    ...[a64.tst(w0, w26), a64.tst(x0, x30), a64.tst(w27, 4), a64.tst(a64.x27, 0xff)],
    ...[a64.bic, a64.udiv, a64.mul].flatMap(threes),
    ...[a64.rbit, a64.rev, a64.mvn].flatMap(twos),
    ...moves,
    ...shifts,
    ...fields,
    ...choices,
    ...[a64.madd(w26, w26, w9, w1), a64.madd(x0, x30, x2, xzr)],
    ...transfers,
    ...branches,
    ...[a64.svc, a64.ret, a64.br(x30), a64.br(x0)],
    ...[a64.mrs(x0, 'cntvct_el0'), a64.mrs(x30, 'cntfrq_el0')],
  ];
}
