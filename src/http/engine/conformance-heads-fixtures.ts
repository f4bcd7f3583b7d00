/** Heads that RFC 9112 and RFC 9110 refuse, by the rule that is broken, with the status of the refusal. */

export interface Row {
  readonly name: string;
  readonly text: string;
  readonly status: number;
}

export const shown = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
export const rowsOf = (texts: readonly string[], textOf: (part: string) => string, status = 400): Row[] =>
  texts.map((part) => ({ name: shown(part), text: textOf(part), status }));

export const line = (part: string) => `${part}\r\nHost: a\r\n\r\n`;
export const field = (part: string) => `GET / HTTP/1.1\r\nHost: a\r\n${part}\r\n\r\n`;
export const host = (part: string) => `GET / HTTP/1.1\r\nHost: ${part}\r\n\r\n`;
export const target = (part: string) => line(`GET ${part} HTTP/1.1`);
export const version = (part: string) => line(`GET / ${part}`);
export const length = (part: string) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${part}\r\n\r\nhello`;
export const coding = (part: string) =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${part}\r\n\r\n0\r\n\r\n`;
export const both = (part: string) => `POST / HTTP/1.1\r\nHost: a\r\n${part}\r\n\r\n0\r\n\r\n`;
export const chunks = (part: string) =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${part}`;
export const size = (part: string) => chunks(`${part}\r\nhello\r\n0\r\n\r\n`);
export const trailer = (part: string) => chunks(`5\r\nhello\r\n0\r\n${part}\r\n\r\n`);

export const refusedHeads: Readonly<Record<string, readonly Row[]>> = {
  'lines end with CRLF (RFC 9112 §2.2)': rowsOf(
    [
      'GET / HTTP/1.1\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\n\n',
      'GET / HTTP/1.1\nHost: a\n\n',
      'GET / HTTP/1.1\rHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\r\n\r\n',
      'GET / HTTP/1.1\r\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\n\rHost: a\r\n\r\n',
    ],
    (text) => text,
  ),
  'no white space before the first field (§2.2)': rowsOf(
    [' ', '\t', '  '],
    (space) => `GET / HTTP/1.1\r\n${space}Host: a\r\n\r\n`,
  ).concat(rowsOf([' ', '\t'], (space) => `GET / HTTP/1.1\r\n${space}\r\nHost: a\r\n\r\n`)),
  'what comes first is a request line (§3)': rowsOf(
    [
      '\x00\x01\x02\xff\xfe',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      '   \r\n\r\n',
      'EHLO a\r\n',
      'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n',
      'SSH-2.0-a\r\n',
      '{"a":1}\r\n',
      '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
      '\xef\xbb\xbfGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    ],
    (text) => text,
  ).concat(
    rowsOf(
      ['x GET / HTTP/1.1', 'GET', 'GET ', 'GET /', 'GET HTTP/1.1', 'GET  HTTP/1.1', ' GET / HTTP/1.1'],
      line,
    ),
    rowsOf(
      ['GET  / HTTP/1.1', 'GET /  HTTP/1.1', 'GET\t/ HTTP/1.1', 'GET /\tHTTP/1.1', 'GET / HTTP/1.1 '],
      line,
    ),
    rowsOf(['GET / HTTP/1.1\t', 'GET /\x0bHTTP/1.1', 'GET\x0c/ HTTP/1.1', 'GET\xa0/ HTTP/1.1'], line),
  ),
  'a method is a token, and known (§3.1, RFC 9110 §9.1)': rowsOf(
    ['G\0T', 'G(T', 'G\x7fT', 'G\xe9T', 'G,T', '"GET"', 'GET:', 'G/T'],
    (method) => line(`${method} / HTTP/1.1`),
  ).concat(
    rowsOf(
      ['FOOBAR', 'get', 'Get', 'GETX', 'GE', 'DESCRIBE', 'X'.repeat(9000)],
      (method) => line(`${method} / HTTP/1.1`),
      501,
    ),
  ),
  'a target has one of four forms (§3.2)': rowsOf(
    [
      '/a b',
      '/\0',
      '/\r',
      '/\x01',
      '/\x7f',
      '/\xc3\xa9',
      '/\xc0\xaf',
      '/?\xff',
      '/#a',
      '#',
      '/a#b?c',
      'a',
      '?a',
      '*',
    ],
    target,
  ).concat(
    rowsOf(['a:80', 'ftp://a/', 'http:/a', 'http://', 'http:///a', 'http://u@a/', 'http://a,b/'], target),
    rowsOf(['/', 'http://a/', 'a', 'a:80/', '*'], (part) => line(`CONNECT ${part} HTTP/1.1`)),
    rowsOf(['* HTTP/1.1', 'a:80 HTTP/1.1'], (part) => line(`POST ${part}`)),
    rowsOf([`/${'a'.repeat(8192)}`, `/${'a'.repeat(100_000)}`], target, 414),
  ),
  'a version is HTTP/, a digit, a dot, a digit (§2.3)': rowsOf(
    [
      'HTTP/1',
      'HTTP/1.',
      'HTTP/.1',
      'HTTP/01.1',
      'HTTP/1.01',
      'HTTP/01.01',
      'HTTP/1.10',
      'HTTP/ 1.1',
      'HTTP /1.1',
    ],
    version,
  ).concat(
    rowsOf(
      [
        'http/1.1',
        'Http/1.1',
        'HTTPS/1.1',
        'HTTP/1,1',
        'HTTP/a.b',
        'HTTP/0.9',
        'HTTP/1.1x',
        'HTTP/1.1\0',
        'ICE/1.0',
      ],
      version,
    ),
    rowsOf(['HTTP/2.0', 'HTTP/3.0', 'HTTP/9.9', 'HTTP/1.2', 'HTTP/1.9'], version, 505),
    rowsOf(['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], (text) => text),
  ),
  'a field is a token, a colon, a value (§5, §5.1)': rowsOf(
    [
      'X',
      'X Y',
      ': a',
      ' : a',
      'X : a',
      'X\t: a',
      'X\r: a',
      'X(: a',
      'X[]: a',
      'X/: a',
      'X@: a',
      '"X": a',
      'X;: a',
    ],
    field,
  ).concat(
    rowsOf(
      ['X\0: a', 'X\x01: a', 'X\x7f: a', 'X\xc3\xab: a', 'X\xa0: a', 'X\x0b: a', '\xef\xbb\xbfX: a'],
      field,
    ),
  ),
  'a value has no control characters (RFC 9110 §5.5)': rowsOf(
    ['\0', '\x01', '\x07', '\x08', '\x0b', '\x0c', '\r', '\x1b', '\x1f', '\x7f'].map(
      (byte) => `X: a${byte}b`,
    ),
    field,
  ).concat(
    rowsOf(
      ['\0', '\x0b', '\x7f'].map((byte) => `X:${byte}a`),
      field,
    ),
    rowsOf(['X: a\0'], field),
  ),
  'no folded lines (§5.2)': rowsOf(
    ['X: a\r\n b', 'X: a\r\n\tb', 'X:\r\n b', 'X: a\r\n \r\n', 'X: a\r\n  Y: b'],
    field,
  ),
  'exactly one valid Host (§3.2)': rowsOf(
    [
      'a,b',
      'a, b',
      'a b',
      'u@a',
      'a/b',
      'a?b',
      'a#b',
      '\xe9',
      '[::1',
      '::1]',
      'a:x',
      'a:80:80',
      ':80',
      'http://a',
      'a\\b',
      '<a>',
    ],
    host,
  ).concat(
    rowsOf(
      [
        'GET / HTTP/1.1\r\n\r\n',
        'GET / HTTP/1.1\r\nX: a\r\n\r\n',
        'GET http://a/ HTTP/1.1\r\n\r\n',
        'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
        'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\nhOST: b\r\n\r\n',
        'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n',
        'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
        'GET / HTTP/1.1\r\nHost: a\r\nHost:\r\n\r\n',
      ],
      (text) => text,
    ),
  ),
  'expectations (RFC 9110 §10.1.1)': rowsOf(
    ['Expect: tea', 'Expect: 200-ok', 'Expect:', 'Expect: 100-continue, tea', 'Expect: 100'],
    field,
    417,
  ),
  'bounded heads (RFC 6585 §5)': rowsOf(
    [
      `X: ${'a'.repeat(17_000)}`,
      `${'X'.repeat(17_000)}: a`,
      Array.from({ length: 201 }, (_, i) => `X${i}: a`).join('\r\n'),
    ],
    field,
    431,
  ),
};
