/**
 * A processor-independent assembler: `x64.ts` and `a64.ts` supply the instructions. A program is a list of
 * fragments, including items with several possible encodings (a jump to a near label is shorter).
 *
 * 1. Blocks are put in order; a block that is no longer followed by its successor gets a jump. If it ends
 *    in a conditional jump to the block that now follows, that jump is inverted instead.
 * 2. Every item starts with its shortest encoding, and every label gets an address.
 * 3. Each item whose numbers do not fit at these addresses takes a longer encoding.
 * 4. Steps 2 and 3 repeat until nothing grows. Nothing ever shrinks, so this ends.
 * 5. The numbers are written, and every byte is kept together with its address and its source.
 */

/** The position of an item in the current layout. */
export interface Place {
  /** The address of its first byte. */
  readonly start: number;
  /** The address after its last byte, from which x86 counts relative addresses. */
  readonly end: number;
  addressOf(label: string): number;
}

/** A number that depends on the layout. */
export interface Expression {
  readonly text: string;
  evaluate(place: Place): number;
}

export type Value = number | bigint | Expression;

/** A little-endian number in an encoding. */
export interface Field {
  /** In bytes. A field of size 0 can only hold zero. */
  readonly size: number;
  /** The value to write, or `undefined` if the number needs a longer encoding. */
  encode(place: Place): bigint | undefined;
}

/** Bytes and fields, one after the other. */
export type Encoding = readonly (number | Field)[];

export interface Item {
  readonly kind: 'item';
  /** The source in the syntax of GNU `as`. */
  readonly text: string;
  /** Shortest first. */
  readonly encodings: readonly Encoding[];
  /** For a jump whose size depends on the distance: its target. */
  readonly target?: string;
  /** For a conditional jump: the one with the opposite condition. */
  readonly reversed?: (label: string) => Item;
}

export type Fragment =
  | Item
  | { readonly kind: 'bytes'; readonly text: string; readonly bytes: Uint8Array }
  | { readonly kind: 'label'; readonly name: string }
  | { readonly kind: 'align'; readonly boundary: number };

export interface Block {
  /** Also the label of its first byte. */
  readonly name: string;
  readonly fragments: readonly Fragment[];
  /** The block that runs after this one; a block without one ends in its own jump, or is data. */
  readonly next: string | undefined;
}

export interface Program {
  readonly blocks: readonly Block[];
  /** The names of all blocks by address; by default, blocks stay in source order. */
  readonly order?: readonly string[];
  /** The address of the first byte. */
  readonly origin: number;
  readonly jump: (label: string) => Fragment;
  /** Addresses of labels outside of the program. */
  readonly externals?: Readonly<Record<string, number>>;
}

export interface OrderedProgram extends Program {
  readonly order: readonly string[];
}

/** The output of one fragment; labels have no bytes. */
export interface Row {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}

export interface Assembled {
  readonly bytes: Uint8Array;
  readonly rows: readonly Row[];
  addressOf(label: string): number;
}

export class AssemblyError extends Error {
  override readonly name = 'AssemblyError';
}

export function block(name: string, fragments: readonly Fragment[], next?: string): Block {
  return { name, fragments, next };
}

export function label(name: string): Fragment {
  return { kind: 'label', name };
}

/** Zeros up to the next multiple of `boundary`. */
export function align(boundary: number): Fragment {
  return { kind: 'align', boundary };
}

export function bytes(content: Uint8Array, text = `${content.length} bytes`): Fragment {
  return { kind: 'bytes', text, bytes: content };
}

/** Characters up to U+00FF, one byte each. */
export function ascii(text: string): Fragment {
  const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
  const shown = text.replaceAll(/[^ -~]|["\\]/g, octal);
  return bytes(Buffer.from(text, 'latin1'), `.ascii "${shown}"`);
}

/** Numbers of `size` bytes each. */
export function data(size: 1 | 2 | 4 | 8, ...values: readonly Value[]): Item {
  const directive = { 1: '.byte', 2: '.short', 4: '.long', 8: '.quad' }[size];
  return item(
    `${directive} ${values.map(show).join(', ')}`,
    values.map((value) => field(size, value)),
  );
}

export function item(text: string, ...encodings: readonly Encoding[]): Item {
  return { kind: 'item', text, encodings: encodings.toSorted((a, b) => lengthOf(a) - lengthOf(b)) };
}

/** The address of a label. */
export function address(name: string): Expression {
  return { text: name, evaluate: (place) => place.addressOf(name) };
}

/** The number of bytes from one label to another. */
export function distance(from: string, to: string): Expression {
  return { text: `${to}-${from}`, evaluate: (place) => place.addressOf(to) - place.addressOf(from) };
}

/** The number of bytes from the end of the item to a label, for jumps and rip-relative operands. */
export function relative(name: string): Expression {
  return { text: name, evaluate: (place) => place.addressOf(name) - place.end };
}

/** A field for numbers of `size` bytes: signed, unsigned, or either. */
export function field(size: number, value: Value, range: 'signed' | 'unsigned' | 'either' = 'either'): Field {
  const bits = BigInt(size * 8);
  const least = range === 'unsigned' || size === 0 ? 0n : -(1n << (bits - 1n));
  const most = range === 'signed' && size > 0 ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  return {
    size,
    encode(place) {
      const number = evaluate(value, place);
      return number >= least && number <= most ? number : undefined;
    },
  };
}

export function evaluate(value: Value, place: Place): bigint {
  return BigInt(typeof value === 'object' ? value.evaluate(place) : value);
}

export function show(value: Value): string {
  return typeof value === 'object' ? value.text : String(value);
}

export function assemble(program: Program): Assembled {
  const layout = new Layout(program);
  layout.settle();
  const rows = layout.rows();
  return { bytes: Buffer.concat(rows.map((row) => row.bytes)), rows, addressOf: layout.addressOf };
}

/** A listing with one line for every eight bytes: address, bytes, source. */
export function listing(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ address: start, bytes: content, text }) => {
    const count = Math.max(1, Math.ceil(content.length / 8));
    return Array.from({ length: count }, (_, index) => {
      const hex = Buffer.from(content.subarray(index * 8, index * 8 + 8)).toString('hex');
      const where = (start + index * 8).toString(16).padStart(8, '0');
      return `${where}  ${hex.padEnd(16)}  ${index === 0 ? text : ''}`.trimEnd();
    });
  });
  return `${lines.join('\n')}\n`;
}

