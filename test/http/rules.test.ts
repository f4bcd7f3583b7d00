/** The files `_redirects` and `_headers` in the root: what they change in responses, and how their changes show. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addTo, makeFolder, type Tree } from '../support/folder.ts';
import { connect, eventually, request } from '../support/raw.ts';
import { NOTHING, outcome, serveSite, site } from '../support/site.ts';
import { engineBetween, type Server, startForTest, without } from '../support/target.ts';

/** The promise is one second; the rest is for a busy machine. */
const NOTICED_WITHIN_MS = 2000;

test('only GET and HEAD; a redirect has no content', async (t) => {
  const server = await serveSite(t, { _redirects: '/a /b 308\n' });
  const get = await request(server, '/a');
  assert.equal(get.header('content-length'), '0');
  assert.equal(get.header('cache-control'), 'no-cache');
  assert.equal((await request(server, '/a', { method: 'HEAD' })).status, 308);
  assert.equal((await request(server, '/a', { method: 'POST' })).status, 405);
});

test('the files of rules are never served, in any spelling', async (t) => {
  const root = makeFolder({ ...site, _redirects: '/_h /_headers 200\n', _headers: '/*\n  X-A: b\n' });
  const server = await startForTest(t, { root, args: ['--listing'] });
  const paths = [
    '/_redirects',
    '/_headers',
    '/%5Fheaders',
    '//_headers',
    '/./_redirects',
    '/_h',
    '/_HEADERS',
  ];
  for (const path of paths) assert.equal(await outcome(server, path), NOTHING, path);
  rmSync(join(root, 'index.html'));
  const { value } = await eventually(
    NOTICED_WITHIN_MS,
    () => request(server, '/'),
    (response) => response.text !== 'index',
  );
  assert.match(value.text, /logo\.png/);
  assert.doesNotMatch(value.text, /_headers|_redirects/);
});

