import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { codeOfParseError } from './parse-error.ts';

/** The error for `line` in which the parser stopped at the character `at`. */
function errorIn(code: string, packet: string, at: number): Parameters<typeof codeOfParseError>[0] {
  return Object.assign(new Error(code), { code, rawPacket: Buffer.from(packet, 'latin1'), bytesParsed: at });
}

describe('a line that the parser refused', () => {
  const cases: readonly (readonly [
    name: string,
    code: string,
    line: string,
    at: number,
    expected: string,
  ])[] = [
    ['an unknown method', 'HPE_INVALID_METHOD', 'FOO / HTTP/1.1', 1, 'not_implemented'],
    ['one that begins like none', 'HPE_INVALID_METHOD', 'foo / HTTP/1.0', 0, 'not_implemented'],
    ['a method of RTSP', 'HPE_INVALID_CONSTANT', 'SETUP / HTTP/1.1', 12, 'not_implemented'],
    ['a comma in the method', 'HPE_INVALID_METHOD', 'GET, / HTTP/1.1', 3, 'bad_request'],
    ['two targets', 'HPE_INVALID_METHOD', 'G E T / HTTP/1.1', 1, 'bad_request'],
    ['no version', 'HPE_INVALID_METHOD', 'EHLO example.com', 0, 'bad_request'],
    ['another protocol', 'HPE_INVALID_CONSTANT', 'GET / FTP/1.1', 6, 'bad_request'],
    ['another major version', 'HPE_INVALID_VERSION', 'GET / HTTP/3.0', 14, 'version_not_supported'],
    ['a later minor version', 'HPE_INVALID_VERSION', 'GET / HTTP/1.2', 14, 'version_not_supported'],
    ['a version of before', 'HPE_INVALID_VERSION', 'GET / HTTP/0.8', 14, 'bad_request'],
    ['a version of three digits', 'HPE_INVALID_VERSION', 'GET / HTTP/1.10', 14, 'bad_request'],
    ['both unknown', 'HPE_INVALID_METHOD', 'FOO / HTTP/2.0', 1, 'version_not_supported'],
    ['an error elsewhere', 'HPE_INVALID_HEADER_TOKEN', 'FOO / HTTP/1.1', 1, 'bad_request'],
  ];
  for (const [name, code, line, at, expected] of cases) {
    test(`${name}: ${expected}`, () => {
      const before = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
      const after = '\r\nHost: a\r\n\r\n';
      assert.equal(codeOfParseError(errorIn(code, line + after, at)), expected);
      assert.equal(codeOfParseError(errorIn(code, before + line + after, before.length + at)), expected);
    });
  }

  test('of which only a part is there says nothing for certain', () => {
    assert.equal(codeOfParseError(errorIn('HPE_INVALID_METHOD', 'FOO / HTT', 1)), 'bad_request');
    assert.equal(codeOfParseError(errorIn('HPE_INVALID_VERSION', '2\r\nHost: a\r\n\r\n', 1)), 'bad_request');
    assert.equal(codeOfParseError(new Error('of another kind')), 'bad_request');
  });

  test('is looked at in time that grows with its length', () => {
    const startMs = performance.now();
    codeOfParseError(errorIn('HPE_INVALID_METHOD', `${'A'.repeat(1_000_000)}\0\r\n`, 1));
    assert.ok(performance.now() - startMs < 500);
  });
});

test('the timers and limits of the parser', () => {
  const codeOf = (code: string, packet: string) => codeOfParseError(errorIn(code, packet, 0));
  assert.equal(codeOf('ERR_HTTP_REQUEST_TIMEOUT', ''), 'request_timeout');
  assert.equal(codeOf('HPE_CHUNK_EXTENSIONS_OVERFLOW', ''), 'content_too_large');
  assert.equal(codeOf('HPE_HEADER_OVERFLOW', 'GET /xxxxx'), 'uri_too_long');
  assert.equal(codeOf('HPE_HEADER_OVERFLOW', 'GET / HTTP/1.1\r\nA: xxx'), 'headers_too_large');
});
