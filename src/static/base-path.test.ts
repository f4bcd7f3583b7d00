import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textPlan } from '../http/reply.ts';
import { createBasePathStage } from './base-path.ts';

const stage = createBasePathStage('/a/b', ({ path, query }) => textPlan(200, path + query));

const cases: readonly (readonly [path: string, outcome: string])[] = [
  ['/a/b/', '/'],
  ['/a/b/c', '/c'],
  ['/a/b//c', '//c'],
  ['/a/b/%2e%2e/c', '/%2e%2e/c'],
  ['/a/%62/c%2Fd', '404'],
  ['/a/%62/c/', '/c/'],
  ['//a/b/c', '/c'],
  ['/./a/b/c', '/c'],
  ['/a/%62/c//d/./%2E', '/c//d/./%2E'],
  ['//%2e/a/.//%62//c', '//c'],
  ['/a/%62/.', '/.'],
  ['/a/b', '→ b/'],
  ['/a/%62', '→ b/'],
  ['/a', '404'],
  ['/a/bc', '404'],
  ['/a/b%2Fc', '404'],
  ['/A/b/', '404'],
  ['/', '404'],
];

for (const [path, expected] of cases) {
  test(`${path} is ${expected}`, async () => {
    const facts = { method: 'GET', target: path, path, query: '', headers: {}, client: '' };
    const { status, headers, body } = await stage(facts);
    const text = body.kind === 'text' ? body.text : '';
    const location = headers[headers.indexOf('Location') + 1];
    assert.equal(status === 301 ? `→ ${location}` : status === 200 ? text : String(status), expected);
  });
}

test('what other methods get does not depend on the path', async () => {
  for (const [method, path] of [
    ['OPTIONS', '*'],
    ['POST', '/a/b'],
    ['PUT', '/elsewhere'],
  ] as const) {
    const { body } = await stage({ method, target: path, path, query: '', headers: {}, client: '' });
    assert.deepEqual(body, { kind: 'text', text: path });
  }
});
