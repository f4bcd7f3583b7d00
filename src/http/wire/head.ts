/**
 * A strict parser for the head of a request (RFC 9112 §2 to §6): a head that violates the grammar is refused,
 * never repaired. Pure. Text is Latin-1, one character for each byte.
 *
 * Faults are found in the order of the bytes, so the reason for a refusal does not depend on how the head was
 * split into pieces. Checks that need the whole head follow after its end: Host, framing, expectations
 * (`guard.ts`).
 */
import type { ErrorCode } from '../errors.ts';
import { encodeQuery, headRefusal, MAX_HEADER_FIELDS, type SplitTarget, splitTarget } from '../guard.ts';
import type { RequestFacts } from '../types.ts';
import { type Fields, headersOf, ownPart, staysOpen } from './fields.ts';
import {
  authorityForm,
  fieldLine,
  isMethod,
  notInQuery,
  notInTarget,
  notInToken,
  notInValue,
} from './grammar.ts';

export interface HeadLimits {
  /** The limit for the whole head, including empty lines. */
  readonly maxHeaderBytes: number;
  readonly maxTargetBytes: number;
}

/** How the end of the body is determined (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' };

export type Version = '1.0' | '1.1';

/** The elements of a well-formed head, which may still be refused for their values. */
export interface Words extends Pick<RequestFacts, 'method' | 'target' | 'headers'> {
  readonly version: Version;
}

