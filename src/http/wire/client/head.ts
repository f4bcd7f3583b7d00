/**
 * A lenient parser for the head of a response (RFC 9112 §4 to §6). Pure.
 *
 * Servers, and above all small devices, end lines, fold and repeat fields as they like. A response that is not
 * understood is a message that is sent again, so everything is read that has one meaning. What is not exactly
 * RFC 9112 is noted: nothing else is ever read from that connection, so that nothing can be smuggled.
 */
import { type Fields, joinField, staysOpen } from '../fields.ts';
import { notInValue, token } from '../grammar.ts';

/** How the end of the body is determined (RFC 9112 §6.3). */
export type ResponseFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** By the end of the connection. */
  | { readonly kind: 'close' };

export interface ResponseHead {
  readonly status: number;
  readonly headers: Fields;
  readonly framing: ResponseFraming;
  /** Exactly RFC 9112, and the server keeps the connection open. */
  readonly isPersistent: boolean;
}

export type HeadFault = 'not HTTP' | 'too large';

/** With the field lines of servers that set a cookie for everything; node:http hides what is beyond 2000. */
const MAX_FIELDS = 1000;

const CR = 13;
const SP = 32;
const HTAB = 9;
const PROTOCOL = 'HTTP/';

const statusLine = /^HTTP\/(\d{1,3}(?:\.\d{1,3})?)[ \t]+(\d{3})(?!\d)/i;
const exactStatusLine = /^HTTP\/1\.[01] \d{3} /;

const noBody: ResponseFraming = { kind: 'none' };
const untilClose: ResponseFraming = { kind: 'close' };

export class ResponseHeadReader {
  readonly #method: string;
  readonly #maxBytes: number;
  #bytes = 0;
  /** The beginning of a line whose end has not come yet. */
  #line = '';
  #status = 0;
  #version = '';
  #names: string[] = [];
  #values: string[] = [];
  #isExact = true;
  #head: ResponseHead | undefined;
  #fault: HeadFault | undefined;

  /** `maxBytes` for the interim responses, too. `method` is that of the request. */
  constructor(method: string, maxBytes: number) {
    this.#method = method;
    this.#maxBytes = maxBytes;
  }

  /** The final response. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  get fault(): HeadFault | undefined {
    return this.#fault;
  }

  /** Consumes the head from `at` on; returns the position of its end. */
  take(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#maxBytes - this.#bytes);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1');
    let start = 0;
    while (!this.#head && !this.#fault) {
      const lineEnd = text.indexOf('\n', start);
      if (lineEnd < 0) break;
      const line = this.#line + text.slice(start, lineEnd);
      this.#line = '';
      start = lineEnd + 1;
      this.#takeLine(line);
    }
    if (!this.#head && !this.#fault) {
      const isNew = this.#line.length < PROTOCOL.length;
      this.#line += text.slice(start);
      start = text.length;
      if (isNew && this.#status === 0 && !mayBeStatusLine(this.#line)) this.#fault = 'not HTTP';
      else if (end < bytes.length) this.#fault = 'too large';
    }
    this.#bytes += start;
    return at + start;
  }

  #takeLine(raw: string): void {
    let end = raw.length;
    while (end > 0 && raw.charCodeAt(end - 1) === CR) end -= 1;
    const line = raw.slice(0, end);
    notInValue.lastIndex = 0;
    if (raw.length - end !== 1 || notInValue.test(line)) this.#isExact = false;
    if (this.#status === 0) this.#takeStatus(line);
    else if (line === '') this.#end();
    else this.#takeField(line);
  }

  #takeStatus(line: string): void {
    if (line === '') {
      this.#isExact = false;
      return;
    }
    const [, version = '', status = ''] = statusLine.exec(line) ?? [];
    this.#status = Number(status);
    this.#version = version;
    if (!exactStatusLine.test(line)) this.#isExact = false;
    if (this.#status < 100) this.#fault = 'not HTTP';
  }

  #takeField(line: string): void {
    const first = line.charCodeAt(0);
    const isFold = first === SP || first === HTAB;
    if (isFold && this.#values.length > 0) return this.#takeFold(line);
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!token.test(name)) this.#isExact = false;
    const lower = trimBlanks(name).toLowerCase();
    // A line without a name says nothing.
    if (lower === '') return;
    this.#names.push(lower);
    this.#values.push(trimBlanks(line.slice(colon + 1)));
    if (this.#names.length > MAX_FIELDS) this.#fault = 'too large';
  }

  /** RFC 9112 §5.2: a folded line continues the value before it. */
  #takeFold(line: string): void {
    this.#isExact = false;
    const last = this.#values.length - 1;
    const before = this.#values[last] as string;
    const more = trimBlanks(line);
    if (before === '' || more === '') this.#values[last] = before + more;
    else this.#values[last] = `${before} ${more}`;
  }

  #end(): void {
    if (this.#status < 200 && this.#status !== 101) return this.#skipInterim();
    const headers = headersOf(this.#names, this.#values);
    const framing = framingOf(this.#method, this.#status, headers);
    this.#head = {
      status: this.#status,
      headers,
      framing,
      isPersistent: this.#isExact && isPersistent(this.#status, this.#version, headers, framing),
    };
  }

  /** An interim response has no body, whatever its fields say (RFC 9110 §15.2). */
  #skipInterim(): void {
    this.#status = 0;
    this.#names = [];
    this.#values = [];
  }
}

/** Whether `line` is the beginning of one, or of the empty lines before it. */
function mayBeStatusLine(line: string): boolean {
  return line.charCodeAt(0) === CR || PROTOCOL.startsWith(line.slice(0, PROTOCOL.length).toUpperCase());
}

/** Without the white space of RFC 9110 §5.6.3 around it; `trim` would take more. */
function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from += 1;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}

function headersOf(names: readonly string[], values: readonly string[]): Fields {
  const headers: Fields = { __proto__: null } as unknown as Fields;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const before = headers[name];
    headers[name] = before === undefined ? values[i] : joinField(name, before, values[i] as string);
  }
  return headers;
}

function framingOf(method: string, status: number, headers: Fields): ResponseFraming {
  if (method === 'HEAD' || status === 101 || status === 204 || status === 304) return noBody;
  if (method === 'CONNECT' && status < 300) return noBody;
  const codings = listOf(headers['transfer-encoding']).filter((coding) => coding !== 'identity');
  // Whatever the length says besides (RFC 9112 §6.3).
  if (codings.length > 0) return codings.at(-1) === 'chunked' ? { kind: 'chunked' } : untilClose;
  const lengths = new Set(listOf(headers['content-length']));
  const [length = ''] = lengths;
  // Lengths that contradict each other say nothing.
  if (lengths.size !== 1 || !/^\d+$/.test(length)) return untilClose;
  const bytes = Number(length);
  return bytes === 0 ? noBody : { kind: 'length', bytes };
}

function listOf(value = ''): string[] {
  if (value === '') return [];
  return value
    .toLowerCase()
    .split(',')
    .map(trimBlanks)
    .filter((member) => member !== '');
}

/** Whether another response may follow on the connection, and its beginning is beyond doubt. */
function isPersistent(status: number, version: string, headers: Fields, framing: ResponseFraming): boolean {
  if (version !== '1.1' || status === 101 || framing.kind === 'close') return false;
  const length = headers['content-length'];
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (length !== undefined || coding.toLowerCase() !== 'chunked')) return false;
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return false;
  return staysOpen('1.1', headers.connection);
}
