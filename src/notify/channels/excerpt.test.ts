import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { leastCpuMs, MAX_TURN_MS } from '../../../test/support/cpu.ts';
import { compileExcerpt } from './excerpt.ts';

function response(body: string | Buffer, complete = true) {
  return { kind: 'response', status: 400, headers: {}, body: Buffer.from(body), complete } as const;
}

describe('an excerpt of a response', () => {
  const excerptOf = compileExcerpt(['https://a.example/hooks/T0/{{title}}?key=abc1', 'Bearer q+/w ü 密码xy']);
  const cases: readonly [name: string, body: string, excerpt: string][] = [
    ['nothing', '', ''],
    ['words', 'chat_id is wrong', 'chat_id is wrong'],
    ['lines and controls', ' a\r\nb\u0000\u001b[31mc\u202e\u2028d ', 'a b [31mc d'],
    ['a page', '<html>\n<title>502 Bad Gateway</title><hr>nginx', '502 Bad Gateway nginx'],
    ['what the URL holds', 'POST https://a.example/hooks/T0/x?key=abc1', 'POST ***/x?***'],
    ['a part of the URL', 'no hooks at a.example for abc1', 'no *** at *** for ***'],
    ['what a header holds', '"Authorization":"Bearer q+/w ü 密码xy"', '"Authorization":"***"'],
    ['in capitals', 'no ABC1', 'no ***'],
    ['percent-encoded', 'no q%2B%2Fw%20%C3%BC%20%E5%AF%86%E7%A0%81xy', 'no q%2B%2Fw%20%C3%BC%20%***'],
    ['what looks like a token', 'no eyJhbGciOiJIUzI1NiJ9abc', 'no ***'],
    ['long text', 'a '.repeat(200), `${'a '.repeat(99)}a…`],
  ];
  for (const [name, body, excerpt] of cases) {
    test(name, () => assert.equal(excerptOf(response(body)), excerpt));
  }

  test('nothing of half a body', () => assert.equal(excerptOf(response('abc', false)), ''));
  test('nothing of bytes', () => assert.equal(excerptOf(response(Buffer.from([0xff, 0xfe]))), ''));

  test('no secret, wherever a server puts it and however often it encodes it', () => {
    const encodings = [
      (text: string) => text,
      (text: string) => encodeURIComponent(encodeURIComponent(text)),
      (text: string) => JSON.stringify({ a: JSON.stringify(text) }),
      (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;'),
      (text: string) => new URLSearchParams({ text }).toString(),
    ];
    const unit = fc.constantFrom(...'abcXYZ019+/="&-_.'.split(''));
    const secrets = fc
      .string({ unit, minLength: 12, maxLength: 40 })
      .filter((text) => text.replace(/[^a-z0-9]/gi, '').length >= 6);
    fc.assert(
      fc.property(secrets, fc.nat(3000), fc.constantFrom(...encodings), (secret, at, encode) => {
        const said = compileExcerpt([secret])(response(`${'.'.repeat(at)} ${encode(secret)} `.repeat(3)));
        for (const word of secret.match(/[a-z0-9]{4,}/gi) ?? []) assert.ok(!said.includes(word), said);
      }),
    );
  });

  test('hostile bodies take a moment', () => {
    const excerpts = compileExcerpt(['aaaa-aaaa-aaaa-aaaa-aaab', 'x%2B'.repeat(100)]);
    for (const piece of ['<', '<a', '%25', '\\u0041', '&amp;', 'aaaa-', 'a1-', 'x+', '\u202e']) {
      const hostile = response(piece.repeat(64 * 1024).slice(0, 64 * 1024));
      const tookMs = leastCpuMs(() => excerpts(hostile));
      assert.ok(tookMs < MAX_TURN_MS, `${piece}: ${tookMs} ms`);
    }
  });
});
