/** The files `_redirects` and `_headers` in the root: the published examples of both providers, and what would abuse them. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { addTo, makeFolder, type Tree } from '../support/folder.ts';
import { eventually, type Response, request } from '../support/raw.ts';
import { engineBetween, type Server, startForTest, without } from '../support/target.ts';

/** The promise is one second; the rest is for a busy machine. */
const NOTICED_WITHIN_MS = 2000;

const site: Tree = {
  'index.html': 'index',
  'page.html': 'page',
  'old.html': 'old',
  '404.html': 'nothing',
  'en/404.html': 'nothing in English',
  'docs/index.html': 'docs',
  'app/index.html': 'app',
  'app/main.js': 'script',
  'logo.png': 'logo',
  'empty/a.txt': 'a',
  '.well-known/x.txt': 'known',
};

function serve(t: TestContext, rules: Tree, args: readonly string[] = []): Promise<Server> {
  return startForTest(t, { root: makeFolder({ ...site, ...rules }), args });
}

/** What a browser would ask for next: the path of the site, or the URL of another host. */
function resolved(response: Response, path: string): string {
  const url = new URL(response.header('location') ?? '', `http://site.test${path}`);
  return url.href.replace(/^http:\/\/site\.test/, '');
}

/** `301 /b` for a redirect, else status and text. */
async function outcome(server: Server, path: string): Promise<string> {
  const response = await request(server, path);
  if (response.header('location') !== undefined) return `${response.status} ${resolved(response, path)}`;
  return `${response.status} ${response.text.trim()}`;
}

const NOTHING = '404 nothing';

type Case = readonly [path: string, outcome: string];

interface Example {
  readonly name: string;
  readonly rules: string;
  readonly cases: readonly Case[];
  readonly args?: readonly string[];
}

