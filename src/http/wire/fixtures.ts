/**
 * Requests for tests, made of valid elements of the grammar and of known attacks, combined and then damaged.
 * Readers for them: this codec, and the parser of `node:http` (llhttp) as an oracle.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { BodyReader } from './body.ts';
import { type HeadLimits, parseHead } from './head.ts';

/** Usually one of the first list, sometimes one of the second. */
export function mostly(good: readonly string[], odd: readonly string[], weight = 12): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: fc.constantFrom(...good), weight },
    { arbitrary: fc.constantFrom(...odd), weight: 1 },
  );
}

const methods = mostly(
  ['GET', 'HEAD', 'POST', 'OPTIONS'],
  ['PUT', 'TRACE', 'QUERY', 'FOO', 'get', 'G!T', 'G(T', '', 'CONNECT', 'PRI', 'DESCRIBE', 'M-SEARCH'],
);
const targets = mostly(
  ['/', '/index.html', '/a%20b?x=1', '/?', '/missing', '/%', '/x/../index.html', 'http://a/', 'http://a?q'],
  [
    '*',
    'a:80',
    'index.html',
    '?x',
    '/#x',
    '/\x7f',
    '/\xe9',
    '/?a=\xc3\xa9',
    '/?\xe9',
    '/\0',
    '/a b',
    'ftp://a/',
    'http:///x',
    '//x',
    '/"<>',
  ].concat(['http://u@a/', 'https://[::1]:80/', `/${'x'.repeat(60)}`]),
);
const versions = mostly(
  ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'],
  ['HTTP/1.2', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.10', 'http/1.1', 'RTSP/1.0', '', 'HTTP/1.1 ', 'HTTP/01.1'],
);
const lineEnds = mostly(['\r\n'], ['\n', '\r', '\r\r\n', '\r\n ', '\n\r', '\0\r\n'], 40);
const spaces = mostly([' '], ['  ', '\t', '', '\x0b', '\xa0'], 60);

const host = mostly(
  ['Host: a', 'Host: a:80', 'host:b'],
  [
    'Host:',
    'Host: a,b',
    'Host: u@a',
    'Host : a',
    ' Host: a',
    'Host: a b',
    'Host: [::1]',
    'Host: \xe9',
    'X: a',
  ],
);
const plainField = mostly(
  [
    'Accept: */*',
    'X-A: \xe9',
    'x:',
    'User-Agent: t',
    'Cookie: a=b',
    'Accept-Encoding: gzip',
    'Range: bytes=0-0',
  ],
  [
    'X',
    ': a',
    'X(: a',
    'X\0: a',
    'X: \0',
    'X: \x1b',
    'X\t: a',
    '\tX: a',
    '__proto__: a',
    'X: a\rb',
    'X: a\nb',
  ],
);
const connection = mostly(
  ['Connection: keep-alive', 'Connection: close', 'Connection: close, x', 'Connection: Keep-Alive'],
  ['Connection: keep-alive, close', 'Connection:', 'Connection: closed', 'Proxy-Connection: close'],
);
const length = mostly(
  ['2', '0', '02'],
  ['+2', '-2', '0x2', '2e0', '2,2', '2 2', '', '99999999999999999999', '\xb2'],
  3,
).map((value) => `Content-Length: ${value}`);
const coding = mostly(
  ['chunked', 'Chunked'],
  ['gzip, chunked', 'identity', ',chunked', 'chunked,', 'xchunked', '', 'chunked;a'],
  3,
).map((value) => `Transfer-Encoding: ${value}`);
const expectation = fc.constantFrom('Expect: 100-continue', 'Expect: tea', 'expect:');

/** A field without its line ending. */
const field = fc.oneof(
  { arbitrary: plainField, weight: 12 },
  { arbitrary: connection, weight: 2 },
  { arbitrary: length, weight: 2 },
  { arbitrary: coding, weight: 2 },
  { arbitrary: host, weight: 1 },
  { arbitrary: expectation, weight: 1 },
);

const goodHead = fc
  .tuple(
    methods,
    host,
    targets,
    versions,
    fc.array(field, { maxLength: 5 }),
    spaces,
    fc.array(lineEnds, { maxLength: 7, minLength: 7 }),
  )
  .map(([method, hostField, target, version, fields, space, ends]) => {
    const lines = [`${method}${space}${target} ${version}`, hostField, ...fields, ''];
    return lines.map((line, i) => `${line}${ends[i % ends.length]}`).join('');
  });

const damages = fc.constantFrom(
  '',
  '\r\n',
  '\r',
  '\n',
  '\0',
  ':',
  '\t',
  ' ',
  '\x80',
  ',',
  ';',
  'chunked',
  '0',
);

/** `text` with up to two places in it replaced. */
export function damaged(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const place = fc.tuple(fc.nat(), fc.nat({ max: 3 }), damages);
  const places = fc.oneof(
    { arbitrary: fc.constant([]), weight: 3 },
    { arbitrary: fc.array(place, { maxLength: 2 }), weight: 1 },
  );
  return fc.tuple(text, places).map(([whole, all]) =>
    all.reduce((now, [at, length, instead]) => {
      const start = at % (now.length + 1);
      return now.slice(0, start) + instead + now.slice(start + length);
    }, whole),
  );
}

/** The head of a request, usually valid. */
export const headText = damaged(goodHead);

const sizes = mostly(
  ['size'],
  ['+2', '0x2', '', 'x', ' 2', '2 ', '0000000000000002', 'fffffffffffffffff', '02'],
  15,
);
const extensions = mostly(['', '', ';a=b'], [';', ';a="b;c"', ';a=b\0', ' ;a', ';a\n', ';a="'], 15);
const trailers = mostly(
  ['', '', 'X: y\r\n'],
  ['X\r\n', 'X : y\r\n', ' y\r\n', 'Content-Length: 1\r\n', 'X: y\n'],
  15,
);

const chunk = fc
  .tuple(
    fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 20 }),
    sizes,
    extensions,
    lineEnds,
    lineEnds,
  )
  .map(([data, size, extension, sizeEnd, dataEnd]) => {
    return `${size === 'size' ? data.length.toString(16) : size}${extension}${sizeEnd}${data}${dataEnd}`;
  });

