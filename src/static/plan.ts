/**
 * From a representation and a request to a `Plan`: preconditions, then ranges, then the bytes. Pure.
 *
 * Whatever needs no content (304, 412, 416, HEAD) is planned without opening the file.
 */
import { errorPlan } from '../http/errors.ts';
import {
  type Body,
  type ByteRange,
  type ByteSource,
  type HeaderList,
  noBody,
  type Plan,
  type RequestFacts,
} from '../http/types.ts';
import { formatHttpDate } from '../util/http-date.ts';
import { evaluate, ifRangeHolds, type Validators } from './conditional.ts';
import type { Coding } from './encoding.ts';
import { layoutMultipart } from './multipart.ts';
import { parseRange, resolveRanges } from './range.ts';

/** Up to this size content is kept as Latin-1 text, which leaves together with the headers in one write. */
const MAX_TEXT_BYTES = 16 * 1024;

export type MemoryBody = Extract<Body, { kind: 'text' | 'bytes' }>;

/** One coded form of a resource (RFC 9110 §3.2), with all that repeats in its answers prepared. */
export interface Representation {
  readonly coding: Coding | 'identity';
  /** Where the source has it. */
  readonly segments: readonly string[];
  /** The source's version of the file that this was made from. */
  readonly version: string;
  readonly size: number;
  readonly contentType: string;
  readonly validators: Validators;
  /** Sent with 200 and 206 alike. */
  readonly fields: HeaderList;
  readonly notModified: Plan;
  /** The whole content, where it is kept in memory. */
  readonly content: MemoryBody | undefined;
  /** The answer to a plain GET, where the content is kept in memory. */
  readonly whole: Plan | undefined;
}

export interface Ingredients {
  readonly coding: Coding | 'identity';
  readonly segments: readonly string[];
  readonly version: string;
  readonly size: number;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly tag: string;
  readonly modifiedMs: number | undefined;
  readonly bytes: Buffer | undefined;
  /** The resource has more than one representation, so that every answer must say what it was chosen by. */
  readonly varies: boolean;
}

/** Prepares everything that does not depend on a request. */
export function represent(from: Ingredients): Representation {
  const { coding, segments, version, size, contentType, bytes } = from;
  const etag = coding === 'identity' ? `"${from.tag}"` : `"${from.tag}-${coding}"`;
  const vary = from.varies ? ['Vary', 'Accept-Encoding'] : [];
  const shared = ['ETag', etag, 'Cache-Control', from.cacheControl, ...vary];
  const coded = coding === 'identity' ? [] : ['Content-Encoding', coding];
  const date = from.modifiedMs === undefined ? [] : ['Last-Modified', formatHttpDate(from.modifiedMs)];
  const fields = [...shared, ...date, 'Accept-Ranges', 'bytes', ...coded];
  const content = bytes && contentBody(bytes);
  return {
    coding,
    segments,
    version,
    size,
    contentType,
    fields,
    content,
    validators: { etag, lastModifiedMs: from.modifiedMs },
    notModified: { status: 304, headers: shared, body: noBody },
    whole: content && { status: 200, headers: wholeHeaders(contentType, size, fields), body: content },
  };
}

function contentBody(bytes: Buffer): MemoryBody {
  if (bytes.length > MAX_TEXT_BYTES) return { kind: 'bytes', bytes };
  return { kind: 'text', text: bytes.toString('latin1') };
}

const wholeHeaders = (contentType: string, size: number, fields: HeaderList): string[] => [
  'Content-Type',
  contentType,
  'Content-Length',
  String(size),
  ...fields,
];

/** Which bytes to send under which header section; `pieces` count from the start of the content. */
export interface Selection {
  readonly status: number;
  readonly headers: HeaderList;
  readonly pieces: readonly (Uint8Array | ByteRange)[];
}

/** Either a plan that needs no content any more, or the selection of content that is still to be opened. */
export type Answer =
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'selection'; readonly selection: Selection };

type Headers = RequestFacts['headers'];

