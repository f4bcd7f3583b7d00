import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HttpError } from '../http/errors.ts';
import type { Plan, RequestFacts } from '../http/types.ts';
import { bodyOf, headerOf, MemorySource, staticOptions } from './fixtures.ts';
import { createStaticStage, type StaticOptions } from './handler.ts';

const options = staticOptions;
/** Every content is opened for its answer. */
const noMemory = { ...options, cacheBytes: 0 };

const files = {
  'index.html': 'root',
  'a.txt': '0123456789',
  'empty.txt': '',
  'sp ace/ü.txt': 'name',
  'docs/index.html': 'docs',
  'bare/b.txt': 'b',
};

type Answer = Plan & { readonly text: string };

/** Sends one request and reads the whole answer, closing what the plan owns. */
async function ask(
  stage: ReturnType<typeof createStaticStage>,
  target: string,
  { method = 'GET', headers = {} }: Partial<Pick<RequestFacts, 'method' | 'headers'>> = {},
): Promise<Answer> {
  const [path = '', ...rest] = target.split('?');
  const query = rest.length > 0 ? `?${rest.join('?')}` : '';
  const plan = await stage({ method, target, path, query, headers, client: '127.0.0.1' });
  const text = method === 'HEAD' ? '' : (await bodyOf(plan)).toString('latin1');
  if (plan.body.kind === 'source') await plan.body.source.close();
  return { ...plan, text };
}

function serve(changed: Partial<StaticOptions> = {}, more: Readonly<Record<string, string>> = {}) {
  const source = new MemorySource({ ...files, ...more });
  return { source, stage: createStaticStage(source, { ...options, ...changed }) };
}

describe('targets', () => {
  const cases: readonly (readonly [name: string, target: string, status: number, text: string])[] = [
    ['the root', '/', 200, 'root'],
    ['a file', '/a.txt', 200, '0123456789'],
    ['an empty file', '/empty.txt', 200, ''],
    ['an encoded name', '/sp%20ace/%C3%BC.txt', 200, 'name'],
    ['repeated slashes', '//docs///', 200, 'docs'],
    ['a query means nothing to a file', '/a.txt?b=/../c', 200, '0123456789'],
    ['the index of a folder', '/docs/', 200, 'docs'],
    ['a folder without an index', '/bare/', 404, '404 Not Found\n'],
    ['nothing', '/nothing', 404, '404 Not Found\n'],
    ['a file with a slash', '/a.txt/', 404, '404 Not Found\n'],
    ['a way out', '/../a.txt', 400, '400 Bad Request\n'],
    ['an encoded way out', '/%2e%2e/a.txt', 400, '400 Bad Request\n'],
    ['an encoded slash', '/docs%2findex.html', 400, '400 Bad Request\n'],
  ];
  for (const [name, target, status, text] of cases) {
    test(`${name}: ${target}`, async () => {
      for (const cacheBytes of [options.cacheBytes, 0]) {
        const { source, stage } = serve({ cacheBytes });
        // The second time some of it comes from memory.
        for (const answer of [await ask(stage, target), await ask(stage, target)]) {
          assert.equal(answer.status, status);
          assert.equal(answer.text, text);
          assert.equal(headerOf(answer.headers, 'content-length'), String(text.length));
        }
        source.assertClosed();
      }
    });
  }

  test('a bad path does not reach the source', async () => {
    const { source, stage } = serve();
    await ask(stage, '/%00');
    assert.deepEqual(source.looks, []);
  });

  const redirects: readonly (readonly [name: string, target: string, location: string])[] = [
    ['a folder', '/docs', 'docs/'],
    ['a folder without an index', '/bare', 'bare/'],
    ['the query stays', '/docs?a=1&b=%2F?', 'docs/?a=1&b=%2F?'],
    ['an empty query stays', '/docs?', 'docs/?'],
    ['the name is encoded again', '/sp%20%61ce', 'sp%20ace/'],
    ['never to another host', '//docs', 'docs/'],
  ];
  for (const [name, target, location] of redirects) {
    test(`to its slash, ${name}: ${target}`, async () => {
      const answer = await ask(serve().stage, target);
      assert.equal(answer.status, 301);
      assert.equal(headerOf(answer.headers, 'location'), location);
      assert.equal(headerOf(answer.headers, 'cache-control'), 'no-cache');
      assert.equal(answer.body.kind, 'none');
    });
  }
});

