/**
 * The operands of x86-64 instructions: registers, memory, numbers and labels.
 */
import { show, type Value } from './assembler.ts';

/** In bits. */
export type Size = 8 | 16 | 32 | 64;

export interface Register<S extends Size = Size> {
  readonly kind: 'register';
  readonly name: string;
  readonly size: S;
  readonly code: number;
  /** `spl`, `bpl`, `sil` and `dil` need a REX prefix; `ah`, `ch`, `dh` and `bh` exclude one. */
  readonly rex: 'any' | 'needed' | 'impossible';
}

export interface Memory {
  readonly kind: 'memory';
  /** Omitted if a register operand determines the size. */
  readonly size: Size | undefined;
  readonly base: Register<64> | undefined;
  readonly index: Scaled | undefined;
  /** A label is relative to rip. */
  readonly displacement: Value | string;
}

export interface Scaled {
  readonly kind: 'scaled';
  readonly register: Register<64>;
  readonly scale: 1 | 2 | 4 | 8;
}

export type Operand = Register | Memory | Value | string;

function registers<S extends Size, const Names extends readonly string[]>(size: S, names: Names) {
  return tuple(names, (name, code): Register<S> => {
    const rex = size === 8 && code >= 4 && code <= 7 ? 'needed' : 'any';
    return { kind: 'register', name, size, code, rex };
  });
}

type Tuple<Names extends readonly string[], T> = { readonly [Index in keyof Names]: T };

/** `map` for tuples: keeps their length, so that the results can be destructured. */
export function tuple<const Names extends readonly string[], T>(
  names: Names,
  make: (name: string, index: number) => T,
): Tuple<Names, T> {
  return names.map(make) as unknown as Tuple<Names, T>;
}

// biome-ignore format: the processor numbers the registers in this order
export const [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15] = registers(64,
  ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15']);
// biome-ignore format: as above
export const [eax, ecx, edx, ebx, esp, ebp, esi, edi, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d] = registers(32,
  ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'r8d', 'r9d', 'r10d', 'r11d', 'r12d', 'r13d', 'r14d', 'r15d']);
// biome-ignore format: as above
export const [ax, cx, dx, bx, sp, bp, si, di, r8w, r9w, r10w, r11w, r12w, r13w, r14w, r15w] = registers(16,
  ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di', 'r8w', 'r9w', 'r10w', 'r11w', 'r12w', 'r13w', 'r14w', 'r15w']);
// biome-ignore format: as above
export const [al, cl, dl, bl, spl, bpl, sil, dil, r8b, r9b, r10b, r11b, r12b, r13b, r14b, r15b] = registers(8,
  ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil', 'r8b', 'r9b', 'r10b', 'r11b', 'r12b', 'r13b', 'r14b', 'r15b']);
export const [ah, ch, dh, bh] = [high('ah', 4), high('ch', 5), high('dh', 6), high('bh', 7)];

function high(name: string, code: number): Register<8> {
  return { kind: 'register', name, size: 8, code, rex: 'impossible' };
}

const halves = [eax, ecx, edx, ebx, esp, ebp, esi, edi, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d];

/** The 32-bit register with the same number; writing to it clears the upper half of the 64-bit one. */
export function lowerHalf({ code, name }: Register): Register<32> {
  const half = halves[code];
  if (half === undefined) throw new TypeError(`${name} has no lower half`);
  return half;
}

export type Term = Register<64> | Scaled | Value | string;

/** An index register, times 1, 2, 4 or 8. */
export function scaled(register: Register<64>, scale: 1 | 2 | 4 | 8): Scaled {
  return { kind: 'scaled', register, scale };
}

/** Memory at the sum of its terms, a base, an index and a number; or at a label. */
export function at(...terms: readonly Term[]): Memory {
  return memory(undefined, terms);
}

/** Like `at`, for instructions in which no register determines the size. */
export const [byte, word, dword, qword] = [sized(8), sized(16), sized(32), sized(64)];

function sized(size: Size) {
  return (...terms: readonly Term[]): Memory => memory(size, terms);
}

function memory(size: Size | undefined, terms: readonly Term[]): Memory {
  const bases = terms.filter((term) => isRegister(term));
  const indexes = [...terms.filter((term) => isScaled(term)), ...bases.slice(1).map((r) => scaled(r, 1))];
  const [displacement = 0, ...more] = terms.filter(isNumber);
  const [base, index] = [bases[0], indexes[0]];
  const lone = typeof displacement === 'string' && terms.length > 1;
  // rsp's number means "no index" in the SIB byte.
  if (lone || more.length > 0 || indexes.length > 1 || index?.register === rsp) {
    throw new TypeError(`no address has the form ${terms.map(showTerm).join(' + ')}`);
  }
  return { kind: 'memory', size, base, index, displacement };
}

export function isRegister(operand: Operand | Scaled): operand is Register {
  return typeof operand === 'object' && 'kind' in operand && operand.kind === 'register';
}

export function isMemory(operand: Operand | Scaled): operand is Memory {
  return typeof operand === 'object' && 'kind' in operand && operand.kind === 'memory';
}

function isScaled(operand: Operand | Scaled): operand is Scaled {
  return typeof operand === 'object' && 'kind' in operand && operand.kind === 'scaled';
}

const pointers = { 8: 'BYTE PTR ', 16: 'WORD PTR ', 32: 'DWORD PTR ', 64: 'QWORD PTR ' };

function isNumber(term: Term): term is Value | string {
  return !isRegister(term) && !isScaled(term);
}

/** An operand in Intel's syntax, as GNU `as` reads it. */
export function showOperand(operand: Operand, size?: Size): string {
  if (typeof operand === 'string') return operand;
  if (isRegister(operand)) return operand.name;
  if (!isMemory(operand)) return show(operand);
  const { base, index, displacement } = operand;
  const known = operand.size ?? size;
  const terms = [base, index, ...(displacement === 0 && base ? [] : [displacement])];
  const inner = typeof displacement === 'string' ? `rip+${displacement}` : joined(terms);
  return `${known === undefined ? '' : pointers[known]}[${inner}]`;
}

function joined(terms: readonly (Term | undefined)[]): string {
  const shown = terms.filter((term) => term !== undefined).map(showTerm);
  return shown.join('+').replaceAll('+-', '-');
}

function showTerm(term: Term): string {
  if (isScaled(term)) return `${term.register.name}*${term.scale}`;
  return showOperand(term);
}
