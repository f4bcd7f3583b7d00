import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { leastCpuMs, MAX_TURN_MS } from '../../test/support/cpu.ts';
import { sha256Of } from '../util/sha256.ts';
import { forReader, forWriterOf } from './error-page.ts';
import { type ErrorCode, errorPlan, problemPlan } from './errors.ts';
import { textPlan } from './reply.ts';
import type { Plan } from './types.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

const textOf = ({ body }: Plan) => (body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '');
const fieldOf = ({ headers }: Plan, name: string) => headers[headers.indexOf(name) + 1] ?? '';

describe('the page of an error', () => {
  const codes: readonly ErrorCode[] = [
    'forbidden',
    'not_found',
    'method_not_allowed',
    'content_too_large',
    'internal',
    'unavailable',
    'not_implemented',
  ];
  for (const code of codes) {
    test(code, () => {
      const plain = errorPlan(code, ['Allow', 'GET']);
      const page = forReader(plain, { accept: BROWSER });
      const html = textOf(page);
      assert.equal(page.status, plain.status);
      assert.equal(page.close, plain.close);
      assert.ok(html.includes(`<title>${plain.status} ${plain.phrase}</title>`));
      assert.ok(html.length < 1400, `${html.length} bytes`);
      assert.doesNotMatch(html, /<script|<link|<img|\bsrc=|\bhref=|\bstyle=|@import|url\(/i);
      assert.equal(fieldOf(page, 'Content-Type'), 'text/html; charset=utf-8');
      assert.equal(fieldOf(page, 'Content-Length'), String(Buffer.byteLength(html)));
      assert.equal(fieldOf(page, 'Cache-Control'), 'no-store');
      assert.equal(fieldOf(page, 'Allow'), 'GET');
      const names = page.headers.filter((_, index) => index % 2 === 0);
      assert.equal(new Set(names).size, names.length, `${names}`);
    });
  }

  test('its policy allows its style and nothing else', () => {
    const page = forReader(errorPlan('not_found'), { accept: BROWSER });
    const [, style = ''] = /<style>(.*)<\/style>/s.exec(textOf(page)) ?? [];
    const digest = Buffer.from(sha256Of(Buffer.from(style))).toString('base64');
    assert.match(fieldOf(page, 'Content-Security-Policy'), /^default-src 'none'; style-src 'sha256-/);
    assert.ok(fieldOf(page, 'Content-Security-Policy').includes(digest));
  });
});

describe('no page', () => {
  const plain = errorPlan('not_found');
  const accepts: readonly (string | undefined)[] = [
    undefined,
    '',
    '*/*',
    'application/json, text/plain, */*',
    'image/avif,image/webp,*/*;q=0.8',
    'text/plain, text/html;q=0.9',
    'text/html;q=0',
  ];
  for (const accept of accepts) {
    test(`for ${accept}`, () => assert.equal(forReader(plain, { accept }), plain));
  }

  test('for what has a document of its own', () => {
    for (const plan of [problemPlan('not_found', { detail: 'x' }), textPlan(404, 'mine')])
      assert.equal(forReader(plan, { accept: BROWSER }), plan);
  });
});

describe('a head that is refused before it is read', () => {
  const plain = errorPlan('headers_too_large');
  const sent = (field: string) => forWriterOf(`GET / HTTP/1.1\r\nHost: a\r\n${field}`, plain);

  for (const field of [
    'Accept: text/html\r\nCookie: a',
    'accept:text/html,*/*;q=0.8\r\n',
    `Accept: \t${BROWSER} \r\nA`,
  ])
    test(`gets the page for ${JSON.stringify(field.slice(0, 12))}`, () =>
      assert.notEqual(sent(field), plain));

  for (const field of ['Accept: */*\r\n', 'X-Accept: text/html\r\n', 'Cookie: accept: text/html\r\n', ''])
    test(`gets none for ${JSON.stringify(field)}`, () => assert.equal(sent(field), plain));

  // Node passes on up to 64 KiB, however few a head may have.
  for (const piece of [' ', '\t', '\r\naccept:', '\r\naccept: \n', ',', ';'])
    test(`is searched quickly: many ${JSON.stringify(piece)}`, () => {
      const field = `Accept:${piece.repeat(65_536 / piece.length)}`;
      const tookMs = leastCpuMs(() => sent(field));
      assert.ok(tookMs < MAX_TURN_MS, `${tookMs} ms`);
    });
});