/** The default status is 301, where Cloudflare has 302; files win, where Cloudflare lets rules win. */
const published: readonly Example[] = [
  {
    name: 'Cloudflare, a complete example',
    rules: `/home301 / 301
/home302 / 302
/querystrings /?query=string 301
/twitch https://twitch.tv
/trailing /trailing/ 301
/notrailing/ /nottrailing 301
/page/ /page2/#fragment 301
/blog/* https://blog.my.domain/:splat
/products/:code/:name /products?code=:code&name=:name
`,
    cases: [
      ['/home301', '301 /'],
      ['/home302', '302 /'],
      ['/querystrings', '301 /?query=string'],
      ['/querystrings?a=1', '301 /?query=string'],
      ['/twitch', '301 https://twitch.tv/'],
      ['/trailing', '301 /trailing/'],
      ['/trailing/', NOTHING],
      ['/notrailing/', '301 /nottrailing'],
      ['/page/', '301 /page2/#fragment'],
      ['/blog/a/b?c=d', '301 https://blog.my.domain/a/b?c=d'],
      ['/products/12/hat', '301 /products?code=12&name=hat'],
      ['/products/1%262/a%20b', '301 /products?code=1%262&name=a%20b'],
    ],
  },
  {
    name: 'Cloudflare, rewrites of its own paths',
    rules: '/blog/* /docs/:splat 200\n/home /page 200\n',
    cases: [
      ['/blog/', '200 docs'],
      ['/blog/index.html', '200 docs'],
      ['/blog/nothing', NOTHING],
      ['/home', '200 page'],
    ],
  },
  {
    name: 'Cloudflare, a placeholder',
    rules: '/movies/:title /media/:title\n',
    cases: [
      ['/movies/inception', '301 /media/inception'],
      ['/movies/', NOTHING],
      ['/movies/a/b', NOTHING],
    ],
  },
  {
    name: 'Netlify, the syntax of the file',
    rules: `# Redirects from what the browser requests to what we serve
/home              /
/blog/my-post.php  /blog/my-post
/news              /blog
/cuties            https://www.petsofnetlify.com
/authors/c%C3%A9line   /authors/about-c%C3%A9line
`,
    cases: [
      ['/home', '301 /'],
      ['/blog/my-post.php', '301 /blog/my-post'],
      ['/news', '301 /blog'],
      ['/news/', '301 /blog'],
      ['/cuties', '301 https://www.petsofnetlify.com/'],
      ['/authors/c%C3%A9line', '301 /authors/about-c%C3%A9line'],
      ['/authors/c%c3%a9line', '301 /authors/about-c%C3%A9line'],
    ],
  },
  {
    name: 'Netlify, status codes',
    rules: `/home         /              301
/my-redirect  /              302
/pass-through /docs/         200
/ecommerce    /page.html     404
`,
    cases: [
      ['/home', '301 /'],
      ['/my-redirect', '302 /'],
      ['/pass-through', '200 docs'],
      ['/ecommerce', '404 page'],
    ],
  },
  {
    name: 'Netlify, splats and placeholders',
    rules: `/news/:month/:date/:year/:slug  /blog/:year/:month/:date/:slug
/news/*  /blog/:splat
`,
    cases: [
      ['/news/02/12/2004/my-story', '301 /blog/2004/02/12/my-story'],
      ['/news/2004/01/10/my-story/more', '301 /blog/2004/01/10/my-story/more'],
      ['/news', '301 /blog/'],
    ],
  },
  {
    name: 'Netlify, query parameters',
    rules: `/store id=:id  /blog/:id  301
/articles id=:id tag=:tag /posts/:tag/:id 301
/articles id=:id /posts/:id 301
/articles /posts 301
/path/* param1=:value1 /otherpath/:value1/:splat 301
/path/* /otherpath/:splat 301
`,
    cases: [
      ['/store?id=my-blog-post', '301 /blog/my-blog-post?id=my-blog-post'],
      ['/store', NOTHING],
      ['/articles?id=1&tag=a', '301 /posts/a/1?id=1&tag=a'],
      ['/articles?id=1', '301 /posts/1?id=1'],
      ['/articles', '301 /posts'],
      ['/path/x?param1=v', '301 /otherpath/v/x?param1=v'],
      ['/path/x', '301 /otherpath/x'],
    ],
  },
  {
    name: 'Netlify, a single-page application',
    rules: '/*  /index.html  200\n',
    cases: [
      ['/any/route', '200 index'],
      ['/logo.png', '200 logo'],
      ['/docs/', '200 docs'],
      ['/empty/', '200 index'],
      ['/empty', '200 index'],
      ['/docs', '301 /docs/'],
    ],
  },
  {
    name: 'Netlify, shadowing',
    rules: '/app/*  /app/index.html  200!\n/old.html /page.html 301!\n/logo.png /page.html\n',
    cases: [
      ['/app/main.js', '200 app'],
      ['/app/', '200 app'],
      ['/old.html', '301 /page.html'],
      ['/logo.png', '200 logo'],
    ],
  },
  {
    name: 'Netlify, custom 404 pages',
    rules: '/en/*  /en/404.html  404\n',
    cases: [
      ['/en/x', '404 nothing in English'],
      ['/x', NOTHING],
    ],
  },
  {
    name: 'Netlify, a rule without a target keeps later ones away',
    rules: '/api/* 200\n/* /index.html 200\n',
    cases: [
      ['/api/x', NOTHING],
      ['/x', '200 index'],
    ],
  },
  {
    name: 'GitLab, a placeholder in the middle of a target',
    rules: '/news/:year/:month/:date /blog-:year-:month-:date.html\n',
    cases: [['/news/2021/08/12', '301 /blog-2021-08-12.html']],
  },
];

for (const { name, rules, cases, args } of published) {
  test(`published: ${name}`, async (t) => {
    const server = await serve(t, { _redirects: rules }, args);
    for (const [path, expected] of cases) assert.equal(await outcome(server, path), expected, path);
    assert.ok(!server.stdout.all.some((line) => line.includes('skipped')), 'no line is skipped');
  });
}