/** A chunked body, usually valid. */
export const chunkedText = damaged(
  fc
    .tuple(fc.array(chunk, { maxLength: 4 }), mostly(['0'], ['00', '', '0;a'], 15), trailers, lineEnds)
    .map(([chunks, last, trailer, end]) => `${chunks.join('')}${last}${end}${trailer}\r\n`),
);

/** Several requests on one connection, usually with bodies only where their heads announce them. */
export const connectionText = fc
  .array(
    fc.tuple(headText, fc.oneof({ arbitrary: fc.constantFrom('', '', '', 'ab'), weight: 3 }, chunkedText)),
    { minLength: 1, maxLength: 3 },
  )
  .map((requests) => requests.map(([head, body]) => head + body).join(''));

/** A request as the reader understood it. */
export interface Understood {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface Reading {
  readonly requests: readonly Understood[];
  /** Why a request was refused; `undefined` if the input merely ended. */
  readonly refusal: string | undefined;
  /** How many bytes of the input belong to the requests. */
  readonly taken: number;
}

export const fuzzLimits: HeadLimits = { maxHeaderBytes: 16 * 1024, maxTargetBytes: 8 * 1024 };
const MAX_BODY_BYTES = 1024;

/** Reads all requests of a connection with this codec. */
export function readConnection(text: string, limits = fuzzLimits): Reading {
  const bytes = Buffer.from(text, 'latin1');
  const requests: Understood[] = [];
  let taken = 0;
  for (;;) {
    const result = parseHead(text.slice(taken), limits);
    if (result.kind === 'refused') return { requests, refusal: result.code, taken };
    if (result.kind === 'incomplete') return { requests, refusal: undefined, taken };
    const { method, target, headers, framing, isPersistent } = result.head;
    let end = taken + result.length;
    let body = '';
    if (framing.kind !== 'none') {
      const reader = new BodyReader(framing, MAX_BODY_BYTES);
      end = reader.take(bytes, end);
      if (reader.refusal || !reader.isComplete) return { requests, refusal: reader.refusal, taken };
      body = Buffer.from(reader.content).toString('latin1');
    }
    taken = end;
    requests.push({ method, target, headers, body });
    if (!isPersistent) return { requests, refusal: 'last', taken };
  }
}

/** A socket that discards everything written to it. */
class Silent extends Duplex {
  override _read(): void {}
  override _write(_bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done();
  }
}

/** Reads requests as `node:http` does; the last one may be incomplete. */
export class Oracle {
  readonly #server = http.createServer({ requireHostHeader: false, maxHeaderSize: 64 * 1024 });
  #requests: (Understood & { body: string })[] = [];

  constructor() {
    const take = (req: http.IncomingMessage) => {
      const headers = req.headers as Understood['headers'];
      const request = { method: req.method as string, target: req.url as string, headers, body: '' };
      this.#requests.push(request);
      req.on('error', () => undefined);
      req.on('data', (chunk: Buffer) => (request.body += chunk.toString('latin1')));
    };
    for (const event of ['request', 'checkContinue', 'checkExpectation', 'connect', 'upgrade']) {
      this.#server.on(event, take);
    }
    this.#server.on('clientError', () => undefined);
  }