describe('methods', () => {
  test('HEAD has the fields of GET', async () => {
    for (const cacheBytes of [options.cacheBytes, 0]) {
      const { source, stage } = serve({ cacheBytes });
      const [get, head] = [await ask(stage, '/a.txt'), await ask(stage, '/a.txt', { method: 'HEAD' })];
      assert.deepEqual(head.headers, get.headers);
      assert.equal(head.status, 200);
      source.assertClosed();
    }
  });

  test('OPTIONS says what is allowed, of any target', async () => {
    for (const target of ['/a.txt', '/nothing', '*']) {
      const answer = await ask(serve().stage, target, { method: 'OPTIONS' });
      assert.equal(answer.status, 204);
      assert.deepEqual(answer.headers, ['Allow', 'GET, HEAD, OPTIONS']);
    }
  });

  for (const method of ['POST', 'PUT', 'DELETE', 'TRACE', 'get', 'BREW']) {
    test(`${method} is refused with what is allowed, without a look`, async () => {
      const { source, stage } = serve();
      await assert.rejects(
        ask(stage, '/a.txt', { method }),
        (error) =>
          error instanceof HttpError &&
          error.code === 'method_not_allowed' &&
          error.headers.join() === 'Allow,GET, HEAD, OPTIONS',
      );
      assert.deepEqual(source.looks, []);
    });
  }
});