/** In bytes. */
export function lengthOf(encoding: Encoding): number {
  return encoding.reduce<number>((sum, part) => sum + (typeof part === 'number' ? 1 : part.size), 0);
}

function inOrder({ blocks, order = blocks.map(({ name }) => name), jump }: Program): Fragment[] {
  const byName = new Map(blocks.map((one) => [one.name, one]));
  if (
    byName.size !== blocks.length ||
    order.length !== blocks.length ||
    new Set(order).size !== order.length
  ) {
    fail('the order has to name every block once');
  }
  return order.flatMap((name, index) => {
    const { fragments, next } = byName.get(name) ?? fail(`no block is named ${name}`);
    const follower = order[index + 1];
    if (next === undefined || next === follower) return [label(name), ...fragments];
    const last = fragments.at(-1);
    const turned = last?.kind === 'item' && last.target === follower ? last.reversed?.(next) : undefined;
    return [label(name), ...(turned ? [...fragments.slice(0, -1), turned] : [...fragments, jump(next)])];
  });
}

/** A fragment, its address, and, for items, the chosen encoding. */
interface Placed {
  readonly fragment: Fragment;
  start: number;
  choice: number;
}

class Layout {
  readonly #origin: number;
  readonly #externals: readonly (readonly [string, number])[];
  readonly #placed: readonly Placed[];
  #labels = new Map<string, number>();

  constructor(program: Program) {
    this.#origin = program.origin;
    this.#externals = Object.entries(program.externals ?? {});
    this.#placed = inOrder(program).map((fragment) => ({ fragment, start: 0, choice: 0 }));
  }

  readonly addressOf = (name: string): number => this.#labels.get(name) ?? fail(`no label is named ${name}`);

  settle(): void {
    do this.#placeAll();
    while (this.#growAll());
  }

  rows(): Row[] {
    return this.#placed.map((placed) => {
      const { fragment, start } = placed;
      return { address: start, bytes: this.#bytesOf(placed), text: textOf(fragment) };
    });
  }

  #placeAll(): void {
    this.#labels = new Map(this.#externals);
    let end = this.#origin;
    for (const placed of this.#placed) {
      placed.start = end;
      end += sizeOf(placed);
      if (placed.fragment.kind !== 'label') continue;
      const { name } = placed.fragment;
      if (this.#labels.has(name)) fail(`two labels are named ${name}`);
      this.#labels.set(name, placed.start);
    }
  }

  #growAll(): boolean {
    let grown = false;
    for (const placed of this.#placed) {
      while (this.#encode(placed) === undefined) {
        placed.choice += 1;
        grown = true;
      }
    }
    return grown;
  }

  /** The numbers of the chosen encoding, or `undefined` if one does not fit. */
  #encode(placed: Placed): readonly { size: number; number: bigint }[] | undefined {
    if (placed.fragment.kind !== 'item') return [];
    const place = { start: placed.start, end: placed.start + sizeOf(placed), addressOf: this.addressOf };
    const numbers = [];
    for (const part of encodingOf(placed.fragment, placed)) {
      const size = typeof part === 'number' ? 1 : part.size;
      const number = typeof part === 'number' ? BigInt(part) : part.encode(place);
      if (number === undefined) return undefined;
      numbers.push({ size, number });
    }
    return numbers;
  }

  #bytesOf(placed: Placed): Uint8Array {
    const { fragment } = placed;
    if (fragment.kind === 'bytes') return fragment.bytes;
    if (fragment.kind !== 'item') return new Uint8Array(sizeOf(placed));
    const numbers = this.#encode(placed) ?? fail(`${fragment.text} does not fit`);
    return Buffer.concat(numbers.map(({ size, number }) => littleEndian(size, number)));
  }
}

function sizeOf(placed: Placed): number {
  const { fragment, start } = placed;
  switch (fragment.kind) {
    case 'label':
      return 0;
    case 'bytes':
      return fragment.bytes.length;
    case 'align':
      return Math.ceil(start / fragment.boundary) * fragment.boundary - start;
    case 'item':
      return lengthOf(encodingOf(fragment, placed));
  }
}

function encodingOf({ encodings, text }: Item, { choice, start }: Placed): Encoding {
  return encodings[choice] ?? fail(`no encoding of "${text}" at 0x${start.toString(16)} holds its numbers`);
}

function textOf(fragment: Fragment): string {
  if (fragment.kind === 'label') return `${fragment.name}:`;
  return fragment.kind === 'align' ? `.balign ${fragment.boundary}, 0` : fragment.text;
}

function littleEndian(size: number, number: bigint): Uint8Array {
  const wide = Buffer.alloc(8);
  wide.writeBigUInt64LE(BigInt.asUintN(64, number));
  return wide.subarray(0, size);
}

function fail(message: string): never {
  throw new AssemblyError(message);
}