  /** Fails if the two readers understand requests in `text` differently. */
  async confirm(requests: readonly Understood[], text: string): Promise<void> {
    // node:http treats the non-standard Proxy-Connection field like Connection.
    const last = requests.findIndex(({ headers }) => headers['proxy-connection'] !== undefined);
    const shared = last < 0 ? requests : requests.slice(0, last + 1);
    // llhttp refuses a tab behind a coding, which is white space by RFC 9110 §5.6.3.
    if (/\r\ntransfer-encoding:[^\r]*\t[ \t]*\r\n/i.test(text)) return;
    // This codec percent-encodes raw UTF-8 in a query.
    if (shared.length === 0 || /\?[^ \r]*[\x80-\xff][^ \r]* HTTP/.test(text)) return;
    const theirs = await this.#read(text);
    assert.deepEqual(shared.map(plain), theirs.slice(0, shared.length).map(plain));
  }

  async #read(text: string): Promise<readonly Understood[]> {
    this.#requests = [];
    const socket = new Silent();
    socket.on('error', () => undefined);
    this.#server.emit('connection', socket);
    socket.push(Buffer.from(text, 'latin1'));
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
    return this.#requests;
  }
}

/** The headers without a field that node:http loses. */
function plain({ method, target, headers, body }: Understood) {
  return { method, target, body, fields: Object.entries(headers).filter(([name]) => name !== '__proto__') };
}

const post = 'POST / HTTP/1.1\r\nHost: a\r\n';
const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

/** Known shapes of request smuggling; each must be refused before the hidden request is read. */
export const smuggled: Readonly<Record<string, string>> = {
  'CL.TE': `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'TE.CL': `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${hidden}`,
  'CL.CL': `${post}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'a list of lengths': `${post}Content-Length: 0, ${hidden.length}\r\n\r\n${hidden}`,
  'a sign before a length': `${post}Content-Length: +${hidden.length}\r\n\r\n${hidden}`,
  'a length in another base': `${post}Content-Length: 0x10\r\n\r\n${hidden}`,
  'a length with a non-ASCII digit': `${post}Content-Length: \xb2\r\n\r\n${hidden}`,
  'a length on a folded line': `${post}X: a\r\n Content-Length: 5\r\n\r\n${hidden}`,
  'a length after a bare LF': `${post}X: a\nContent-Length: 5\r\n\r\n${hidden}`,
  'a length after a bare CR': `${post}X: a\rContent-Length: 5\r\n\r\n${hidden}`,
  'a length after NUL': `${post}X: a\0\r\nContent-Length: 5\r\n\r\n${hidden}`,
  'a length with a space before the colon': `${post}Content-Length : 5\r\n\r\n${hidden}`,
  'a length with a tab before the colon': `${post}Content-Length\t: 5\r\n\r\n${hidden}`,
  'a length after a leading space': `POST / HTTP/1.1\r\n Content-Length: 5\r\nHost: a\r\n\r\n${hidden}`,
  'a coding after a vertical tab': `${post}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${hidden}`,
  'a coding in quotes': `${post}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${hidden}`,
  'a coding with a parameter': `${post}Transfer-Encoding: chunked;x\r\n\r\n0\r\n\r\n${hidden}`,
  'a coding that resembles chunked': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
  'a coding after identity': `${post}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'a coding before identity': `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
  'two codings': `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'two codings of which one is unknown': `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n${hidden}`,
  'an empty coding': `${post}Transfer-Encoding:\r\n\r\n${hidden}`,
  'a coding on a folded line': `${post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'a coding in HTTP/1.0': `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  ...Object.fromEntries(
    [
      ['LF after a size', `2\nab\r\n0\r\n\r\n`],
      ['LF after an extension', `2;x\nab\r\n0\r\n\r\n`],
      ['CR in an extension', `2;x\rab\r\n0\r\n\r\n`],
      ['LF after data', `2\r\nab\n0\r\n\r\n`],
      ['nothing after data', `2\r\nab0\r\n\r\n`],
      ['two bytes after data that are not CRLF', `2\r\nabXX0\r\n\r\n`],
      ['a size with a sign', `+2\r\nab\r\n0\r\n\r\n`],
      ['a size with 0x', `0x2\r\nab\r\n0\r\n\r\n`],
      ['a size with an underscore', `2_\r\nab\r\n0\r\n\r\n`],
      ['a size with a space', `2 \r\nab\r\n0\r\n\r\n`],
      ['a size that wraps around', `10000000000000002\r\nab\r\n0\r\n\r\n`],
      ['a size beyond what numbers are exact for', `ffffffffffffffff\r\nab\r\n0\r\n\r\n`],
      ['a trailer without a colon', `0\r\nX\r\n\r\n`],
      ['a trailer that is folded', `0\r\nX: a\r\n b\r\n\r\n`],
      ['LF as the last line', `0\r\n\n`],
    ].map(([name, body]) => [name, `${post}Transfer-Encoding: chunked\r\n\r\n${body}${hidden}`]),
  ),
};

/** The fuzzer's input: known shapes, slightly damaged, and requests generated from the grammar. */
export const fuzzText = fc.oneof(
  { arbitrary: connectionText, weight: 4 },
  { arbitrary: damaged(fc.constantFrom(...Object.values(smuggled))), weight: 1 },
);