export interface Head extends Words, Pick<RequestFacts, 'path' | 'query'> {
  readonly framing: Framing;
  /** The client wants a keep-alive connection (RFC 9112 §9.3). */
  readonly isPersistent: boolean;
  /** The client waits for 100 Continue before it sends the body (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean;
}

/** How far an incomplete head has been parsed; positions count from its beginning. */
export interface Progress {
  /** Everything before this position has been checked. */
  searched: number;
  lineStart: number;
  emptyLines: number;
  /** 0 until the space after the method is found. */
  targetStart: number;
  targetEnd: number;
  /** -1 until the request line is complete. */
  fields: number;
}

export type HeadResult =
  | { readonly kind: 'head'; readonly head: Head; readonly length: number }
  | { readonly kind: 'incomplete'; readonly progress: Progress }
  | RefusedHead;

export interface RefusedHead {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  /** If it is well-formed and refused only for its values. */
  readonly words?: Words;
}

/** How many empty lines may precede a request: some old clients end a body with one (RFC 9112 §2.2). */
export const MAX_EMPTY_LINES = 2;

const CR = 13;
const SP = 32;
const HTAB = 9;

const requestLine =
  /([\w!#$%&'*+.^`|~-]+) ([\x21\x22\x24-\x3e\x40-\x7e]+(?:\?[\x21\x22\x24-\x7e\x80-\xff]*)?) HTTP\/(\d)\.(\d)\r\n/y;
const allFields = /(?:[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/y;

const isRaw = /[\x80-\xff]/;

const noFraming: Framing = { kind: 'none' };
const chunkedFraming: Framing = { kind: 'chunked' };

/**
 * Parses the head at the beginning of `text`. With `progress` from an earlier call with less of the same
 * head, continues where that call ended.
 */
export function parseHead(text: string, limits: HeadLimits, progress?: Progress): HeadResult {
  if (!progress) {
    const whole = parseWhole(text, limits);
    if (whole) return whole;
  }
  return scan(text, limits, progress ?? beginning());
}

function beginning(): Progress {
  return { searched: 0, lineStart: 0, emptyLines: 0, targetStart: 0, targetEnd: 0, fields: -1 };
}

function refused(code: ErrorCode): HeadResult {
  return { kind: 'refused', code };
}

/** The fast path for a head that is complete and well-formed; all others go through `scan`. */
function parseWhole(text: string, limits: HeadLimits): HeadResult | undefined {
  requestLine.lastIndex = 0;
  const line = requestLine.exec(text);
  if (!line) return undefined;
  const [, method, target, major, minor] = line as unknown as [string, string, string, string, string];
  const fieldsStart = requestLine.lastIndex;
  allFields.lastIndex = fieldsStart;
  if (!allFields.test(text)) return undefined;
  const end = allFields.lastIndex;
  if (end > limits.maxHeaderBytes || target.length > limits.maxTargetBytes) return undefined;
  if (major !== '1' || lineFault(method, major, minor) !== undefined) return undefined;
  const rawHeaders = fieldsOf(text, fieldsStart, end - 2);
  if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) return undefined;
  return headOf(method, ownPart(text, target), minor === '0' ? '1.0' : '1.1', rawHeaders, limits, end);
}

/** The fault of a well-formed request line, if it has one. */
function lineFault(method: string, major: string, minor: string): ErrorCode | undefined {
  // The connection preface of HTTP/2 is designed to be refused (RFC 9113 §3.4).
  if (method === 'PRI' || major === '0') return 'bad_request';
  if (major !== '1' || minor > '1') return 'version_not_supported';
  return isMethod(method) ? undefined : 'not_implemented';
}

/** Alternating names and values of lines that are known to be well-formed. */
function fieldsOf(text: string, start: number, end: number): string[] {
  const fields: string[] = [];
  for (let at = start; at < end; ) {
    const colon = text.indexOf(':', at);
    const lineEnd = text.indexOf('\r\n', colon);
    fields.push(text.slice(at, colon), fieldValue(text, colon + 1, lineEnd));
    at = lineEnd + 2;
  }
  return fields;
}

/** The value without surrounding white space; `trim` would remove more than RFC 9110 §5.6.3 allows. */
function fieldValue(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from += 1;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return ownPart(text, text.slice(from, to));
}

function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}

/** Parses a head line by line, from where the last call ended. */
function scan(text: string, limits: HeadLimits, progress: Progress): HeadResult {
  const end = Math.min(text.length, limits.maxHeaderBytes);
  for (;;) {
    const lineEnd = text.indexOf('\r\n', Math.max(progress.lineStart, progress.searched));
    if (lineEnd < 0 || lineEnd + 2 > end) break;
    const code = partFault(text, lineEnd, limits, progress) ?? takeLine(text, lineEnd, progress);
    if (code === 'end') return complete(text, lineEnd, limits);
    if (code) return refused(code);
    progress.lineStart = lineEnd + 2;
    progress.searched = progress.lineStart;
  }
  // A CR at the end may be the first half of a CRLF.
  const partEnd = text.charCodeAt(end - 1) === CR ? end - 1 : end;
  const fault = partFault(text, partEnd, limits, progress);
  if (fault) return refused(fault);
  if (text.length > limits.maxHeaderBytes) return refused(overflow(progress));
  progress.searched = Math.max(progress.searched, partEnd);
  return { kind: 'incomplete', progress };
}

/** Which part of the head is too long, judged by where the limit cuts it off (RFC 9112 §3). */
function overflow({ fields, targetStart }: Progress): ErrorCode {
  if (fields >= 0) return 'headers_too_large';
  return targetStart > 0 ? 'uri_too_long' : 'not_implemented';
}

/** The first fault in the new part of the line up to `end`: a forbidden byte, or excessive length. */
function partFault(text: string, end: number, limits: HeadLimits, progress: Progress): ErrorCode | undefined {
  const from = Math.max(progress.searched, progress.lineStart);
  if (progress.fields >= 0) return findIn(text, notInValue, from, end) < 0 ? undefined : 'bad_request';
  const targetFrom = progress.targetStart > 0 ? from : methodPart(text, from, end, progress);
  if (targetFrom === undefined) return 'bad_request';
  if (progress.targetStart === 0) return undefined;
  const restFrom = progress.targetEnd > 0 ? targetFrom : targetPart(text, targetFrom, end, limits, progress);
  if (typeof restFrom === 'string') return restFrom;
  // Only a version can follow, and all its bytes are valid in a target, too.
  return findIn(text, notInTarget, restFrom, end) < 0 ? undefined : 'bad_request';
}

/** Where the target begins or may begin; `undefined` if the method is malformed. */
function methodPart(text: string, from: number, end: number, progress: Progress): number | undefined {
  const at = findIn(text, notInToken, from, end);
  if (at < 0) return end;
  if (text.charCodeAt(at) !== SP || at === progress.lineStart) return undefined;
  progress.targetStart = at + 1;
  return at + 1;
}

/** Where the version begins or may begin, or the fault of the target. */
function targetPart(
  text: string,
  from: number,
  end: number,
  { maxTargetBytes }: HeadLimits,
  progress: Progress,
): number | ErrorCode {
  let at = findIn(text, notInTarget, from, end);
  if (at >= 0 && text.charCodeAt(at) >= 128 && text.slice(progress.targetStart, at).includes('?'))
    at = findIn(text, notInQuery, at, end);
  const most = progress.targetStart + maxTargetBytes;
  if ((at < 0 ? end : at) > most) return 'uri_too_long';
  if (at < 0) return end;
  if (text.charCodeAt(at) !== SP) return 'bad_request';
  progress.targetEnd = at;
  return at + 1;
}

/** The first match of a pattern with the flag `g` between two positions, or -1. */
function findIn(text: string, pattern: RegExp, from: number, to: number): number {
  if (from >= to) return -1;
  pattern.lastIndex = from;
  const found = pattern.exec(text);
  return found === null || found.index >= to ? -1 : found.index;
}

/** The fault in the form of a complete line, if it has one; `end` for the empty line after the fields. */
function takeLine(text: string, lineEnd: number, progress: Progress): ErrorCode | 'end' | undefined {
  const { lineStart } = progress;
  if (progress.fields >= 0) {
    if (lineEnd === lineStart) return 'end';
    fieldLine.lastIndex = lineStart;
    if (!fieldLine.test(text)) return 'bad_request';
    progress.fields += 1;
    return progress.fields > MAX_HEADER_FIELDS ? 'headers_too_large' : undefined;
  }
  if (lineEnd === lineStart) {
    progress.emptyLines += 1;
    return progress.emptyLines > MAX_EMPTY_LINES ? 'bad_request' : undefined;
  }
  requestLine.lastIndex = lineStart;
  const line = requestLine.exec(text);
  if (!line) return 'bad_request';
  progress.fields = 0;
  return lineFault(line[1] as string, line[3] as string, line[4] as string);
}

/** The result for a head whose lines have all been checked by `scan`. */
function complete(text: string, lastLine: number, limits: HeadLimits): HeadResult {
  let lineStart = 0;
  while (text.charCodeAt(lineStart) === CR) lineStart += 2;
  requestLine.lastIndex = lineStart;
  const line = requestLine.exec(text) as RegExpExecArray;
  const fields = fieldsOf(text, requestLine.lastIndex, lastLine);
  const version = line[4] === '0' ? '1.0' : '1.1';
  return headOf(line[1] as string, ownPart(text, line[2] as string), version, fields, limits, lastLine + 2);
}

function headOf(
  method: string,
  rawTarget: string,
  version: Version,
  rawHeaders: readonly string[],
  { maxTargetBytes }: HeadLimits,
  length: number,
): HeadResult {
  const target = isRaw.test(rawTarget) ? encodeQuery(rawTarget) : rawTarget;
  const headers = headersOf(rawHeaders);
  const words: Words = { method, target, version, headers };
  const isTunnel = method === 'CONNECT';
  const split = isTunnel ? splitAuthority(target) : splitTarget(method, target);
  const framing = framingOf(headers);
  const fault = headRefusal(target, version, rawHeaders, maxTargetBytes);
  if (fault || !split || !framing) return { kind: 'refused', code: fault ?? 'bad_request', words };
  const head: Head = {
    method,
    target,
    version,
    headers,
    path: split.path,
    query: split.query,
    framing: isTunnel ? noFraming : framing,
    // A client that sends raw targets may violate HTTP in other ways; node:http closes the connection, too.
    isPersistent: !isTunnel && target === rawTarget && staysOpen(version, headers.connection),
    expectsContinue: version === '1.1' && headers.expect !== undefined && framing.kind !== 'none',
  };
  return { kind: 'head', head, length };
}

/** The target of CONNECT, which has neither path nor query. */
function splitAuthority(target: string): SplitTarget | undefined {
  return authorityForm.test(target) ? { path: '', query: '' } : undefined;
}

/** More digits are malformed; a number with fewer digits can only be too large for the body limit. */
const MAX_LENGTH_DIGITS = 19;
const digits = /^\d+$/;

/** How the body ends; `undefined` for contradictory, repeated or invalid framing (RFC 9112 §6.3). */
function framingOf(headers: Fields): Framing | undefined {
  const length = headers['content-length'];
  // `headRefusal` has already ensured that it is exactly `chunked`.
  if (headers['transfer-encoding'] !== undefined) return length === undefined ? chunkedFraming : undefined;
  if (length === undefined) return noFraming;
  if (!digits.test(length) || length.length > MAX_LENGTH_DIGITS) return undefined;
  const bytes = Number(length);
  return bytes === 0 ? noFraming : { kind: 'length', bytes };
}