/** From trackers: of wrangler, netlify-cli, serve, http-server, superstatic, sizzy. */
const reported: readonly Example[] = [
  {
    name: 'an open redirect by a splat',
    rules: '/r/* /:splat\n/u id=:id /:id\n',
    cases: [
      ['/r//evil.test/', '301 /evil.test/'],
      ['/r///evil.test', '301 /evil.test'],
      ['/r/%2Fevil.test/', '400 400 Bad Request'],
      ['/r/%5Cevil.test', '400 400 Bad Request'],
      ['/r/..%2f..%2fevil.test', '400 400 Bad Request'],
      ['/r/https://evil.test', '301 /https:/evil.test'],
      ['/r/javascript:alert(1)', '301 /javascript:alert(1)'],
      ['/u?id=//evil.test', '301 /evil.test?id=//evil.test'],
      ['/u?id=..%2F..%2Fx', NOTHING],
      ['/u?id=a%0d%0aSet-Cookie:%20x', NOTHING],
      ['/u?id=%5C%5Cevil.test', NOTHING],
    ],
  },
  {
    name: 'circles, and redirects without an end',
    rules: `/loop /loop
/a /b
/b /a
/x/* /y/:splat
/y/* /x/:splat
/l/* /l/m/:splat
/self/ /self
/page.html /page.html 301!
/q /q?x=1
`,
    cases: [
      ['/loop', NOTHING],
      ['/a', NOTHING],
      ['/b', NOTHING],
      ['/x/1', NOTHING],
      ['/l/1', NOTHING],
      ['/self/', '301 /self'],
      ['/self', NOTHING],
      ['/page.html', '200 page'],
      ['/q', '301 /q?x=1'],
      ['/q?x=1', NOTHING],
      ['/q?y=1', '301 /q?x=1'],
    ],
  },
  {
    name: 'a rule for everything that leads into a folder',
    rules: '/* /docs/:splat 302\n',
    cases: [
      ['/index.htm', NOTHING],
      ['/x', NOTHING],
      ['/', '200 index'],
    ],
  },
  {
    name: '/ to its index (taken for a circle by wrangler)',
    rules: '/ /index.html 200\n/* /index.html 200\n',
    cases: [
      ['/', '200 index'],
      ['/x', '200 index'],
    ],
  },
  {
    name: 'encoded paths, in any spelling',
    rules: '/caf%C3%A9 /c1\n/thé /c2\n/%61b /c3\n/a%20b/* /c4/:splat\n/范.txt /é\n',
    cases: [
      ['/caf%C3%A9', '301 /c1'],
      ['/caf%c3%a9', '301 /c1'],
      ['/th%C3%A9', '301 /c2'],
      ['/ab', '301 /c3'],
      ['/a%20b/%E8%8C%83', '301 /c4/%E8%8C%83'],
      ['/%61%20b/x%3Fy%23z', '301 /c4/x%3Fy%23z'],
      ['/%E8%8C%83.txt', '301 /%C3%A9'],
    ],
  },
  {
    name: 'characters that browsers do not agree about',
    rules: '/s/* /t/:splat\n',
    cases: [
      ['/s/a%5Eb%7Bc%7D%7C%3C%60', '301 /t/a%5Eb%7Bc%7D%7C%3C%60'],
      ['/s/%25zz', '301 /t/%25zz'],
      ['/s/a+b', '301 /t/a+b'],
    ],
  },
  {
    name: 'the query, kept or replaced',
    rules: '/a /b\n/c /d?e=f\n/g /h#i\n',
    cases: [
      ['/a?x=1&y', '301 /b?x=1&y'],
      ['/c?x=1', '301 /d?e=f'],
      ['/g?x=1', '301 /h?x=1#i'],
    ],
  },
  {
    name: 'case, dots and hidden files',
    rules: '/About /x\n/.git/* /x\n/s /.well-known/x.txt 200\n/t /.env 200\n/v /../../etc/passwd 200\n',
    cases: [
      ['/about', NOTHING],
      ['/About', '301 /x'],
      ['/.git/config', '301 /x'],
      ['/s', '200 known'],
      ['/t', NOTHING],
      ['/v', NOTHING],
    ],
  },
  {
    name: 'a rewrite is one hop, without a second rule',
    rules: '/a /b 200\n/b /page.html 200\n/c /missing 200\n/d /docs 200\n',
    cases: [
      ['/a', NOTHING],
      ['/b', '200 page'],
      ['/c', NOTHING],
      ['/d', '200 docs'],
    ],
  },
  {
    name: 'the first rule that matches decides',
    rules: '/open/* /index.html 200\n/* /page.html 302!\n',
    cases: [
      ['/open/x', '200 index'],
      ['/logo.png', '302 /page.html'],
      ['/page.html', '200 page'],
    ],
  },
  {
    name: 'with a listing a folder is something to show',
    args: ['--listing'],
    rules: '/empty /page.html\n/* /index.html 200\n',
    cases: [
      ['/empty', '301 /empty/'],
      ['/x', '200 index'],
    ],
  },
  {
    name: 'before the page of --spa',
    args: ['--spa'],
    rules: '/old/* /new/:splat\n',
    cases: [
      ['/old/x', '301 /new/x'],
      ['/x', '200 index'],
    ],
  },
  {
    name: '--no-rules: files like any other',
    args: ['--no-rules'],
    rules: '/a /b\n',
    cases: [
      ['/a', NOTHING],
      ['/_redirects', '200 /a /b'],
    ],
  },
];

