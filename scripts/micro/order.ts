/**
 * Searches for the order of blocks in which the programs of mote-micro are smallest, by simulated annealing:
 *
 *   npm run micro:order -- [--profile standard|full] [--seconds N] [--seed S]
 *
 *   --profile P   the program (default: both); `site` is the one of `full`, around other data
 *   --seconds N   how long to look for each (default 60)
 *   --seed S      a whole number (default 1): the same one goes the same way, as far as the time lasts
 *
 * The order decides which blocks run on into their successor, which saves a jump, and which jumps are near enough
 * to their target for the short encoding. The header stays first and the data last. There is nothing to search on
 * arm64: its jumps have one size, so that only running on counts.
 */
import { parseArgs } from 'node:util';
import { assemble, type Fragment, lengthOf, type OrderedProgram } from '../../src/asm/assembler.ts';
import { contentOfPage } from '../../src/micro/content.ts';
import { fullProgram } from '../../src/micro/full.ts';
import { standardProgram } from '../../src/micro/server.ts';
import { answerHelp } from '../help.ts';

export type Order = readonly number[];
/** The smaller, the better. */
export type Cost = (order: Order) => number;

export interface Annealing {
  readonly seed: number;
  readonly steps: number;
}

/** A change for the worse by so much, in bytes, is taken with a chance of 1 in e. */
const TEMPERATURE = { first: 3, last: 0.2 } as const;
const STEPS_PER_ROUND = 200_000;
/** What a jump costs that cannot reach its target: more than any that can. */
const OUT_OF_REACH_BYTES = 20;
/** Everything from here on stays behind the code. */
const FIRST_DATA = 'tokens';
const REACH = { least: -0x80, most: 0x7f } as const;

/** The best order on a walk from `start` that gets worse too, but ever less often; never worse than `start`. */
export function anneal(start: Order, cost: Cost, { seed, steps }: Annealing): Order {
  const random = randomNumbers(seed);
  const cooling = (TEMPERATURE.last / TEMPERATURE.first) ** (1 / steps);
  let temperature: number = TEMPERATURE.first;
  let current = { order: start, cost: cost(start) };
  let best = current;
  for (let step = 0; step < steps; step += 1) {
    const order = exchange(current.order, random);
    const next = { order, cost: cost(order) };
    if (random() < Math.exp((current.cost - next.cost) / temperature)) current = next;
    if (current.cost < best.cost) best = current;
    temperature *= cooling;
  }
  return best.order;
}

/** Two neighbouring runs change places, which can take any chain anywhere. */
function exchange(order: Order, random: () => number): Order {
  const cuts = Array.from({ length: 3 }, () => Math.floor(random() * (order.length + 1)));
  const [from, middle, to] = cuts.sort((a, b) => a - b);
  return [
    ...order.slice(0, from),
    ...order.slice(middle, to),
    ...order.slice(from, middle),
    ...order.slice(to),
  ];
}

/** From 0 to less than 1: a Weyl sequence through the finalizer of MurmurHash3. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** Bytes, and behind them perhaps a jump. */
interface Piece {
  /** Of the first byte. */
  readonly label: string | undefined;
  bytes: number;
  jump: Jump | undefined;
  /** Where it lies in the order that is being tried, and what lies behind it. */
  start: number;
  end: number;
  follower: Piece | undefined;
}

interface Jump {
  readonly label: string;
  readonly shortBytes: number;
  /** The same, where it cannot grow. */
  readonly longBytes: number;
  readonly reversible: boolean;
  /** In the order that is being tried. */
  bytes: number;
  target: Piece | undefined;
}

/**
 * The bytes of a program by the order of its blocks, which are numbered as they stand now. Nothing is encoded for
 * it, so that it is far faster than the assembler, but blocks are joined and jumps grow in the same way.
 */
export function costOf(program: OrderedProgram): Cost {
  const blocks = cut(program);
  const pieces = blocks.flatMap((one) => one.pieces);
  const jumping = pieces.filter(({ jump }) => jump);
  const byLabel = new Map(pieces.map((piece) => [piece.label, piece]));
  return (order) => {
    const first = chain(order.flatMap((index) => blocks[index]?.pieces ?? []));
    for (const { jump } of jumping) {
      if (!jump) continue;
      jump.bytes = jump.shortBytes;
      jump.target = byLabel.get(jump.label);
    }
    for (const block of blocks) runOn(block);
    for (;;) {
      const bytes = place(first);
      const far = jumping.filter(isFar);
      if (far.filter(grow).length === 0) return bytes + OUT_OF_REACH_BYTES * far.length;
    }
  };
}

/** Says of every piece what follows it, and returns the first. */
function chain(pieces: readonly Piece[]): Piece | undefined {
  pieces.forEach((piece, index) => {
    piece.follower = pieces[index + 1];
  });
  return pieces[0];
}

