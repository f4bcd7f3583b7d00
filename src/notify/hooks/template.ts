/**
 * Templates of hooks: text with `{{expression}}`. A line whose values are all missing is left out; a line that begins
 * with `{{each expression}}` is repeated for each element, which `./name` points into. Pure.
 */
import { collect, failure, type Result, success } from '../../util/result.ts';
import { Expressions, MAX_LISTED, type Scope } from './expression.ts';

export const MAX_TEMPLATE_UNITS = 4096;
export const MAX_PLACEHOLDERS = 64;
/** More than any message keeps. */
const MAX_FILLED_UNITS = 64 * 1024;

export interface Filled {
  readonly text: string;
  /** Whether anything of it is of the request. */
  readonly isFound: boolean;
}

export interface HookTemplate {
  /** Without placeholders it says the same of every request. */
  readonly isConstant: boolean;
  fill(scope: Scope): Filled;
}

interface Line {
  readonly each: Expressions | undefined;
  /** Literal texts and values in turn. */
  readonly parts: readonly (string | Expressions)[];
}

/** A template without braces that begins with a slash, or with `header:`, is an expression. */
export function compileHookTemplate(source: string): Result<HookTemplate, string> {
  if (source.length > MAX_TEMPLATE_UNITS)
    return failure(`has ${source.length} characters, the maximum is ${MAX_TEMPLATE_UNITS}`);
  const isBare = !source.includes('{{') && /^(?:\/|header:)/.test(source);
  const text = isBare ? `{{${source}}}` : source;
  const count = text.split('{{').length - 1;
  if (count > MAX_PLACEHOLDERS)
    return failure(`has ${count} placeholders, the maximum is ${MAX_PLACEHOLDERS}`);
  const lines = collect(text.split(/\r?\n/).map(lineOf));
  if (!lines.ok) return lines;
  return success({ isConstant: count === 0, fill: (scope) => fill(lines.value, scope) });
}

function lineOf(source: string): Result<Line, string> {
  const [head = '', repeated] = /^\s*\{\{each\s([^{}]*)\}\}/.exec(source) ?? [];
  const each = repeated === undefined ? success(undefined) : Expressions.parse(repeated);
  if (!each.ok) return each;
  const parts: (string | Expressions)[] = [];
  // The second of each pair is inside of braces.
  for (const [index, part] of source
    .slice(head.length)
    .split(/\{\{([^{}]*)\}\}/)
    .entries()) {
    const isInside = index % 2 === 1;
    if (!isInside && /\{\{|\}\}/.test(part)) return failure('has {{ or }} without its counterpart');
    const parsed = isInside ? Expressions.parse(part) : success(part);
    if (!parsed.ok) return parsed;
    parts.push(parsed.value);
  }
  return success({ each: each.value, parts });
}

function fill(lines: readonly Line[], scope: Scope): Filled {
  const out: string[] = [];
  let [units, isFound] = [0, false];
  for (const line of lines) {
    for (const filled of line.each ? repeat(line, line.each, scope) : [fillLine(line, scope)]) {
      if (filled === undefined || units > MAX_FILLED_UNITS) continue;
      out.push(filled.text);
      units += filled.text.length;
      isFound ||= filled.isFound;
    }
  }
  return { text: out.join('\n').trim(), isFound };
}

function* repeat(line: Line, each: Expressions, scope: Scope): Generator<Filled | undefined> {
  const items = each
    .values(scope)
    .flatMap((value): readonly unknown[] => (Array.isArray(value) ? value : [value]));
  for (const item of items.slice(0, MAX_LISTED)) {
    const filled = fillLine(line, { ...scope, item });
    yield filled && { ...filled, text: onOneLine(filled.text) };
  }
  if (items.length > MAX_LISTED) yield { text: `and ${items.length - MAX_LISTED} more`, isFound: true };
}

/** By parts, since a pattern for blanks around a line break would begin anew at each of many blanks. */
function onOneLine(text: string): string {
  const [first = '', ...rest] = text.split(/[\r\n]+/);
  const last = rest.pop();
  if (last === undefined) return text;
  const between = rest.map((part) => part.trim()).filter((part) => part !== '');
  return [first.trimEnd(), ...between, last.trimStart()].join(' ');
}

/** `undefined` where the line has values and all of them are missing. */
function fillLine({ parts }: Line, scope: Scope): Filled | undefined {
  let [text, isFound, isEmpty] = ['', false, parts.length > 1];
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const shown = part.show(scope);
    text += shown.text;
    isFound ||= shown.isFound;
    isEmpty &&= shown.text === '';
  }
  return isEmpty ? undefined : { text, isFound };
}