for (const { name, rules, cases, args } of reported) {
  test(`reported: ${name}`, async (t) => {
    const server = await serve(t, { _redirects: rules }, args);
    for (const [path, expected] of cases) assert.equal(await outcome(server, path), expected, path);
  });
}

test('only GET and HEAD; a redirect has no content', async (t) => {
  const server = await serve(t, { _redirects: '/a /b 308\n' });
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
    const server = await serve(t, files);
    const header = async (path: string, name: string) => (await request(server, path)).header(name);
    assert.equal(await header('/templates/index.html', 'x-frame-options'), 'DENY');
    assert.equal(await header('/templates/', 'x-frame-options'), undefined);
    assert.equal(await header('/page.html', 'cache-control'), 'max-age=0, no-cache');
    assert.equal(await header('/static/a.txt', 'x-robots-tag'), 'nosnippet');
    assert.equal(await header('/static/a.txt', 'access-control-allow-origin'), '*');
    assert.equal(await header('/static/open.txt', 'access-control-allow-origin'), undefined);
    assert.equal(await header('/movies/a%20b.txt', 'x-movie-name'), 'You are watching "a%20b.txt"');
    assert.equal(await header('/apple-app-site-association', 'content-type'), 'application/json');
  });

  test('on which responses: content has all, others do without what describes content', async (t) => {
    const rules =
      '/*\n  X-A: b\n  Cache-Control: max-age=9\n  Content-Type: text/x-own\n  ! Referrer-Policy\n';
    const server = await serve(t, { _headers: rules, _redirects: '/go /page.html 302\n' });
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
    const server = await serve(t, { _headers: rules, 'logo.png.gz': 'zip' }, args);
    const { header, fields } = await request(server, '/logo.png');
    assert.equal(header('referrer-policy'), 'no-referrer');
    assert.equal(header('x-b'), 'file');
    assert.deepEqual(
      fields.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
      ['a=1', 'b=2'],
    );
    assert.equal(header('vary'), 'Accept-Encoding, Cookie');
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
    const server = await serve(t, {
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
    const server = await serve(t, {
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
  const server = await serve(t, {
    _redirects: Buffer.alloc(1024 * 1024 + 1, '/a /b\n'),
    _headers: Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 256)),
  });
  await server.logged(/_redirects is ignored: it has more than 1048576 bytes/);
  await server.logged(/_headers: \d+ more lines are skipped|_headers line/);
  assert.equal(await outcome(server, '/a'), NOTHING);
});

test('a single file has no rules, even by that name', async (t) => {
  const root = makeFolder({ _headers: '/*\n  X-A: b\n' });
  const server = await startForTest(t, { root: join(root, '_headers') });
  assert.equal((await request(server, '/')).text, '/*\n  X-A: b\n');
});