/** Steps 2 and 3 of an answer: preconditions (RFC 9110 §13.2.2), then ranges (§14.2). */
export function answerTo(method: string, headers: Headers, representation: Representation): Answer {
  const { validators, notModified } = representation;
  if (isConditional(headers)) {
    const outcome = evaluate(method, headers, validators);
    if (outcome === 'not_modified') return { kind: 'plan', plan: notModified };
    if (outcome === 'precondition_failed') return { kind: 'plan', plan: errorPlan('precondition_failed') };
  }
  // Range has a meaning for GET only (§14.2).
  if (method === 'GET' && headers.range !== undefined) return answerRange(headers, representation);
  return wholeAnswer(method, representation);
}

function isConditional(headers: Headers): boolean {
  return (
    headers['if-none-match'] !== undefined ||
    headers['if-modified-since'] !== undefined ||
    headers['if-match'] !== undefined ||
    headers['if-unmodified-since'] !== undefined
  );
}

function wholeAnswer(method: string, { contentType, size, fields, whole }: Representation): Answer {
  if (whole) return { kind: 'plan', plan: whole };
  const headers = wholeHeaders(contentType, size, fields);
  if (method === 'HEAD' || size === 0) return { kind: 'plan', plan: { status: 200, headers, body: noBody } };
  return { kind: 'selection', selection: { status: 200, headers, pieces: [{ start: 0, end: size - 1 }] } };
}

function answerRange(headers: Headers, representation: Representation): Answer {
  const { validators, size, contentType, fields } = representation;
  const set = ifRangeHolds(headers, validators) ? parseRange(headers.range as string) : undefined;
  const resolved = set ? resolveRanges(set, size) : ({ kind: 'whole' } as const);
  switch (resolved.kind) {
    case 'whole':
      return wholeAnswer('GET', representation);
    case 'unsatisfiable':
      return { kind: 'plan', plan: errorPlan('range_not_satisfiable', ['Content-Range', `bytes */${size}`]) };
    case 'partial': {
      const selection = selectRanges(resolved.ranges, size, contentType, fields, boundaryOf(validators.etag));
      return { kind: 'selection', selection };
    }
  }
}

/** A boundary that no client chooses and that the content, of which it is a hash, cannot be made to contain. */
function boundaryOf(etag: string): string {
  return `mote-${etag.replace(/[^A-Za-z0-9_-]/g, '')}`;
}

function selectRanges(
  ranges: readonly [ByteRange, ...ByteRange[]],
  size: number,
  contentType: string,
  fields: HeaderList,
  boundary: string,
): Selection {
  const [first] = ranges;
  if (ranges.length === 1) {
    const contentRange = ['Content-Range', `bytes ${first.start}-${first.end}/${size}`];
    const headers = [...wholeHeaders(contentType, first.end + 1 - first.start, fields), ...contentRange];
    return { status: 206, headers, pieces: ranges };
  }
  const layout = layoutMultipart(ranges, size, contentType, boundary);
  return {
    status: 206,
    headers: wholeHeaders(layout.contentType, layout.length, fields),
    pieces: layout.pieces,
  };
}

/** Fills a selection from memory. */
export function planFromMemory({ status, headers, pieces }: Selection, content: MemoryBody): Plan {
  const bytes = content.kind === 'text' ? Buffer.from(content.text, 'latin1') : content.bytes;
  const parts = pieces.map((piece) =>
    piece instanceof Uint8Array ? piece : bytes.subarray(piece.start, piece.end + 1),
  );
  return planFromSource({ status, headers, pieces: parts }, nothingToOpen);
}

/** Parts of the content in memory are sent as they are: a copy for each slow client would add up. */
const nothingToOpen: ByteSource = { read: async () => 0, close: async () => undefined };

/** Fills a selection from an open source, which the plan then owns. */
export function planFromSource({ status, headers, pieces }: Selection, source: ByteSource): Plan {
  return { status, headers, body: { kind: 'source', source, pieces } };
}
