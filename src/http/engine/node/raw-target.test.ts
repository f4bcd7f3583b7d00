import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mendTarget } from './raw-target.ts';

const head = '\r\nHost: a\r\n\r\n';
const cases: readonly [name: string, packet: string, expected?: string][] = [
  ['a query', 'GET /a?b=é HTTP/1.1', 'GET /a?b=%C3%A9 HTTP/1.1\r\nConnection: close'],
  ['by HTTP/1.0', 'POST /?测 HTTP/1.0', 'POST /?%E6%B5%8B HTTP/1.0\r\nConnection: close'],
  ['a path', 'GET /é HTTP/1.1'],
  ['a path and a query', 'GET /é?é HTTP/1.1'],
  ['nothing to mend', 'GET /a HTTP/1.1'],
  ['another version', 'GET /?é HTTP/2.0'],
  ['white space in the target', 'GET /?é b HTTP/1.1'],
  ['no method', '/?é HTTP/1.1'],
];
for (const [name, line, expected] of cases) {
  test(name, () => {
    const mended = mendTarget(Buffer.from(`${line}${head}é`));
    assert.equal(mended?.toString(), expected && `${expected}${head}é`);
  });
}

test('what is not UTF-8', () => {
  assert.equal(mendTarget(Buffer.from(`GET /?\xe9 HTTP/1.1${head}`, 'latin1')), undefined);
});

test('half a line', () => {
  assert.equal(mendTarget(Buffer.from('GET /?é HT')), undefined);
});