describe('headers', () => {
  const examples = `# a path:
/templates/index.html
  # headers for that path:
  X-Frame-Options: DENY
/*
  cache-control: max-age=0
  cache-control: no-cache
  Access-Control-Allow-Origin: *
/static/*
  X-Robots-Tag: nosnippet
  Cache-Control: public, max-age=31556952, immutable
/static/open.txt
  ! Access-Control-Allow-Origin
/movies/:title
  x-movie-name: You are watching ":title"
/apple-app-site-association
  Content-Type: application/json
`;
  const files: Tree = {
    'templates/index.html': 'template',
    'static/a.txt': 'a',
    'static/open.txt': 'open',
    'movies/a b.txt': 'movie',
    'apple-app-site-association': '{}',
    _headers: examples,
  };

  test('published: of both providers', async (t) => {
    const server = await serveSite(t, files);
    const header = async (path: string, name: string) => (await request(server, path)).header(name);
    assert.equal(await header('/templates/index.html', 'x-frame-options'), 'DENY');
    assert.equal(await header('/templates/', 'x-frame-options'), undefined);
    assert.equal(await header('/page.html', 'cache-control'), 'max-age=0, no-cache');
    assert.equal(await header('/static/a.txt', 'x-robots-tag'), 'nosnippet');
    assert.equal(await header('/static/a.txt', 'access-control-allow-origin'), '*');
    assert.equal(await header('/static/open.txt', 'access-control-allow-origin'), undefined);
    assert.equal(await header('/movies/a%20b.txt', 'x-movie-name'), 'You are watching "a%20b.txt"');
    assert.equal(await header('/movies/a;b,c', 'x-movie-name'), 'You are watching "a%3Bb%2Cc"');
    assert.equal(await header('/apple-app-site-association', 'content-type'), 'application/json');
  });

  test('on which responses: content has all, others do without what describes content', async (t) => {
    const rules =
      '/*\n  X-A: b\n  Cache-Control: max-age=9\n  Content-Type: text/x-own\n  ! Referrer-Policy\n';
    const server = await serveSite(t, { _headers: rules, _redirects: '/go /page.html 302\n' });
    const of = async (path: string, headers = {}) => {
      const { status, header } = await request(server, path, { headers });
      const names = ['x-a', 'cache-control', 'content-type', 'referrer-policy', 'x-content-type-options'];
      return [status, ...names.map((name) => header(name))];
    };
    const { header } = await request(server, '/page.html');
    assert.deepEqual(await of('/page.html'), [200, 'b', 'max-age=9', 'text/x-own', undefined, 'nosniff']);
    assert.deepEqual(await of('/page.html', { Range: 'bytes=0-1' }), [
      206,
      'b',
      'max-age=9',
      'text/x-own',
      undefined,
      'nosniff',
    ]);
    const conditional = { 'If-None-Match': header('etag') ?? '' };
    assert.deepEqual(await of('/page.html', conditional), [
      304,
      'b',
      'max-age=9',
      undefined,
      undefined,
      'nosniff',
    ]);
    assert.deepEqual(await of('/go'), [302, 'b', 'no-cache', undefined, undefined, 'nosniff']);
    assert.deepEqual(await of('/docs'), [301, 'b', 'no-cache', undefined, undefined, 'nosniff']);
    assert.deepEqual(await of('/x'), [
      404,
      'b',
      'no-store',
      'text/html; charset=utf-8',
      undefined,
      'nosniff',
    ]);
    assert.deepEqual((await of('/page.html', { 'If-Match': '"x"' })).slice(0, 3), [412, 'b', 'no-store']);
    assert.deepEqual((await of('/%00'))[1], undefined, 'nothing for what is no path');
    const parts = await request(server, '/page.html', { headers: { Range: 'bytes=0-0,3-3' } });
    assert.match(parts.header('content-type') ?? '', /^multipart\/byteranges/);
    assert.match(parts.text, /Content-Type: text\/x-own/);
  });

  test('they take the place of default headers, and of those of the command line; Vary is joined', async (t) => {
    const rules =
      '/*\n  Referrer-Policy: no-referrer\n  X-B: file\n  Vary: Cookie\n  Set-Cookie: a=1\n  Set-Cookie: b=2\n';
    const args = ['--header', 'X-B: option'];
    const server = await serveSite(t, { _headers: rules, 'logo.png.gz': 'zip' }, args);
    const { header, fields } = await request(server, '/logo.png');
    assert.equal(header('referrer-policy'), 'no-referrer');
    assert.equal(header('x-b'), 'file');
    assert.deepEqual(
      fields.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
      ['a=1', 'b=2'],
    );
    assert.equal(header('vary'), 'Accept-Encoding, Cookie');
  });

  test('the page of --spa is content like a file', async (t) => {
    const rules = { _headers: '/*\n  X-A: b\n  Cache-Control: max-age=9\n' };
    const server = await serveSite(t, rules, ['--spa']);
    const { header, text } = await request(server, '/route');
    assert.deepEqual([text, header('x-a'), header('cache-control')], ['index', 'b', 'max-age=9']);
  });

  test('nothing of the connection or of the content can be set', async (t) => {
    const names = [
      'Content-Length',
      'Transfer-Encoding',
      'Connection',
      'Date',
      'ETag',
      'Keep-Alive',
      'Trailer',
      'Upgrade',
      'Content-Encoding',
      'Location',
      'Basic-Auth',
    ];
    const server = await serveSite(t, {
      _headers: `/*\n${names.map((name) => `  ${name}: 7\n`).join('')}  ! ETag\n  ! Vary\n  X-Ü: x\n  X-Y: \u0001\n  X-Z: a\rX-Injected: b\n`,
    });
    const { header, status } = await request(server, '/page.html');
    assert.equal(status, 200);
    assert.equal(header('content-length'), '4');
    assert.equal(header('x-z'), 'a');
    for (const name of [
      'transfer-encoding',
      'trailer',
      'upgrade',
      'content-encoding',
      'location',
      'basic-auth',
      'x-y',
    ])
      assert.equal(header(name), undefined, name);
    for (const name of [...names, 'Vary'])
      await server.logged(new RegExp(`_headers line \\d+ is skipped: ${name} `));
  });

  test('a file that is not in memory, and one in a coding', async (t) => {
    const server = await serveSite(t, {
      _headers: '/*\n  X-A: b\n',
      'big.bin': Buffer.alloc(2_000_000),
      'logo.png.br': 'br',
    });
    assert.equal((await request(server, '/big.bin')).header('x-a'), 'b');
    assert.equal((await request(server, '/big.bin', { method: 'HEAD' })).header('x-a'), 'b');
    const coded = await request(server, '/logo.png', { headers: { 'Accept-Encoding': 'br' } });
    assert.deepEqual([coded.header('x-a'), coded.header('content-encoding')], ['b', 'br']);
  });
});

