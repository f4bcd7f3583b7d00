/** `_redirects`: the published examples of its providers, and what trackers report of servers that have it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING, outcome, serveSite } from '../support/site.ts';

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
    const server = await serveSite(t, { _redirects: rules }, args);
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
    name: 'hosts with an underscore, as buckets of S3 have it',
    rules: '/files/* https://my_bucket.s3.amazonaws.com/:splat\n/_h https://_h.test:8443\n',
    cases: [
      ['/files/a.zip', '301 https://my_bucket.s3.amazonaws.com/a.zip'],
      ['/_h', '301 https://_h.test:8443/'],
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
    const server = await serveSite(t, { _redirects: rules }, args);
    for (const [path, expected] of cases) assert.equal(await outcome(server, path), expected, path);
  });
}
