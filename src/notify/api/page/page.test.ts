import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { kindNames } from '../../../config/notify/variables.ts';
import type { RequestFacts } from '../../../http/types.ts';
import { createPageStage } from './page.ts';

const stage = createPageStage();

function ask(method: string, path: string, headers: RequestFacts['headers'] = {}) {
  const facts: RequestFacts = { method, target: path, path, query: '', headers, client: '' };
  const plan = stage(facts);
  assert.ok(!(plan instanceof Promise));
  return plan;
}

function page(language?: string) {
  const plan = ask('GET', '/notify', language === undefined ? {} : { 'accept-language': language });
  const { status, headers, body, overridesDefaults } = plan ?? assert.fail();
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
  assert.deepEqual(html.match(/(src|href)="(?!data:)[^"]*"/g), ['href="notify/openapi.json"']);
  assert.deepEqual(html.match(/\son[a-z]+="|\sstyle="/g), null);
});

test('the headers', () => {
  const { headers, headerOf, bytes, overridesDefaults } = page();
  assert.equal(headerOf('Content-Type'), 'text/html; charset=utf-8');
  assert.equal(headerOf('Content-Length'), String(bytes.length));
  assert.equal(headerOf('Cache-Control'), 'no-store');
  assert.equal(headerOf('Referrer-Policy'), 'no-referrer');
  assert.equal(headerOf('X-Content-Type-Options'), 'nosniff');
  assert.equal(headerOf('Vary'), 'Accept-Language');
  assert.equal(headers.length, 14);
  assert.equal(overridesDefaults, true);
});

describe('the language', () => {
  const chosen: readonly (readonly [header: string | undefined, language: string])[] = [
    [undefined, 'en'],
    ['', 'en'],
    ['zh', 'zh-CN'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
    ['zh-Hant-TW', 'zh-CN'],
    ['ZH-hk', 'zh-CN'],
    ['en-GB,zh;q=0.9', 'en'],
    ['en;q=0.5, zh;q=0.6', 'zh-CN'],
    ['fr, de;q=0.9', 'en'],
    ['fr, zh;q=0.1', 'zh-CN'],
    ['zh;q=0', 'en'],
    ['zh;q=x', 'en'],
    ['zhx, *', 'en'],
    ['*;q=0.5, zh;q=0.1', 'en'],
    ['fr, zh;q=0.5, *;q=0.1', 'zh-CN'],
    [`${'a,'.repeat(5000)}zh`, 'en'],
  ];
  for (const [header, language] of chosen)
    test(`${header?.slice(0, 40)}: ${language}`, () => {
      assert.match(page(header).html, new RegExp(`<html lang="${language}">`));
    });

  test('both have all words, and the same script', () => {
    const scriptOf = (html: string) => /<script[\s\S]*?<\/script>/.exec(html)?.[0];
    const [english, chinese] = [page('en').html, page('zh').html];
    assert.equal(scriptOf(english), scriptOf(chinese));
    const wordsOf = (html: string) =>
      JSON.parse((/data-words="([^"]*)"/.exec(html)?.[1] ?? '').replaceAll('&quot;', '"'));
    const [some, all] = [wordsOf(english), wordsOf(chinese)];
    assert.deepEqual(
      Object.keys(some).filter((key) => !(key in all)),
      [],
    );
    for (const html of [english, chinese])
      assert.doesNotMatch(html.replace(/<script[\s\S]*/, ''), /\{\{|undefined/);
    // What the script says is in the table, and nothing else is.
    const script = scriptOf(english) ?? '';
    const states = ['delivered', 'pending', 'partial', 'failed', 'pendingFailed', 'sending', 'send'];
    for (const [, key = ''] of script.matchAll(/\bsay\('(\w+)'/g)) assert.ok(key in some, key);
    for (const key of states) assert.ok(key in some, key);
    const unused = Object.keys(all).filter(
      (key) => !/^(?:error|field|kind)_/.test(key) && !states.includes(key) && !script.includes(`'${key}'`),
    );
    assert.deepEqual(unused, []);
  });
});

test('every kind of channel has a name for people, and every field that the page sends a sentence', () => {
  const { html } = page('zh');
  const mute = kindNames.filter(
    (kind) => !['webhook', 'ntfy'].includes(kind) && !html.includes(`kind_${kind}`),
  );
  assert.deepEqual(mute, []);
});
