/**
 * Responses for tests, made of the elements of the grammar and of what servers and devices really send, then damaged.
 * Readers for them: this codec, and the client of `node:http` (llhttp) as an oracle, strict or lenient.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { chunkedText, damaged, mostly } from '../fixtures.ts';
import { type ResponseLimits, ResponseReader } from './response.ts';

export const limits: ResponseLimits = { maxHeadBytes: 2048, maxBodyBytes: 100 };

const statusLines = mostly(
  ['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 204 No Content'],
  [
    'HTTP/1.0 200 OK',
    'HTTP/1.1 200',
    'HTTP/1.1 200 ',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 304 Not Modified',
    'HTTP/1.1 999 \xe9',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/2 200',
    'http/1.1 200 OK',
    'ICY 200 OK',
    'SSH-2.0-x',
    '',
  ],
  3,
);
const interim = mostly(
  ['', '', '', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'],
  ['HTTP/1.1 100\r\nContent-Length: 0\r\n\r\n', 'HTTP/1.1 102 Processing\n\n', '\r\n'],
  5,
);
const lineEnds = mostly(['\r\n'], ['\n', '\r\r\n', '\r'], 60);
const field = mostly(
  ['X-A: b', 'Content-Type: application/json', 'Set-Cookie: a=b', 'Connection: close'].concat([
    'Connection: keep-alive',
    'Keep-Alive: timeout=5, max=100',
    'Retry-After: 3',
  ]),
  [
    'X: \x01',
    'X : a',
    ' folded',
    '\tfolded',
    'no colon',
    ': no name',
    'X(: a',
    '\xe9: a',
    '__proto__: x',
  ].concat(['Connection: keep-alive, close', 'Location: http://b/']),
);
const length = mostly(
  ['2', '0', '5', '101'],
  ['5, 5', '5, 6', '+5', '-1', '0x5', '', '005', '00', '9'.repeat(30)],
).map((value) => `Content-Length: ${value}`);
const coding = mostly(
  ['chunked'],
  ['Chunked', 'identity', 'gzip, chunked', 'chunked, gzip', '', 'chunked, chunked'],
).map((value) => `Transfer-Encoding: ${value}`);

const content = fc.string({ unit: 'binary-ascii', maxLength: 110 });

const framed = fc.oneof(
  {
    arbitrary: content.map((body): [string[], string] => [[`Content-Length: ${body.length}`], body]),
    weight: 4,
  },
  { arbitrary: fc.tuple(fc.tuple(length), content), weight: 1 },
  { arbitrary: fc.tuple(fc.tuple(coding), chunkedText), weight: 3 },
  { arbitrary: fc.tuple(fc.tuple(length, coding), chunkedText), weight: 1 },
  { arbitrary: fc.tuple(fc.tuple(length, length), fc.constantFrom('', '01234')), weight: 1 },
  { arbitrary: fc.tuple(fc.constant<string[]>([]), fc.constantFrom('', 'ok', 'x'.repeat(110))), weight: 1 },
);

/** A response, usually valid, with what else comes before the connection closes. */
export const responseText = damaged(
  fc
    .tuple(
      interim,
      statusLines,
      fc.array(field, { maxLength: 4 }),
      framed,
      fc.array(lineEnds, { minLength: 9, maxLength: 9 }),
      mostly([''], ['more', '\r\n', 'HTTP/1.1 200 OK\r\n\r\n'], 8),
    )
    .map(([before, status, fields, [framing, body], ends, more]) => {
      const lines = [status, ...fields, ...framing, ''];
      return `${before}${lines.map((line, i) => `${line}${ends[i]}`).join('')}${body}${more}`;
    }),
);

export const requestMethod = mostly(['POST'], ['HEAD', 'GET'], 8);

/** A response as the reader understood it. */
export interface Understood {
  readonly state: string;
  readonly status: number | undefined;
  readonly headers: Record<string, string | undefined> | undefined;
  readonly body: string;
  readonly isPersistent: boolean;
}

/** Reads the pieces of a response, after which the server closes if `isClosed`. */
export function readResponse(
  text: string,
  {
    method = 'POST',
    cuts = [],
    isClosed = true,
  }: { method?: string; cuts?: readonly number[]; isClosed?: boolean } = {},
): Understood {
  const bytes = Buffer.from(text, 'latin1');
  const reader = new ResponseReader(method, limits);
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    reader.push(bytes.subarray(at, cut));
    at = cut;
  }
  const { isPersistent } = reader;
  if (isClosed) reader.close();
  const { head, state, content } = reader;
  const body = Buffer.from(content).toString('latin1');
  return { state, status: head?.status, headers: head?.headers && { ...head.headers }, body, isPersistent };
}

/** A connection on which the server says `text` and closes. */
class Said extends Duplex {
  readonly #text: string;

  constructor(text: string) {
    super({ allowHalfOpen: true });
    this.#text = text;
  }

  override _read(): void {}

  override _write(_bytes: Buffer, _coding: string, done: () => void): void {
    done();
  }

  say(): void {
    this.push(Buffer.from(this.#text, 'latin1'));
    this.push(null);
  }
}

/** What the client of `node:http` understands; `undefined` without a response. */
export async function readByNode(
  text: string,
  method: string,
  isLenient: boolean,
): Promise<Omit<Understood, 'isPersistent'> | undefined> {
  const socket = new Said(text);
  const request = http.request({
    createConnection: () => socket,
    method,
    insecureHTTPParser: isLenient,
    maxHeaderSize: limits.maxHeadBytes,
  });
  request.on('error', () => undefined);
  let response: http.IncomingMessage | undefined;
  let body = '';
  request.once('response', (message) => {
    response = message;
    message.setEncoding('latin1').on('data', (part: string) => {
      body += part;
    });
    message.on('error', () => undefined);
  });
  request.end(() => socket.say());
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  if (!response) return undefined;
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  );
  return { state: response.complete ? 'complete' : 'cut', status: response.statusCode, headers, body };
}

/** Where llhttp understands something else, or nothing. */
const differs = new RegExp(
  [
    // It takes a CR for the end of a line, but CR CR LF comes from text files, and is one.
    String.raw`\r(?!\n)`,
    // It takes a status below 100.
    String.raw`http/\S+[ \t]+0`,
    // It does not look for `chunked` in what is almost a list of codings.
    String.raw`transfer-encoding:(?! ?chunked\r?\n)`,
    // It skips a second LF after a chunk size, and takes a line of white space for the end of the head.
    String.raw`\n[\da-f]+\n\n|\n[ \t]+\r?\n`,
  ].join('|'),
  'i',
);

/**
 * What the lenient client of `node:http` has whole, this one has, too; and what is followed by another response is
 * what the strict one reads.
 */
export async function confirmResponse(text: string, method: string): Promise<boolean> {
  const ours = readResponse(text, { method });
  const lenient = await readByNode(text, method, true);
  const isComparable = !differs.test(text) && lenient && lenient.body.length <= limits.maxBodyBytes;
  if (isComparable && lenient.state === 'complete') {
    assert.deepEqual([ours.state, ours.status, ours.body], ['complete', lenient.status, lenient.body]);
  }
  if (!ours.isPersistent) return false;
  const strict = await readByNode(text, method, false);
  // node:http loses a field of this name.
  if (ours.headers) Reflect.deleteProperty(ours.headers, '__proto__');
  assert.deepEqual({ ...ours, isPersistent: undefined }, { ...strict, isPersistent: undefined });
  return true;
}
