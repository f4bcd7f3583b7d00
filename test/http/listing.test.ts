/** Listings over sockets: what people, programs and hostile names make of them. */
import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { type Response, request } from '../support/raw.ts';
import { startForTest } from '../support/target.ts';

const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const JSON_CLIENT = { Accept: 'application/json' };

const linksOf = ({ text }: Response) => [...text.matchAll(/<a href="([^"]*)"/g)].map(([, href = '']) => href);
/** The names of the entries as links, without what leads up. */
const entriesOf = (response: Response) =>
  linksOf(response)
    .filter((href) => href.startsWith('./'))
    .map((href) => decodeURIComponent(href.slice(2)));

test('every name leads to its file, whatever is in it', async (t) => {
  const names = [
    '100%',
    '%2e%2e',
    'a#b',
    'a?b',
    'index.html?view=tar&pathrev=813',
    'my:file',
    "Enders, Giulia's [MP3]",
  ]
    .concat([
      'shadow@v1.1.1',
      '+plus',
      'a b',
      '<img src=x onerror=alert(1)>',
      '"q"',
      '&amp;',
      'שלום.txt',
      '漢字',
      '😀',
    ])
    .concat(['..a', '...', '~', ';x=1', `${'n'.repeat(251)}.txt`, '%00', 'NUL', 'c:d', '{{x}}']);
  const root = makeFolder(Object.fromEntries(names.map((name) => [name, `content of ${name}`])));
  const server = await startForTest(t, { root, args: ['--listing', '--dotfiles'] });
  const page = await request(server, '/');
  assert.deepEqual(entriesOf(page).toSorted(), names.toSorted());
  for (const link of linksOf(page)) {
    const { pathname, search, hash } = new URL(link, 'http://x/');
    assert.deepEqual([search, hash], ['', ''], link);
    const response = await request(server, pathname);
    assert.equal(response.text, `content of ${decodeURIComponent(pathname.slice(1))}`);
  }
  const json = JSON.parse((await request(server, '/', { headers: JSON_CLIENT })).text);
  assert.deepEqual(json.map(({ name }: { name: string }) => name).toSorted(), names.toSorted());
});

test('what has no URL, or leads nowhere, spoils nothing', async (t) => {
  const root = makeFolder({
    'new\nline': 'x',
    'a\tb': 'x',
    'back\\slash': 'x',
    dangling: { link: 'nothing' },
    loop: { link: 'loop' },
    outside: { link: '/etc/hostname' },
    good: 'x',
  });
  writeFileSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.of(0xe9, 0x80)]), 'x');
  const server = await startForTest(t, { root, args: ['--listing'] });
  const page = await request(server, '/');
  assert.deepEqual(entriesOf(page), ['good']);
  assert.match(page.text, /4 entries are left out/);
  const json = await request(server, '/', { headers: JSON_CLIENT });
  assert.deepEqual(
    JSON.parse(json.text).map(({ name, kind, size }: Record<string, unknown>) => ({ name, kind, size })),
    [{ name: 'good', kind: 'file', size: 1 }],
  );
  assert.equal(json.header('omitted-entries'), '4');
});

describe('order', () => {
  const site = () => {
    const root = makeFolder({
      'f10.txt': '1',
      'f9.txt': '333',
      'F1.txt': '22',
      'sub/x': 'x',
      'empty/.keep': '',
    });
    for (const [index, name] of ['f10.txt', 'F1.txt', 'f9.txt'].entries())
      utimesSync(join(root, name), 1_700_000_000 + index, 1_700_000_000 + index);
    return root;
  };

  test('follows the query, and nothing that is not understood', async (t) => {
    const server = await startForTest(t, { root: site(), args: ['--listing'] });
    const cases: readonly (readonly [query: string, files: string])[] = [
      ['', 'F1.txt f9.txt f10.txt'],
      ['?sort=name&order=desc', 'f10.txt f9.txt F1.txt'],
      ['?sort=size', 'f10.txt F1.txt f9.txt'],
      ['?order=desc&sort=size', 'f9.txt F1.txt f10.txt'],
      ['?sort=date', 'f10.txt F1.txt f9.txt'],
      ['?sort=date&order=desc', 'f9.txt F1.txt f10.txt'],
      ['?sort=/../../etc&order=up', 'F1.txt f9.txt f10.txt'],
      ['?C=S;O=D', 'F1.txt f9.txt f10.txt'],
    ];
    for (const [query, files] of cases) {
      const page = await request(server, `/${query}`);
      const names = entriesOf(page);
      assert.deepEqual(names.slice(0, 2).toSorted(), ['empty/', 'sub/'], 'folders first');
      assert.equal(names.slice(2).join(' '), files, query);
      assert.doesNotMatch(page.text, /etc/);
      // Programs that mirror a site follow what is linked, each order as a page of its own.
      assert.deepEqual(
        linksOf(page).filter((href) => href.includes('?')),
        [],
      );
    }
    const json = await request(server, '/?sort=size', { headers: JSON_CLIENT });
    assert.deepEqual(
      JSON.parse(json.text)
        .slice(2)
        .map(({ name }: { name: string }) => name),
      ['f10.txt', 'F1.txt', 'f9.txt'],
    );
  });

  test('stays in the query of a redirect, and is no matter of files', async (t) => {
    const server = await startForTest(t, { root: site(), args: ['--listing'] });
    assert.equal((await request(server, '/sub?sort=size')).header('location'), 'sub/?sort=size');
    assert.equal((await request(server, '/f9.txt?sort=size', { headers: JSON_CLIENT })).text, '333');
  });
});

