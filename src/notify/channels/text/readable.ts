/**
 * Converts Markdown to text that reads well where nothing renders it: marks are removed, links show their
 * targets, lists and code stay. Works line by line, with patterns that take linear time; unrecognised text is
 * kept. Pure.
 */

import type { Steps } from '../../../util/turns.ts';
import { MAX_READABLE_LINE_UNITS } from './effort.ts';

/** Marks finished parts. This noncharacter (Unicode §23.7) is removed from the input first. */
const HELD = '\uffff';

const fence = /^ {0,3}(`{3,}|~{3,})/;
const underline = /^ {0,3}(?:=+|-+)[ \t]*$/;
/** The rule under the head of a table, without white space. */
const tableRule = /^\|?:?-+:?(?:\|:?-+:?)*\|?$/;
/** A row with more cells is not a table that people read. */
const MAX_CELLS = 100;

/** A step is a line. */
export function* readableOf(markdown: string): Steps<string> {
  const lines = markdown.replaceAll(HELD, '').split(/\r?\n/);
  const out: string[] = [];
  let open = '';
  for (const [at, line] of lines.entries()) {
    const [, mark = ''] = fence.exec(line) ?? [];
    if (open !== '') {
      if (closes(line, mark, open)) open = '';
      else out.push(line);
    } else if (mark !== '') open = mark;
    else if (!isRule(line, lines[at - 1]))
      out.push(line.length > MAX_READABLE_LINE_UNITS ? line : blockOf(line));
    yield;
  }
  return out.join('\n').trim();
}

function closes(line: string, mark: string, open: string): boolean {
  return mark.startsWith(open) && line.trim() === mark;
}

/** Whether this is the line under a heading or under the head of a table. */
function isRule(line: string, before = ''): boolean {
  const isOfTable = line.includes('|') && before.includes('|');
  if (isOfTable && tableRule.test(line.replace(/[ \t]/g, ''))) return true;
  return underline.test(line) && before.trim() !== '' && !/^ {0,3}(?:[-*+>#]|\d{1,9}[.)]) /.test(before);
}

function blockOf(line: string): string {
  // A backslash at the end is also a line break.
  const text = line.trimEnd().replace(/\\$/, '');
  const heading = /^ {0,3}#{1,6}[ \t]+(.*)$/.exec(text);
  if (heading) return inlineOf(withoutClosing(heading[1] ?? ''));
  const bullet = /^([ \t>]*)[*+-][ \t]+(.*)$/.exec(text);
  if (bullet) return `${bullet[1]}- ${inlineOf(bullet[2] ?? '')}`;
  const row = /^[ \t]*\|(.*)\|$/.exec(text);
  const cells = (row?.[1] ?? '').split(/(?<!\\)\|/);
  if (!row || cells.length > MAX_CELLS) return inlineOf(text);
  return cells.map((cell) => inlineOf(cell.trim())).join(' | ');
}

/** A heading without closing number signs, which must follow a space. */
function withoutClosing(heading: string): string {
  let end = heading.length;
  while (heading[end - 1] === '#') end--;
  return /[ \t]/.test(heading[end - 1] ?? '') ? heading.slice(0, end).trimEnd() : heading;
}

/** Without these a line stays as it is. */
const special = /[`![\]<&\\*_~:]/;

/** Parts that contain no marks: links, bare URLs, escapes, character references, tags; and the ticks around code. */
const pieces = new RegExp(
  [
    /(?<ticks>`+)/,
    /!?\[(?<label>[^[\]\n]*)\]\(<?(?<target>[^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:[ \t]+"[^"\n]*")?\)/,
    /<(?<address>[a-z][a-z\d+.-]{1,20}:[^\s<>]*|[^\s<>@]+@[^\s<>@]+)>/,
    /(?<url>\b[a-z][a-z\d+.-]{1,20}:\/\/[^\s<>*]+)/,
    /(?<escaped>(?:\\[!-/:-@[-`{-~])+)/,
    /&(?<entity>amp|lt|gt|quot|apos|nbsp|#39);/,
    /(?<tag><br[ \t]*\/?>|<\/?(?:font|span|strong|small|code|kbd|sup|sub|del|ins|em|b|i|u|s|p|div|center)(?:[ \t][^<>]*)?>)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gi',
);
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  '#39': "'",
};
const held = new RegExp(`${HELD}(\\d+)${HELD}`, 'g');