describe('changes', () => {
  const noticed = (server: Server, path: string, expected: string) =>
    eventually(
      NOTICED_WITHIN_MS,
      () => outcome(server, path),
      (one) => one === expected,
    );
  const xa = async (server: Server) => (await request(server, '/page.html')).header('x-a') ?? '';
  const noticedHeader = (server: Server, expected: string) =>
    eventually(
      NOTICED_WITHIN_MS,
      () => xa(server),
      (one) => one === expected,
    );

  test('files that appear, change and go, while a file in memory is busy', async (t) => {
    const root = makeFolder(site);
    const server = await startForTest(t, { root });
    assert.equal(await xa(server), '');
    addTo(root, { _headers: '/*\n  X-A: 1\n' });
    await noticedHeader(server, '1');
    addTo(root, { _headers: '/*\n  X-A: 2\n' });
    await noticedHeader(server, '2');
    rmSync(join(root, '_headers'));
    await noticedHeader(server, '');
    addTo(root, { _redirects: '/page.html /x 302!\n' });
    await noticed(server, '/page.html', '302 /x');
    rmSync(join(root, '_redirects'));
    await noticed(server, '/page.html', '200 page');
  });

  test('a file that appears where a rewrite was, also for a client that repeats itself', async (t) => {
    const root = makeFolder({ ...site, _redirects: '/* /index.html 200\n' });
    const server = await startForTest(t, { root });
    const client = await connect(server);
    for (let i = 0; i < 5; i++) assert.equal((await client.get('/late')).text, 'index');
    addTo(root, { late: 'here' });
    await eventually(
      NOTICED_WITHIN_MS,
      () => client.get('/late'),
      ({ text }) => text === 'here',
    );
    client.destroy();
  });

  test('a volume of Kubernetes, whose files are switched by one link', async (t) => {
    const release = (value: string): Tree => ({
      [`..${value}/_headers`]: `/*\n  X-A: ${value}\n`,
      [`..${value}/_redirects`]: `/a /${value}\n`,
      [`..${value}/page.html`]: 'page',
    });
    const names = ['_headers', '_redirects', 'page.html'];
    const links = Object.fromEntries(names.map((name) => [name, { link: `..data/${name}` }]));
    const root = makeFolder({ ...release('1'), ...release('2'), '..data': { link: '..1' }, ...links });
    const server = await startForTest(t, { root });
    assert.equal(await xa(server), '1');
    assert.equal(await outcome(server, '/a'), '301 /1');
    addTo(root, { '..data_tmp': { link: '..2' } });
    renameSync(join(root, '..data_tmp'), join(root, '..data'));
    await noticedHeader(server, '2');
    await noticed(server, '/a', '301 /2');
  });

  test('a root that is replaced', async (t) => {
    const base = makeFolder({ 'a/page.html': 'page', 'a/_headers': '/*\n  X-A: 1\n' });
    const server = await startForTest(t, { root: join(base, 'a') });
    assert.equal(await xa(server), '1');
    renameSync(join(base, 'a'), join(base, 'old'));
    mkdirSync(join(base, 'a'));
    addTo(base, { 'a/page.html': 'page', 'a/_headers': '/*\n  X-A: 2\n' });
    await noticedHeader(server, '2');
  });

  for (const args of [[], ['--workers', '2']]) {
    const skip = args.length > 0 && (engineBetween || without('workers'));
    test(`a bad line is told once, at the start and when it changes ${args.join(' ')}`, {
      skip,
    }, async (t) => {
      const root = makeFolder({ ...site, _redirects: '/a /b\n/c\n/api/* https://api.test/:splat 200\n' });
      const server = await startForTest(t, { root, args });
      await server.logged(/_redirects line 2 is skipped: no target/);
      await server.logged(/_redirects line 3 is skipped: .*proxy/);
      assert.equal(await outcome(server, '/a'), '301 /b');
      writeFileSync(join(root, '_redirects'), '/a /d\n# comment\n/e /f 302 Country=de\n');
      await noticed(server, '/a', '301 /d');
      await server.logged(/_redirects line 3 is skipped: the condition Country=de:/);
      for (let i = 0; i < 40; i++) await request(server, '/nothing');
      await server.stop();
      const told = server.stdout.all.filter((line) => line.includes('is skipped'));
      assert.equal(told.length, 3, told.join('\n'));
    });
  }
});

test('a file of rules that is too large, or binary, costs a line each and is left', async (t) => {
  const server = await serveSite(t, {
    _redirects: Buffer.alloc(1024 * 1024 + 1, '/a /b\n'),
    _headers: Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 256)),
  });
  await server.logged(/_redirects is ignored: it has more than 1048576 bytes/);
  await server.logged(/_headers: \d+ more lines are skipped|_headers line/);
  assert.equal(await outcome(server, '/a'), NOTHING);
});

test('rules in another encoding than UTF-8 are told: their paths would match nothing', async (t) => {
  const server = await serveSite(t, {
    _redirects: Buffer.from('/caf\xe9 /page.html\n/a /b # caf\xe9\n', 'latin1'),
    _headers: Buffer.from('\ufeff/*\r\n  X-A: b\r\n', 'utf16le'),
  });
  await server.logged(/_redirects line 1 is skipped: it is not UTF-8/);
  await server.logged(/_headers is ignored: it is UTF-16; save it as UTF-8/);
  assert.equal(await outcome(server, '/a'), '301 /b');
});

test('rules that cannot be reached are told, so that nobody waits for their headers in vain', async (t) => {
  const base = makeFolder({ 'shared/_headers': '/*\n  X-A: b\n', 'site/page.html': 'page' });
  const root = join(base, 'site');
  addTo(root, { _headers: { link: '../shared/_headers' }, '_redirects/a.txt': 'a' });
  const server = await startForTest(t, { root });
  await server.logged(/_headers is ignored: it is a link out of the root/);
  await server.logged(/_redirects is ignored: it is a folder/);
  assert.equal((await request(server, '/page.html')).header('x-a'), undefined);
  rmSync(join(root, '_headers'));
  addTo(root, { 'headers.txt': '/*\n  X-A: c\n', _headers: { link: 'headers.txt' } });
  await eventually(
    NOTICED_WITHIN_MS,
    () => request(server, '/page.html'),
    ({ header }) => header('x-a') === 'c',
  );
});

test('a single file has no rules, even by that name', async (t) => {
  const root = makeFolder({ _headers: '/*\n  X-A: b\n' });
  const server = await startForTest(t, { root: join(root, '_headers') });
  assert.equal((await request(server, '/')).text, '/*\n  X-A: b\n');
});
