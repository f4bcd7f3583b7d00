import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { RequestFacts } from '../../../http/types.ts';
import { createPageStage } from './page.ts';

const stage = createPageStage();

function ask(method: string, path: string) {
  const facts: RequestFacts = { method, target: path, path, query: '', headers: {}, client: '' };
  const plan = stage(facts);
  assert.ok(!(plan instanceof Promise));
  return plan;
}

function page() {
  const { status, headers, body, overridesDefaults } = ask('GET', '/notify') ?? assert.fail();
  assert.ok(body.kind === 'bytes');
  const headerOf = (name: string) => headers[headers.indexOf(name) + 1];
  return { status, headers, headerOf, overridesDefaults, bytes: body.bytes, html: body.bytes.toString() };
}

const sha256 = (text = '') => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('who gets the page', () => {
  const cases: readonly (readonly [line: string, isOurs: boolean])[] = [
    ['GET /notify', true],
    ['HEAD /notify', true],
    ['POST /notify', false],
    ['OPTIONS /notify', false],
    ['GET /notify/', false],
    ['GET /notify/channels', false],
    ['GET /', false],
  ];
  for (const [line, isOurs] of cases) {
    test(`${line}: ${isOurs}`, () => {
      const [method = '', path = ''] = line.split(' ');
      assert.equal(ask(method, path)?.status, isOurs ? 200 : undefined);
    });
  }
});

test('the policy lets in what the page has inside, and nothing else', () => {
  const { html, headerOf } = page();
  const [, style] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? [];
  const [, script] = /<script type="module">([\s\S]*?)<\/script>/.exec(html) ?? [];
  assert.ok(style && script);
  const policy = headerOf('Content-Security-Policy')?.split('; ');
  assert.deepEqual(policy, [
    "default-src 'none'",
    `script-src ${sha256(script)}`,
    `style-src ${sha256(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ]);
});

test('everything is inside, once', () => {
  const { html } = page();
  assert.equal(html.match(/<(script|style|link)\b/g)?.toString(), '<link,<style,<script');
  assert.deepEqual(html.match(/(src|href)="(?!data:)[^"]*"/g), null);
  assert.deepEqual(html.match(/\son[a-z]+="|\sstyle="/g), null);
});

test('the headers', () => {
  const { headers, headerOf, bytes, overridesDefaults } = page();
  assert.equal(headerOf('Content-Type'), 'text/html; charset=utf-8');
  assert.equal(headerOf('Content-Length'), String(bytes.length));
  assert.equal(headerOf('Cache-Control'), 'no-store');
  assert.equal(headerOf('Referrer-Policy'), 'no-referrer');
  assert.equal(headerOf('X-Content-Type-Options'), 'nosniff');
  assert.equal(headers.length, 12);
  assert.equal(overridesDefaults, true);
});