/** Leaves out the last jump, where its target follows, or where that of the jump before it does, with both swapped. */
function runOn({ pieces, runsOn }: CutBlock): void {
  const [before, last] = [pieces.at(-2)?.jump, pieces.at(-1)];
  if (!runsOn || !last?.jump) return;
  if (last.follower === last.jump.target) last.jump.bytes = 0;
  else if (
    last.bytes === 0 &&
    last.label === undefined &&
    before?.reversible &&
    before.target === last.follower
  ) {
    before.target = last.jump.target;
    last.jump.bytes = 0;
  }
}

/** Returns where the last one ends. */
function place(first: Piece | undefined): number {
  let end = 0;
  for (let piece = first; piece; piece = piece.follower) {
    piece.start = end;
    end += piece.bytes + (piece.jump?.bytes ?? 0);
    piece.end = end;
  }
  return end;
}

function isFar({ jump, end }: Piece): boolean {
  if (!jump?.target || jump.bytes !== jump.shortBytes) return false;
  const distance = jump.target.start - end;
  return distance < REACH.least || distance > REACH.most;
}

/** Whether it can. */
function grow({ jump }: Piece): boolean {
  if (!jump || jump.bytes === jump.longBytes) return false;
  jump.bytes = jump.longBytes;
  return true;
}

interface CutBlock {
  readonly pieces: readonly Piece[];
  /** The last piece ends in a jump to the next block. */
  readonly runsOn: boolean;
}

/** Cuts every block at its labels and jumps. Only jumps have other sizes in other orders. */
function cut(program: OrderedProgram): readonly CutBlock[] {
  const blocks = new Map(program.blocks.map((block) => [block.name, block]));
  const { rows } = assemble(program);
  return program.order.map((name, blockNumber) => {
    // The header's gaps have no room for longer jumps.
    const canGrow = blockNumber > 0;
    const { fragments = [], next } = blocks.get(name) ?? {};
    const row = rows.findIndex(({ text }) => text === `${name}:`);
    const pieces = [emptyPiece(name)];
    fragments.forEach((fragment, index) => {
      const last = pieces.at(-1) as Piece;
      last.jump = jumpOf(fragment, canGrow);
      if (fragment.kind === 'label') pieces.push(emptyPiece(fragment.name));
      else if (last.jump) pieces.push(emptyPiece());
      else last.bytes += rows[row + 1 + index]?.bytes.length ?? 0;
    });
    const last = pieces.at(-1);
    if (last && next !== undefined) last.jump = jumpOf(program.jump(next), canGrow);
    return { pieces, runsOn: next !== undefined };
  });
}

function emptyPiece(label?: string): Piece {
  return { label, bytes: 0, jump: undefined, start: 0, end: 0, follower: undefined };
}

function jumpOf(fragment: Fragment, canGrow: boolean): Jump | undefined {
  if (fragment.kind !== 'item' || fragment.target === undefined) return undefined;
  const { target: label, encodings, reversed } = fragment;
  const sizes = encodings.map(lengthOf);
  const shortBytes = Math.min(...sizes);
  const longBytes = canGrow ? Math.max(...sizes) : shortBytes;
  return { label, shortBytes, longBytes, reversible: reversed !== undefined, bytes: 0, target: undefined };
}

/** The names of the blocks in the best order that the time has been enough to find. */
export function search(program: OrderedProgram, seed: number, seconds: number): readonly string[] {
  const deadline = performance.now() + seconds * 1000;
  const { order } = program;
  const cost = costOf(program);
  const all = order.map((_, index) => index);
  const [front, data] = [all.slice(0, 1), all.slice(order.indexOf(FIRST_DATA))];
  let code: Order = all.slice(1, -data.length);
  for (let round = 0; performance.now() < deadline; round += 1) {
    const annealing = { seed: seed + round, steps: STEPS_PER_ROUND };
    code = anneal(code, (tried) => cost([...front, ...tried, ...data]), annealing);
  }
  return [...front, ...code, ...data].map((index) => order[index] ?? '');
}

const page = { content: Buffer.alloc(1000), contentType: 'text/html;charset=utf-8' };
const programs: Readonly<Record<string, OrderedProgram>> = {
  standard: standardProgram({ page, port: 8080 }),
  full: fullProgram(contentOfPage(page), { port: 8080 }),
};

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new Error(`--${name} wants a whole number of up to six digits, got ${text}`);
}

function main(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      profile: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
    },
  });
  const { profile } = values;
  const names = Object.keys(programs);
  if (profile !== undefined && !names.includes(profile)) {
    throw new Error(`--profile wants one of ${names.join(', ')}, got ${profile}`);
  }
  const [seconds, seed] = [wholeNumber('seconds', values.seconds), wholeNumber('seed', values.seed)];
  for (const [name, program] of Object.entries(programs)) {
    if (profile !== undefined && profile !== name) continue;
    const order = search(program, seed, seconds);
    const [now, best] = [program, { ...program, order }].map((one) => assemble(one).bytes.length);
    process.stdout.write(`${name}: ${now} bytes as it is, ${best} in this order:\n${order.join(' ')}\n`);
  }
}

if (import.meta.main) {
  answerHelp(import.meta.filename);
  try {
    main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`micro-order: ${error.message}\n`);
    process.exitCode = 2;
  }
}