describe('nothing there', () => {
  const page = { '404.html': 'sorry' };
  for (const [where, cacheBytes] of [
    ['from memory', options.cacheBytes],
    ['opened for the answer', 0],
  ] as const) {
    test(`the 404 page, ${where}: whole, whatever is asked about what is not there`, async () => {
      const { source, stage } = serve({ cacheBytes }, page);
      const headers = { range: 'bytes=0-1', 'if-none-match': '*', 'if-match': '"x"' };
      for (const answer of [await ask(stage, '/nothing'), await ask(stage, '/nothing', { headers })]) {
        assert.equal(answer.status, 404);
        assert.equal(answer.text, 'sorry');
        assert.deepEqual(answer.headers.toSorted(), [
          '5',
          'Cache-Control',
          'Content-Length',
          'Content-Type',
          'no-store',
          'text/html; charset=utf-8',
        ]);
      }
      source.assertClosed();
    });
  }

  test('an empty 404 page', async () => {
    for (const cacheBytes of [options.cacheBytes, 0]) {
      const { source, stage } = serve({ cacheBytes }, { '404.html': '' });
      const answer = await ask(stage, '/nothing');
      assert.deepEqual([answer.status, answer.text], [404, '']);
      source.assertClosed();
    }
  });

  test('the 404 page by its own name is a file like any other', async () => {
    assert.equal((await ask(serve({}, page).stage, '/404.html')).status, 200);
  });

  test('a 404 page that goes between look-up and answer', async () => {
    const { source, stage } = serve({ cacheBytes: 0 }, page);
    await ask(stage, '/nothing');
    source.remove('404.html');
    const answer = await ask(stage, '/nothing');
    assert.deepEqual([answer.status, answer.text], [404, '404 Not Found\n']);
  });

  const NAVIGATION = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  const IMAGE = 'image/avif,image/webp,*/*;q=0.8';
  const spa: readonly (readonly [
    name: string,
    target: string,
    accept: string | undefined,
    status: number,
    text: string,
  ])[] = [
    ['a route', '/users/1', undefined, 200, 'root'],
    ['a route with a slash', '/users/1/', undefined, 200, 'root'],
    ['a folder without an index', '/bare/', undefined, 200, 'root'],
    ['a dot in a folder above', '/v1.2/users', undefined, 200, 'root'],
    ['a route with a dot', '/items/1.1', NAVIGATION, 200, 'root'],
    ['a route with an address', '/users/a@b.com', NAVIGATION, 200, 'root'],
    ['a route with a dot and a slash', '/items/1.1/', NAVIGATION, 200, 'root'],
    ['a script that is not there', '/app.js', '*/*', 404, 'sorry'],
    ['a file that is not there', '/app.js', undefined, 404, 'sorry'],
    ['an image that is not there', '/logo.png', IMAGE, 404, 'sorry'],
    ['an image without a dot', '/avatars/1', IMAGE, 404, 'sorry'],
    ['a call of an API', '/api/users', 'application/json', 404, 'sorry'],
    ['a file that is there', '/a.txt', NAVIGATION, 200, '0123456789'],
  ];
  for (const [name, target, accept, status, text] of spa) {
    test(`single page, ${name}: ${target}`, async () => {
      const answer = await ask(serve({ spa: true }, page).stage, target, { headers: { accept } });
      assert.deepEqual([answer.status, answer.text], [status, text]);
      const shell = text === 'root';
      assert.equal(headerOf(answer.headers, 'vary'), shell ? 'Accept' : undefined, 'caches keep them apart');
    });
  }

  test('single page: preconditions and HEAD are about the page', async () => {
    const { stage } = serve({ spa: true });
    const etag = headerOf((await ask(stage, '/route')).headers, 'etag');
    assert.ok(etag);
    const again = await ask(stage, '/other', { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304);
    assert.equal((await ask(stage, '/route', { method: 'HEAD' })).status, 200);
  });

  test('single page without its page', async () => {
    const source = new MemorySource(page);
    const answer = await ask(createStaticStage(source, { ...options, spa: true }), '/route');
    assert.deepEqual([answer.status, answer.text], [404, 'sorry']);
  });
});

describe('listing', () => {
  test('of a folder without an index', async () => {
    const answer = await ask(serve({ listing: true }).stage, '/bare/');
    assert.equal(answer.status, 200);
    assert.equal(headerOf(answer.headers, 'content-type'), 'text/html; charset=utf-8');
    assert.equal(headerOf(answer.headers, 'content-length'), String(answer.text.length));
    assert.match(answer.text, /href="\.\/b\.txt"/);
  });

  test('not of one with an index, not without its slash', async () => {
    const { stage } = serve({ listing: true });
    assert.equal((await ask(stage, '/docs/')).text, 'docs');
    assert.equal((await ask(stage, '/bare')).status, 301);
  });

  test('not of names that no path can ask for', async () => {
    const answer = await ask(serve({ listing: true }, { 'bare/a\\c.txt': 'x' }).stage, '/bare/');
    assert.match(answer.text, /b\.txt/);
    assert.doesNotMatch(answer.text, /c\.txt/);
  });

  test('goes before the single page', async () => {
    const answer = await ask(serve({ listing: true, spa: true }).stage, '/bare/');
    assert.match(answer.text, /b\.txt/);
  });
});

describe('negotiation', () => {
  const coded = { 'a.txt.br': 'BR', 'a.txt.gz': 'GZIP' };
  const cases: readonly (readonly [name: string, accepted: string | undefined, text: string])[] = [
    ['nothing said', undefined, '0123456789'],
    ['the server prefers br', 'gzip, br', 'BR'],
    ['gzip alone', 'gzip', 'GZIP'],
    ['br refused', 'br;q=0, gzip', 'GZIP'],
    ['a coding that is not there', 'zstd', '0123456789'],
  ];
  for (const [name, accepted, text] of cases) {
    test(name, async () => {
      for (const cacheBytes of [options.cacheBytes, 0]) {
        const { source, stage } = serve({ cacheBytes }, coded);
        const answer = await ask(stage, '/a.txt', { headers: { 'accept-encoding': accepted } });
        assert.equal(answer.text, text);
        assert.equal(headerOf(answer.headers, 'vary'), 'Accept-Encoding');
        assert.equal(headerOf(answer.headers, 'content-length'), String(text.length));
        source.assertClosed();
      }
    });
  }
});

describe('ranges', () => {
  for (const [name, range, text] of [
    ['one', 'bytes=2-4', '234'],
    ['a suffix', 'bytes=-2', '89'],
  ] as const) {
    test(`${name}, from memory and from the file`, async () => {
      for (const cacheBytes of [options.cacheBytes, 0]) {
        const { source, stage } = serve({ cacheBytes });
        const answer = await ask(stage, '/a.txt', { headers: { range } });
        assert.deepEqual([answer.status, answer.text], [206, text]);
        source.assertClosed();
      }
    });
  }

  test('several, the same bytes from memory and from the file', async () => {
    const headers = { range: 'bytes=0-1,5-8' };
    const [kept, opened] = [
      await ask(serve().stage, '/a.txt', { headers }),
      await ask(serve(noMemory).stage, '/a.txt', { headers }),
    ];
    assert.equal(kept.status, 206);
    assert.deepEqual(kept.headers, opened.headers);
    assert.equal(kept.text, opened.text);
  });
});

describe('memory', () => {
  test('a known path is answered at once, without a promise and without a look', async () => {
    const { source, stage } = serve();
    await ask(stage, '/a.txt');
    source.looks.length = 0;
    const facts = { target: '/a.txt', path: '/a.txt', query: '', headers: {}, client: '' };
    for (const method of ['GET', 'HEAD']) assert.ok(!(stage({ ...facts, method }) instanceof Promise));
    assert.deepEqual(source.looks, []);
  });

  test('an error of the source is the answer of its request only', async () => {
    const { source, stage } = serve();
    source.failOpen('a.txt', new HttpError('forbidden'));
    await assert.rejects(ask(stage, '/a.txt'), { code: 'forbidden' });
    source.failOpen('a.txt');
    assert.equal((await ask(stage, '/a.txt')).status, 200);
  });
});
