/**
 * Turns a profile of V8 into a flame graph and a table: `npm run flame -- PROFILE [GRAPH.svg [SECONDS]]`
 *
 *   node --cpu-prof dist/mote.cjs FOLDER PORT    writes the profile when it ends
 *   node --cpu-prof-dir=FOLDER --cpu-prof …      elsewhere
 *
 * With SECONDS the first seconds of the profile are left out, which are those of the start.
 * The table lists where the time was spent itself. Time in system calls belongs to the native function that made them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { answerHelp } from '../help.ts';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** As `--cpu-prof` writes it. */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Calls with the same chain of callers, in microseconds. */
export interface Frame {
  readonly name: string;
  self: number;
  total: number;
  readonly children: Map<string, Frame>;
}

const WIDTH = 1200;
const ROW = 16;
/** Narrower frames are left out. */
const MIN_WIDTH = 2;
const CHARACTER_WIDTH = 6.2;
const TOP = 25;
const idle: ReadonlySet<string> = new Set(['(idle)', '(program)', '(root)']);

function newFrame(name: string): Frame {
  return { name, self: 0, total: 0, children: new Map() };
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName || '(anonymous)';
  if (url === '') return name;
  return `${name} ${url.startsWith('node:') ? url : `${basename(url)}:${lineNumber + 1}`}`;
}

/** Joins calls of the same function from the same callers, which V8 lists by their position. */
export function framesOf({ nodes, samples, timeDeltas }: Profile, skippedSeconds = 0): Frame {
  const times = new Map<number, number>();
  let at = 0;
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0;
    at += delta;
    if (at > skippedSeconds * 1e6) times.set(id, (times.get(id) ?? 0) + delta);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const root = newFrame('all');
  const add = (node: ProfileNode, parent: Frame): number => {
    const name = nameOf(node);
    if (node.callFrame.functionName === '(idle)') return 0;
    const frame =
      idle.has(name) && name !== '(program)' ? parent : (parent.children.get(name) ?? newFrame(name));
    if (frame !== parent) parent.children.set(name, frame);
    let total = times.get(node.id) ?? 0;
    frame.self += total;
    for (const id of node.children ?? []) total += add(byId.get(id) as ProfileNode, frame);
    if (frame !== parent) frame.total += total;
    return total;
  };
  const [first] = nodes;
  if (first) root.total = add(first, root);
  return root;
}

const escaped = (text: string) => text.replace(/[<>&"]/g, (one) => `&#${one.charCodeAt(0)};`);

/** The same name always has the same colour. */
function colour(name: string): string {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) % 360;
  return name.includes('node:') ? `hsl(${200 + (hash % 40)},45%,75%)` : `hsl(${hash % 60},80%,70%)`;
}

export function renderSvg(root: Frame, title: string): string {
  const boxes: string[] = [];
  let deepest = 0;
  const draw = (frame: Frame, x: number, depth: number) => {
    const width = (frame.total / root.total) * WIDTH;
    if (width < MIN_WIDTH) return;
    deepest = Math.max(deepest, depth);
    const share = ((frame.total / root.total) * 100).toFixed(1);
    const shown = frame.name.slice(0, Math.floor((width - 4) / CHARACTER_WIDTH));
    const text =
      shown.length > 2 ? `<text x="${(x + 2).toFixed(0)}" y="Y${depth}Y">${escaped(shown)}</text>` : '';
    const hint = `<title>${escaped(frame.name)} ${share}%</title>`;
    const box = `x="${x.toFixed(1)}" y="R${depth}R" width="${width.toFixed(1)}" fill="${colour(frame.name)}"`;
    boxes.push(`<g>${hint}<rect ${box}/>${text}</g>`);
    let at = x;
    for (const child of [...frame.children.values()].sort((a, b) => a.name.localeCompare(b.name))) {
      draw(child, at, depth + 1);
      at += (child.total / root.total) * WIDTH;
    }
  };
  draw(root, 0, 0);
  const height = (deepest + 2) * ROW + 8;
  // The root is at the bottom.
  const top = (depth: number) => height - (depth + 1) * ROW - 4;
  const placed = boxes
    .join('\n')
    .replace(/R(\d+)R/g, (_, depth) => String(top(Number(depth))))
    .replace(/Y(\d+)Y/g, (_, depth) => String(top(Number(depth)) + ROW - 5));
  const style = 'text{font:10px monospace}rect{height:15px}';
  const heading = `<text x="4" y="12">${escaped(title)}</text>`;
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><style>${style}</style>${heading}\n${placed}\n</svg>\n`;
}

/** Where the time was spent itself, and including what was called. */
export function renderTable(root: Frame): string {
  const sums = new Map<string, { self: number; total: number }>();
  const visit = (frame: Frame, callers: ReadonlySet<string>) => {
    const sum = sums.get(frame.name) ?? { self: 0, total: 0 };
    sums.set(frame.name, sum);
    sum.self += frame.self;
    if (!callers.has(frame.name)) sum.total += frame.total;
    for (const child of frame.children.values()) visit(child, new Set([...callers, frame.name]));
  };
  for (const child of root.children.values()) visit(child, new Set());
  const percent = (value: number) => `${((value / root.total) * 100).toFixed(1)}`.padStart(6);
  const lines = Array.from(sums)
    .sort(([, a], [, b]) => b.self - a.self)
    .slice(0, TOP)
    .map(([name, { self, total }]) => `${percent(self)} ${percent(total)}  ${name}`);
  return ['  self  total  % of the time that was not idle', ...lines, ''].join('\n');
}

if (import.meta.main) {
  answerHelp(import.meta.filename);
  const [file, graph, seconds = '0'] = process.argv.slice(2);
  if (file === undefined) {
    process.stderr.write('usage: npm run flame -- PROFILE [GRAPH.svg [SECONDS]]\n');
    process.exit(2);
  }
  const root = framesOf(JSON.parse(readFileSync(file, 'utf8')) as Profile, Number(seconds));
  process.stdout.write(renderTable(root));
  if (graph !== undefined) writeFileSync(graph, renderSvg(root, basename(graph, '.svg')));
}