describe('who gets what', () => {
  test('HTML unless JSON is preferred', async (t) => {
    const root = makeFolder({ 'a.txt': 'x', empty: '', 'sub/x': '' });
    utimesSync(join(root, 'a.txt'), 1_700_000_000.5, 1_700_000_000.5);
    utimesSync(join(root, 'empty'), 0, 0);
    utimesSync(join(root, 'sub'), 1_700_000_000, 1_700_000_000);
    const server = await startForTest(t, { root, args: ['--listing', '--csp', "default-src 'self'"] });
    for (const headers of [{}, BROWSER, { Accept: '*/*' }, { Accept: 'text/html, application/json' }]) {
      const page = await request(server, '/', { headers });
      assert.equal(page.header('content-type'), 'text/html; charset=utf-8');
      assert.match(page.header('vary') ?? '', /\bAccept\b/);
      assert.equal(page.header('cache-control'), 'no-cache');
      assert.match(
        page.header('content-security-policy') ?? '',
        /^default-src 'none'; style-src 'sha256-[^']+'; [^,]*$/,
      );
    }
    const json = await request(server, '/', { headers: { Accept: 'application/json, text/plain, */*' } });
    assert.equal(json.header('content-type'), 'application/json');
    assert.match(json.header('vary') ?? '', /\bAccept\b/);
    assert.deepEqual(JSON.parse(json.text), [
      { name: 'sub', kind: 'folder', mtime: '2023-11-14T22:13:20Z' },
      { name: 'a.txt', kind: 'file', size: 1, mtime: '2023-11-14T22:13:20Z' },
      { name: 'empty', kind: 'file', size: 0 },
    ]);
    const head = await request(server, '/', { method: 'HEAD', headers: JSON_CLIENT });
    assert.equal(head.header('content-length'), String(json.body.length));
  });

  test('the index, where there is one', async (t) => {
    const root = makeFolder({ 'index.html': 'index' });
    const server = await startForTest(t, { root, args: ['--listing'] });
    assert.equal((await request(server, '/', { headers: JSON_CLIENT })).text, 'index');
  });

  test('nothing without --listing', async (t) => {
    const server = await startForTest(t, { root: makeFolder({ a: 'x' }) });
    assert.equal((await request(server, '/', { headers: JSON_CLIENT })).text, '404 Not Found\n');
  });
});

test('a README is shown without anything of it that could run', async (t) => {
  const root = makeFolder({
    'README.md':
      '# Hi\n\n<script>alert(1)</script>\n\n[a](javascript:x) [b](sub/c.md) a <pre> <img src=x onerror=x()//',
    'sub/readme.txt': '<b>plain</b>',
    'linked/README.md': { link: '/etc/passwd' },
    'folder/README.md/x': '',
    'long/README.md': 'x'.repeat(64 * 1024 + 1),
  });
  const server = await startForTest(t, { root, args: ['--listing'] });
  const { text } = await request(server, '/', { headers: BROWSER });
  const section = text.slice(text.indexOf('<section'));
  assert.match(section, /<h2 id="readme-hi">Hi<\/h2>/);
  assert.match(section, /<a href="sub\/c\.md">b<\/a>/);
  assert.doesNotMatch(section, /<script|<img|javascript/);
  assert.match((await request(server, '/sub/')).text, /<pre>&lt;b&gt;plain&lt;\/b&gt;<\/pre>/);
  for (const path of ['/linked/', '/folder/', '/long/'])
    assert.doesNotMatch((await request(server, path)).text, /<section/, path);
});

test('the summary counts what is shown', async (t) => {
  const root = makeFolder({
    a: 'x'.repeat(1000),
    b: 'x'.repeat(548),
    'sub/x': 'x'.repeat(5000),
    '.hidden': 'x',
  });
  const server = await startForTest(t, { root, args: ['--listing'] });
  assert.match((await request(server, '/')).text, /<p>1 folder, 2 files, 1\.5 KiB<\/p>/);
});
