/**
 * Byte ranges (RFC 9110 §14): parsed without the size, resolved with it.
 *
 * Ranges are optional: a server may always ignore `Range` and send the whole representation (§14.2). mote
 * does so for anything malformed or wasteful, and reserves 416 for well-formed sets outside the file.
 */
import type { ByteRange } from '../http/types.ts';

/** One member of a set, as requested. Numbers above 2^53 are inexact, up to `Infinity`; no file is that long. */
export type RangeSpec =
  | { readonly kind: 'from'; readonly start: number }
  | { readonly kind: 'span'; readonly start: number; readonly end: number }
  | { readonly kind: 'suffix'; readonly length: number };

export type RangeSet = readonly RangeSpec[];

export type ResolvedRanges =
  /** Respond as if `Range` were absent. */
  | { readonly kind: 'whole' }
  /** In the order of the request; adjacent ranges are not joined (§15.3.7.2). */
  | { readonly kind: 'partial'; readonly ranges: readonly [ByteRange, ...ByteRange[]] }
  /** 416, with the size alone in `Content-Range` (§14.4). */
  | { readonly kind: 'unsatisfiable' };

/**
 * More members than this indicate a broken client or an attack (§17.15), wherever they are: a set is not even parsed
 * further, because a head has room for thousands of them.
 */
export const MAX_RANGES = 64;

const WHOLE: ResolvedRanges = { kind: 'whole' };
const UNSATISFIABLE: ResolvedRanges = { kind: 'unsatisfiable' };

/**
 * The set of a `Range` field, or `undefined` if the field is to be ignored: another unit than bytes (§14.2),
 * a syntax error, a span that ends before it begins (invalid, §14.1.2), or more than `MAX_RANGES` members.
 */
export function parseRange(header: string): RangeSet | undefined {
  const equals = header.indexOf('=');
  if (equals < 0 || header.slice(0, equals).toLowerCase() !== 'bytes') return undefined;
  const specs: RangeSpec[] = [];
  for (let start = equals + 1, end = start; end < header.length; start = end + 1) {
    end = header.indexOf(',', start);
    if (end < 0) end = header.length;
    const text = header.slice(start, end).trim();
    // Recipients ignore empty list members (RFC 9110 §5.6.1.2).
    if (text === '') continue;
    const spec = specs.length < MAX_RANGES ? parseSpec(text) : undefined;
    if (spec === undefined) return undefined;
    specs.push(spec);
  }
  return specs.length > 0 ? specs : undefined;
}

/**
 * What a set means for a file of `size` bytes. Members outside the file are dropped. If any two of the others overlap,
 * the whole file is sent; without an overlap, the parts together are never longer than the file.
 */
export function resolveRanges(specs: RangeSet, size: number): ResolvedRanges {
  // A suffix is satisfiable even here (§14.1.2), but an empty part cannot be written as a Content-Range.
  if (size === 0) return specs.some(isNonEmptySuffix) ? WHOLE : UNSATISFIABLE;
  const [first, ...rest] = specs.map((spec) => locate(spec, size)).filter((range) => range !== undefined);
  if (first === undefined) return UNSATISFIABLE;
  if (overlap([first, ...rest])) return WHOLE;
  return { kind: 'partial', ranges: [first, ...rest] };
}

const SPEC = /^(\d*)-(\d*)$/;

function parseSpec(text: string): RangeSpec | undefined {
  const [, first, last] = SPEC.exec(text) ?? [];
  if (first === undefined || last === undefined || text === '-') return undefined;
  if (first === '') return { kind: 'suffix', length: Number(last) };
  const start = Number(first);
  if (last === '') return { kind: 'from', start };
  const end = Number(last);
  return end < start ? undefined : { kind: 'span', start, end };
}

function isNonEmptySuffix(spec: RangeSpec): boolean {
  return spec.kind === 'suffix' && spec.length > 0;
}

/** The bytes of a file of at least one byte, or `undefined` if the spec selects none of them. */
function locate(spec: RangeSpec, size: number): ByteRange | undefined {
  const start = spec.kind === 'suffix' ? Math.max(0, size - spec.length) : spec.start;
  const end = spec.kind === 'span' ? Math.min(spec.end, size - 1) : size - 1;
  return start < size ? { start, end } : undefined;
}

function overlap(ranges: readonly ByteRange[]): boolean {
  let lastEnd = -1;
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    if (start <= lastEnd) return true;
    lastEnd = end;
  }
  return false;
}
