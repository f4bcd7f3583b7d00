/**
 * Turns a representation and a request into a `Plan`: preconditions, then ranges, then the bytes. Pure.
 *
 * Responses without content (304, 412, 416, HEAD) are planned without opening the file.
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
  type Reuse,
} from '../http/types.ts';
import { formatHttpDate } from '../util/http-date.ts';
import { evaluatePreconditions, ifRangeHolds, type Validators } from './conditional.ts';
import type { Coding } from './encoding.ts';
import { layoutMultipart } from './multipart.ts';
import { parseRange, resolveRanges } from './range.ts';

/** Up to this size content is kept as Latin-1 text, which is sent together with the headers in one write. */
const MAX_TEXT_BYTES = 16 * 1024;

export type MemoryBody = Extract<Body, { kind: 'text' | 'bytes' }>;

/** One coded form of a resource (RFC 9110 §3.2), with everything prepared that its responses have in common. */
export interface Representation {
  readonly coding: Coding | 'identity';
  /** Its path in the source. */
  readonly segments: readonly string[];
  /** The version of the file from which this was made. */
  readonly version: string;
  readonly size: number;
  readonly contentType: string;
  readonly validators: Validators;
  /** Sent with 200 and with 206. */
  readonly fields: HeaderList;
  readonly notModified: Plan;
  /** The whole content, if it is in memory. */
  readonly content: MemoryBody | undefined;
  /** The response to a plain GET, if the content is in memory. */
  readonly whole: Plan | undefined;
  /** Of plans made from the content in memory. */
  readonly reuse: Reuse | undefined;
  /** What the site's rules change in responses; the members above have it already. */
  readonly edits?: ResponseEdits;
}

export interface ResponseEdits {
  /** For a plan that was made of an edited form. */
  finish(plan: Plan): Plan;
  /** The form with the changes, but for that of the header `except` (in lower case). */
  decorateForm(form: Representation, except?: string): Representation;
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
  /** The resource has more than one representation, so that every response needs `Vary`. */
  readonly varies: boolean;
  readonly reuse?: Reuse | undefined;
}

/** Prepares everything that does not depend on the request. */
export function represent(from: Ingredients): Representation {
  const { coding, segments, version, size, contentType, bytes } = from;
  const etag = coding === 'identity' ? `"${from.tag}"` : `"${from.tag}-${coding}"`;
  const vary = from.varies ? ['Vary', 'Accept-Encoding'] : [];
  const shared = ['ETag', etag, 'Cache-Control', from.cacheControl, ...vary];
  const coded = coding === 'identity' ? [] : ['Content-Encoding', coding];
  const date = from.modifiedMs === undefined ? [] : ['Last-Modified', formatHttpDate(from.modifiedMs)];
  const fields = [...shared, ...date, 'Accept-Ranges', 'bytes', ...coded];
  const content = bytes && contentBody(bytes);
  // Without the content every response begins with a look at the file.
  const reuse = content && from.reuse;
  return {
    coding,
    segments,
    version,
    size,
    contentType,
    fields,
    content,
    validators: { etag, lastModifiedMs: from.modifiedMs },
    notModified: { status: 304, headers: shared, body: noBody, reuse },
    whole: content && { status: 200, headers: wholeHeaders(contentType, size, fields), body: content, reuse },
    reuse,
  };
}

function contentBody(bytes: Uint8Array): MemoryBody {
  if (bytes.length > MAX_TEXT_BYTES) return { kind: 'bytes', bytes };
  return { kind: 'text', text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1') };
}

export function wholeHeaders(contentType: string, size: number, fields: HeaderList): string[] {
  return ['Content-Type', contentType, 'Content-Length', String(size), ...fields];
}

/** Which bytes to send with which headers; positions in `pieces` count from the start of the content. */
export interface Selection {
  readonly status: number;
  readonly headers: HeaderList;
  readonly pieces: readonly (Uint8Array | ByteRange)[];
}

/** Either a complete plan, or the selection of content that still has to be opened. */
export type ContentPlan =
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'selection'; readonly selection: Selection };

type Headers = RequestFacts['headers'];

/** Preconditions (RFC 9110 §13.2.2), then ranges (§14.2). */
export function planContent(method: string, headers: Headers, representation: Representation): ContentPlan {
  const { validators, notModified } = representation;
  if (isConditional(headers)) {
    const result = evaluatePreconditions(method, headers, validators);
    if (result === 'not_modified') return { kind: 'plan', plan: notModified };
    if (result === 'precondition_failed') return { kind: 'plan', plan: errorPlan('precondition_failed') };
  }
  // Range is defined for GET only (§14.2).
  if (method === 'GET' && headers.range !== undefined) return planRange(headers, representation);
  return planWhole(method, representation);
}

function isConditional(headers: Headers): boolean {
  return (
    headers['if-none-match'] !== undefined ||
    headers['if-modified-since'] !== undefined ||
    headers['if-match'] !== undefined ||
    headers['if-unmodified-since'] !== undefined
  );
}

function planWhole(method: string, { contentType, size, fields, whole }: Representation): ContentPlan {
  if (whole) return { kind: 'plan', plan: whole };
  const headers = wholeHeaders(contentType, size, fields);
  if (method === 'HEAD' || size === 0) return { kind: 'plan', plan: { status: 200, headers, body: noBody } };
  return { kind: 'selection', selection: { status: 200, headers, pieces: [{ start: 0, end: size - 1 }] } };
}

function planRange(headers: Headers, representation: Representation): ContentPlan {
  const { validators, size, contentType, fields } = representation;
  const set = ifRangeHolds(headers, validators) ? parseRange(headers.range as string) : undefined;
  const resolved = set ? resolveRanges(set, size) : ({ kind: 'whole' } as const);
  switch (resolved.kind) {
    case 'whole':
      return planWhole('GET', representation);
    case 'unsatisfiable':
      return { kind: 'plan', plan: errorPlan('range_not_satisfiable', ['Content-Range', `bytes */${size}`]) };
    case 'partial': {
      const selection = selectRanges(resolved.ranges, size, contentType, fields, boundaryOf(validators.etag));
      return { kind: 'selection', selection };
    }
  }
}

/** Neither the client nor the author of the content can choose the boundary: it is a hash of the content. */
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
export function planFromMemory(
  { status, headers, pieces }: Selection,
  content: MemoryBody,
  reuse?: Reuse,
): Plan {
  const [only] = pieces;
  if (pieces.length === 1 && only && 'start' in only)
    return { status, headers, body: partOf(content, only), reuse };
  const bytes = content.kind === 'text' ? Buffer.from(content.text, 'latin1') : content.bytes;
  const parts = pieces.map((piece) =>
    piece instanceof Uint8Array ? piece : bytes.subarray(piece.start, piece.end + 1),
  );
  return planFromSource({ status, headers, pieces: parts }, nothingToOpen);
}

function partOf(content: MemoryBody, { start, end }: ByteRange): MemoryBody {
  if (content.kind === 'text') return { kind: 'text', text: content.text.slice(start, end + 1) };
  return contentBody(content.bytes.subarray(start, end + 1));
}

/** The pieces reference the content in memory: a copy for each slow client would add up. */
const nothingToOpen: ByteSource = { read: async () => 0, close: async () => undefined };

/** Fills a selection from an open source, which the plan then owns and `send` closes. */
export function planFromSource({ status, headers, pieces }: Selection, source: ByteSource): Plan {
  return { status, headers, body: { kind: 'source', source, pieces } };
}