function inlineOf(line: string): string {
  if (!special.test(line)) return line;
  const kept: string[] = [];
  const keep = (text: string): string => `${HELD}${kept.push(text) - 1}${HELD}`;
  const open = replaceParts(line, pieces, {
    code: (text) => keep(text.trim()),
    other: (found) => outside(found, keep),
  });
  return withoutMarks(open).replace(held, (_, index: string) => kept[Number(index)] ?? '');
}

/** What the parts of a line become that contain no marks. */
export interface PartWriter {
  readonly code: (text: string) => string;
  /** What the pattern has found. */
  readonly other: (found: RegExpExecArray) => string;
}

/** `pattern` is global; its group `ticks` is a run of those around code, which are searched for their closing ones. */
export function replaceParts(line: string, pattern: RegExp, { code, other }: PartWriter): string {
  const closing = closingTicks(line);
  let open = '';
  let at = 0;
  pattern.lastIndex = 0;
  for (let found = pattern.exec(line); found; found = pattern.exec(line)) {
    open += line.slice(at, found.index);
    at = pattern.lastIndex;
    const ticks = found.groups?.ticks;
    const end = ticks && closing(ticks.length, at);
    if (ticks === undefined) open += other(found);
    else if (!end) open += ticks;
    else {
      open += code(line.slice(at, end));
      at = pattern.lastIndex = end + ticks.length;
    }
  }
  return open + line.slice(at);
}

/** The text of a part other than code. */
function outside({ groups = {} }: RegExpExecArray, keep: (text: string) => string): string {
  const { label, target = '', escaped, entity, tag, address, url = '' } = groups;
  if (label !== undefined) return labelled(label, target, keep);
  if (tag !== undefined) return /^<br/i.test(tag) ? '\n' : '';
  if (entity !== undefined) return keep(entities[entity.toLowerCase()] ?? '');
  if (escaped !== undefined) return keep(escaped.replace(/\\(.)/g, '$1'));
  return keep(address ?? url);
}

/** Finds the ticks that close those that end at `from`: the next run of the same length. `from` only grows. */
function closingTicks(line: string): (length: number, from: number) => number | undefined {
  const starts = new Map<number, number[]>();
  for (const { 0: run, index } of line.matchAll(/`+/g)) {
    const ofLength = starts.get(run.length);
    if (ofLength) ofLength.push(index);
    else starts.set(run.length, [index]);
  }
  for (const ofLength of starts.values()) ofLength.reverse();
  return (length, from) => {
    const ofLength = starts.get(length) ?? [];
    while ((ofLength.at(-1) ?? from) < from) ofLength.pop();
    return ofLength.at(-1);
  };
}

/** The label, which may contain marks, followed by the target unless they are the same. */
function labelled(label: string, target: string, keep: (text: string) => string): string {
  if (label === '' || label === target || label === target.replace(/^mailto:/, ''))
    return keep(target || label);
  return target === '' ? label : `${label} ${keep(`(${target})`)}`;
}

/**
 * Pairs of marks; inside words of Latin letters and digits they may be literal, as in `2*3*4` and `a_b_c`.
 */
export const emphases: readonly RegExp[] = [
  /(?<![\w*\\])\*{3}(?=[^\s*])([^*\n]*[^\s*])\*{3}(?![\w*])/g,
  /(?<![\w*\\])\*\*(?=[^\s*])((?:[^*\n]|\*(?!\*))*[^\s*]\*?)\*\*(?![\w*])/g,
  /(?<![\w\\])__(?=[^\s_])((?:[^_\n]|_(?!_))*[^\s_])__(?!\w|\.\w)/g,
  /(?<![\w*\\])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])/g,
  /(?<![\p{L}\p{N}_])_(?=[^\s_])([^_\n]*[^\s_])_(?![\p{L}\p{N}_])/gu,
  /~~(?=[^\s~])([^~\n]*[^\s~])~~/g,
];

function withoutMarks(line: string): string {
  return emphases.reduce((text, emphasis) => text.replace(emphasis, '$1'), line);
}
