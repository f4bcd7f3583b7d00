/** What the options change. */
import assert from 'node:assert/strict';
import { symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { connect, exchange, request, requestText } from '../support/raw.ts';
import { startForFile, startForTest, startWith } from '../support/target.ts';

const root = makeFolder({
  'index.html': 'index',
  'file.txt': 'file',
  'app.3f2a9b1c.js': 'app',
  'style.css': 'p {}',
  'sub/page.html': 'page',
  'sub/home.htm': 'home',
});
const plain = await startForFile({ root });

test('security headers are on by default, on every response; no CSP, no CORS, no server name', async () => {
  for (const path of ['/', '/missing', '/sub', '/healthz', '/%zz']) {
    const response = await request(plain, path);
    assert.equal(response.header('x-content-type-options'), 'nosniff', path);
    assert.match(response.header('referrer-policy') ?? '', /^[a-z-]+$/, path);
    for (const name of ['content-security-policy', 'access-control-allow-origin', 'server', 'x-powered-by']) {
      assert.equal(response.header(name), undefined, `${path} ${name}`);
    }
  }
});

test('security headers also on what is refused before there is a request', async () => {
  const [response] = await exchange(plain, 'garbage\r\n\r\n');
  assert.equal(response?.header('x-content-type-options'), 'nosniff');
});

test('--no-security-headers', async (t) => {
  const server = await startForTest(t, { root, args: ['--no-security-headers'] });
  const response = await request(server, '/');
  assert.equal(response.header('x-content-type-options'), undefined);
  assert.equal(response.header('referrer-policy'), undefined);
});

test('--csp and --header', async (t) => {
  const args = [
    '--csp',
    "default-src 'self'",
    '--header',
    'X-One: 1',
    '--header',
    'Referrer-Policy: no-referrer',
  ];
  const server = await startForTest(t, { root, args });
  for (const path of ['/', '/missing']) {
    const response = await request(server, path);
    assert.equal(response.header('content-security-policy'), "default-src 'self'");
    assert.equal(response.header('x-one'), '1');
    assert.equal(response.header('referrer-policy'), 'no-referrer', 'the operator wins, once');
  }
});

const policies: readonly (readonly [path: string, policy: string])[] = [
  ['/', 'no-cache'],
  ['/sub/page.html', 'no-cache'],
  ['/app.3f2a9b1c.js', 'max-age=31536000, immutable'],
  ['/file.txt', 'no-cache'],
  ['/style.css', 'no-cache'],
  ['/missing', 'no-store'],
];

for (const [path, policy] of policies) {
  test(`Cache-Control of ${path}: ${policy}`, async () => {
    assert.equal((await request(plain, path)).header('cache-control'), policy);
  });
}

test('the cache policy can be changed', async (t) => {
  const args = [
    '--cache-html',
    'no-store',
    '--cache-fingerprinted',
    'max-age=2',
    '--cache-other',
    'max-age=3',
  ];
  const server = await startForTest(t, { root, args });
  const policyOf = async (path: string) => (await request(server, path)).header('cache-control');
  assert.equal(await policyOf('/'), 'no-store');
  assert.equal(await policyOf('/app.3f2a9b1c.js'), 'max-age=2');
  assert.equal(await policyOf('/file.txt'), 'max-age=3');
});

test('--type and --charset', async (t) => {
  const served = makeFolder({ 'a.ts': 'x', 'b.data.gz': 'x', 'c.html': 'x', 'd.json': '{}', 'e.html': 'x' });
  const typesWith = async (...args: string[]) => {
    const server = await startForTest(t, { root: served, args });
    const typeOf = async (path: string) => (await request(server, path)).header('content-type');
    return Promise.all(['/a.ts', '/b.data.gz', '/c.html', '/d.json', '/missing'].map(typeOf));
  };
  const ours = ['text/plain; charset=utf-8'];
  assert.deepEqual(await typesWith(), [
    'video/mp2t',
    'application/octet-stream',
    'text/html; charset=utf-8',
    'application/json; charset=utf-8',
    ...ours,
  ]);
  const types = ['--type', 'ts=text/javascript', '--type', '.data.gz=application/gzip'];
  assert.deepEqual(await typesWith(...types, '--charset', 'windows-1251'), [
    'text/javascript; charset=windows-1251',
    'application/gzip',
    'text/html; charset=windows-1251',
    'application/json; charset=utf-8',
    ...ours,
  ]);
  assert.deepEqual(await typesWith('--charset', ''), [
    'video/mp2t',
    'application/octet-stream',
    'text/html',
    'application/json',
    ...ours,
  ]);
});

test('--index', async (t) => {
  const server = await startForTest(t, { root, args: ['--index', 'home.htm'] });
  assert.equal((await request(server, '/sub/')).text, 'home');
  assert.equal((await request(server, '/')).status, 404);
});

test('--cors *', async (t) => {
  const server = await startForTest(t, { root, args: ['--cors', '*'] });
  const response = await request(server, '/file.txt', { headers: { Origin: 'https://a.example' } });
  assert.equal(response.header('access-control-allow-origin'), '*');
  assert.equal(response.header('access-control-allow-credentials'), undefined);
  const missing = await request(server, '/missing', { headers: { Origin: 'https://a.example' } });
  assert.equal(missing.header('access-control-allow-origin'), '*');
});

test('--cors for some origins', async (t) => {
  const args = ['--cors', 'https://a.example', '--cors', 'http://b.example:8080'];
  const server = await startForTest(t, { root, args });
  const cases: readonly (readonly [origin: string | undefined, allowed: string | undefined])[] = [
    ['https://a.example', 'https://a.example'],
    ['http://b.example:8080', 'http://b.example:8080'],
    ['http://a.example', undefined],
    ['https://a.example.evil', undefined],
    ['https://a.exampl', undefined],
    ['null', undefined],
    [undefined, undefined],
  ];
  for (const [origin, allowed] of cases) {
    const response = await request(
      server,
      '/file.txt',
      origin === undefined ? {} : { headers: { Origin: origin } },
    );
    assert.equal(response.status, 200);
    assert.equal(response.header('access-control-allow-origin'), allowed, origin);
    // Caches must keep the responses apart, also those that name no origin.
    assert.match(response.header('vary') ?? '', /\bOrigin\b/i);
  }
});

test('a CORS preflight', async (t) => {
  const server = await startForTest(t, { root, args: ['--cors', 'https://a.example'] });
  const headers = {
    Origin: 'https://a.example',
    'Access-Control-Request-Method': 'GET',
    'Access-Control-Request-Headers': 'range, if-none-match',
  };
  const response = await request(server, '/file.txt', { method: 'OPTIONS', headers });
  assert.equal(response.status, 204);
  assert.equal(response.header('access-control-allow-origin'), 'https://a.example');
  assert.match(response.header('access-control-allow-methods') ?? '', /\bGET\b/);
  assert.match(response.header('access-control-allow-headers') ?? '', /range/i);
});

test('a CORS preflight into a private network', async (t) => {
  const headers = {
    Origin: 'https://a.example',
    'Access-Control-Request-Method': 'GET',
    'Access-Control-Request-Private-Network': 'true',
  };
  const allowed = async (cors: string) => {
    const server = await startForTest(t, { root, args: ['--cors', cors] });
    const { header } = await request(server, '/file.txt', { method: 'OPTIONS', headers });
    return [header('access-control-allow-origin'), header('access-control-allow-private-network')];
  };
  assert.deepEqual(await allowed('https://a.example'), ['https://a.example', 'true']);
  assert.deepEqual(await allowed('*'), ['*', undefined]);
  assert.deepEqual(await allowed('https://b.example'), [undefined, undefined]);
});

test('--listing', async (t) => {
  const folder = makeFolder({
    'a & <b>.txt': 'x',
    'javascript:alert(1)': 'x',
    '"quoted".txt': 'x',
    'sub/inner.txt': 'x',
    'with-index/index.html': 'the index',
    '.hidden': 'x',
    '.well-known/x': 'x',
    'outside.txt': { link: join(root, 'file.txt') },
    'inside.txt': { link: 'sub/inner.txt' },
  });
  const server = await startForTest(t, { root: folder, args: ['--listing'] });
  const response = await request(server, '/');
  assert.equal(response.status, 200);
  assert.equal(response.header('content-type'), 'text/html; charset=utf-8');
  const links = [...response.text.matchAll(/href="([^"]*)"/g)].map(([, link]) => link);
  for (const name of [
    './a%20%26%20%3Cb%3E.txt',
    './javascript',
    './%22quoted%22.txt',
    './sub/',
    './inside.txt',
  ]) {
    assert.ok(
      links.some((link) => link?.startsWith(name)),
      `${name} in ${links}`,
    );
  }
  assert.doesNotMatch(response.text, /<b>|\.hidden|<script/);
  assert.doesNotMatch(response.text, /outside\.txt/, 'what is not served is not listed');
  // Every link leads to something.
  for (const link of links) {
    const path = new URL(link ?? '', `http://localhost:${server.port}/`).pathname;
    assert.equal((await request(server, path)).status, 200, path);
  }
  assert.equal((await request(server, '/with-index/')).text, 'the index');
  assert.match((await request(server, '/sub/')).text, /inner\.txt/);
  assert.equal((await request(server, '/sub')).header('location'), 'sub/');
  assert.equal((await request(server, '/', { method: 'HEAD' })).status, 200);
});

test('without --listing a folder tells nothing', async () => {
  assert.equal((await request(plain, '/sub/')).text, '404 Not Found\n');
});

test('--listing shows names for what they are, and says what it leaves out', async (t) => {
  const folder = makeFolder({ 'a\u202egpj.exe': 'x', 'a\\b.txt': 'x', 'many/first.txt': 'x' });
  writeFileSync(Buffer.from(join(folder, 'caf\xe9.txt'), 'latin1'), 'x');
  const server = await startForTest(t, { root: folder, args: ['--listing'] });
  for (let i = 0; i < 2; i++) {
    const { text } = await request(server, '/');
    assert.match(text, />a⟨U\+202E⟩gpj\.exe</);
    assert.match(text, /2 entries are left out/);
  }
  assert.doesNotMatch((await request(server, '/many/')).text, /left out/);
  await server.stop();
  const result = server.stdout.all.filter((line) => line.includes('leaves entries out'));
  assert.equal(result.length, 1, result.join('\n'));
  assert.match(result[0] ?? '', /folder="?\/"? unnamable=2 beyond=0/);
});

test('--spa', async (t) => {
  const server = await startForTest(t, { root, args: ['--spa'] });
  for (const path of ['/users/7', '/deep/er/path/', '/search?q=a.b']) {
    const response = await request(server, path);
    assert.deepEqual([response.status, response.text], [200, 'index'], path);
    assert.equal(response.header('cache-control'), 'no-cache');
    assert.equal(response.header('content-type'), 'text/html; charset=utf-8');
  }
  assert.equal((await request(server, '/missing.js')).status, 404);
  assert.equal((await request(server, '/users/7.json')).status, 404);
  const as = (path: string, accept: string) => request(server, path, { headers: { Accept: accept } });
  for (const path of ['/items/1.1', '/users/a@b.com', '/users/a%40b.com', '/file.txt/']) {
    const response = await as(path, 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8');
    assert.deepEqual([response.status, response.text], [200, 'index'], path);
    assert.match(response.header('vary') ?? '', /\bAccept\b(?!-)/);
    assert.equal((await as(path, '*/*')).status, 404, path);
  }
  assert.equal((await as('/app.js', '*/*')).status, 404);
  assert.equal((await as('/api/users', 'application/json, text/plain, */*')).status, 404);
  assert.equal((await as('/style', 'text/css,*/*;q=0.1')).status, 404);
  assert.equal((await request(server, '/file.txt')).text, 'file');
  assert.equal((await request(server, '/users/7', { method: 'POST' })).status, 405);
});

test('404.html is the body of a 404, without validators', async (t) => {
  const folder = makeFolder({ '404.html': 'not here', 'other.html': 'other', 'sub/x': 'x' });
  utimesSync(join(folder, '404.html'), 1, 1);
  const server = await startForTest(t, { root: folder });
  const headers = {
    Range: 'bytes=0-1',
    'If-None-Match': '*',
    'If-Modified-Since': 'Tue, 06 Jan 2099 10:20:30 GMT',
  };
  for (const path of ['/missing', '/deep/missing.js', '/sub/']) {
    const response = await request(server, path, { headers });
    assert.deepEqual([response.status, response.text], [404, 'not here'], path);
    assert.equal(response.header('content-type'), 'text/html; charset=utf-8');
    assert.equal(response.header('cache-control'), 'no-store');
    for (const name of ['etag', 'last-modified', 'accept-ranges'])
      assert.equal(response.header(name), undefined, name);
  }
  const head = await request(server, '/missing', { method: 'HEAD' });
  assert.deepEqual([head.status, head.header('content-length')], [404, '8']);
  const renamed = await startForTest(t, { root: folder, args: ['--not-found', 'other.html'] });
  assert.equal((await request(renamed, '/missing')).text, 'other');
});

test('health', async (t) => {
  const get = await request(plain, '/healthz');
  assert.deepEqual([get.status, get.text, get.header('cache-control')], [200, 'ok\n', 'no-store']);
  assert.equal((await request(plain, '/healthz', { method: 'HEAD' })).status, 200);
  assert.equal((await request(plain, '/healthz', { method: 'POST' })).status, 405);
  const moved = await startForTest(t, { root, args: ['--health-path', '/alive'] });
  assert.equal((await request(moved, '/alive')).text, 'ok\n');
  assert.equal((await request(moved, '/healthz')).status, 404);
  const off = await startForTest(t, { root, args: ['--health-path', ''] });
  assert.equal((await request(off, '/healthz')).status, 404);
});

test('metrics are off by default', async () => {
  assert.equal((await request(plain, '/metrics')).status, 404);
});

test('metrics count what happened', async (t) => {
  const server = await startForTest(t, { root, args: ['--metrics-path', '/metrics'] });
  const idle = await connect(server);
  await idle.get('/file.txt');
  for (let i = 0; i < 4; i++) await request(server, '/file.txt');
  for (let i = 0; i < 3; i++) await request(server, '/missing');
  await request(server, '/sub');
  const response = await request(server, '/metrics');
  assert.match(response.header('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const value = (name: string) => {
    const line = response.text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1));
  };
  assert.equal(value('mote_http_requests_total{code="2xx"}'), 5);
  assert.equal(value('mote_http_requests_total{code="3xx"}'), 1);
  assert.equal(value('mote_http_requests_total{code="4xx"}'), 3);
  assert.equal(value('mote_http_requests_total{code="5xx"}'), 0);
  assert.equal(
    value('mote_http_response_body_bytes_total'),
    5 * 'file'.length + 3 * '404 Not Found\n'.length,
  );
  assert.equal(value('mote_http_requests_in_flight'), 1, 'this one');
  assert.equal(value('mote_http_request_duration_seconds_count'), 9);
  assert.equal(value('mote_http_request_duration_seconds_bucket{le="+Inf"}'), 9);
  assert.ok(value('mote_http_request_duration_seconds_sum') > 0);
  assert.ok(value('mote_connections') >= 2);
  assert.ok(value('process_resident_memory_bytes') > 1e6);
  for (const line of response.text.trimEnd().split('\n')) {
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+-]+)$/);
  }
  idle.destroy();
});

test('a single file is served at the root and under its name', async (t) => {
  const folder = makeFolder({
    'one page.html': 'the page',
    'one page.html.gz': 'packed',
    'secret.txt': 'MARKER',
  });
  const file = join(folder, 'one page.html');
  const server = await startForTest(t, { root: file });
  assert.equal(server.startLine, `mote serves ${file} on http://localhost:${server.port}`);
  for (const path of ['/', `/${encodeURIComponent(basename(file))}`, '/?x=1']) {
    const response = await request(server, path);
    assert.deepEqual([response.status, response.text], [200, 'the page'], path);
    assert.equal(response.header('content-type'), 'text/html; charset=utf-8');
    assert.equal((await request(server, path, { headers: { Range: 'bytes=4-' } })).text, 'page');
  }
  for (const path of ['/secret.txt', '/other', '/one', '/one%20page.html/', '/one%20page.html/x']) {
    assert.equal((await request(server, path)).status, 404, path);
  }
  assert.equal((await request(server, '/../secret.txt')).status, 400);
});

test('a single file may be a link', async (t) => {
  const folder = makeFolder();
  symlinkSync(join(root, 'file.txt'), join(folder, 'link.txt'));
  const server = await startForTest(t, { root: join(folder, 'link.txt') });
  assert.equal((await request(server, '/link.txt')).text, 'file');
});

test('--cache-bytes 0 serves everything from disk', async (t) => {
  const server = await startForTest(t, { root, args: ['--cache-bytes', '0'] });
  const client = await connect(server);
  for (let i = 0; i < 20; i++) assert.equal((await client.get('/file.txt')).text, 'file');
  client.destroy();
});

test('the options of one server come from flags, environment and file alike', async (t) => {
  const folder = makeFolder({
    'mote.json': JSON.stringify({ path: root, port: 0, header: ['X-From: file'] }),
  });
  const server = await startWith(['--config', join(folder, 'mote.json')], { env: { MOTE_SPA: 'true' } });
  t.after(() => server.stop());
  const [response] = await exchange(server, requestText('GET', '/any/where', { Connection: 'close' }));
  assert.deepEqual([response?.text, response?.header('x-from')], ['index', 'file']);
});
