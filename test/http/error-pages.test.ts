/** Errors as a person sees them, and as programs do. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { connect, type RequestOptions, request } from '../support/raw.ts';
import { cannotBeNobody, NOBODY, startForTest } from '../support/target.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

async function bothOf(address: { port: number }, path: string, options: RequestOptions = {}) {
  const as = (accept: string) =>
    request(address, path, { ...options, headers: { ...options.headers, Accept: accept } });
  return { page: await as(BROWSER), line: await as('*/*') };
}

describe('an error', () => {
  const cases: readonly (readonly [status: number, path: string, options: RequestOptions])[] = [
    [404, '/nothing/%3Cscript%3Ealert(1)%3C/script%3E', {}],
    [404, '/nothing', { method: 'HEAD' }],
    [400, '/a%00b', {}],
    [405, '/', { method: 'DELETE' }],
    [412, '/index.html', { headers: { 'If-Match': '"x"' } }],
    [413, '/', { method: 'POST', headers: { 'Content-Length': '99999999' } }],
    [416, '/index.html', { headers: { Range: 'bytes=99-' } }],
  ];
  test('is a page for who prefers HTML', async (t) => {
    const server = await startForTest(t, {
      root: makeFolder({ 'index.html': 'x' }),
      args: ['--header', 'X-A: b'],
    });
    for (const [status, path, options] of cases) {
      const { page, line } = await bothOf(server, path, options);
      const what = `${options.method} ${path}`;
      assert.deepEqual([page.status, line.status], [status, status], what);
      assert.equal(page.header('content-type'), 'text/html; charset=utf-8', what);
      assert.equal(line.header('content-type'), 'text/plain; charset=utf-8', what);
      assert.equal(page.header('cache-control'), 'no-store');
      assert.equal(page.header('x-a'), 'b');
      for (const name of ['allow', 'content-range', 'connection'])
        assert.equal(page.header(name), line.header(name), `${name} of ${what}`);
      assert.match(page.header('content-security-policy') ?? '', /^default-src 'none'/);
      assert.equal(line.header('content-security-policy'), undefined);
      if (options.method === 'HEAD') continue;
      assert.match(page.text, new RegExp(`<title>${status} `), what);
      assert.ok(page.body.length < 1500, `${page.body.length} bytes`);
      assert.doesNotMatch(page.text, /script|nothing\//, 'nothing of the request');
      assert.equal(line.text, `${status} ${line.reason}\n`);
    }
  });

  test('is a page where the head was not read to its end', async (t) => {
    const args = ['--max-header-bytes', '4k', '--max-target-bytes', '1k'];
    const server = await startForTest(t, { root: makeFolder({ 'index.html': 'x' }), args });
    const headOf = (target: string, accept: string) =>
      `GET ${target} HTTP/1.1\r\nHost: x\r\nUser-Agent: b\r\n${accept}Accept-Language: de\r\n`;
    const heads: readonly (readonly [status: number, target: string, rest: string])[] = [
      [414, `/${'a'.repeat(3000)}`, '\r\n'],
      [431, '/', `Cookie: ${'a'.repeat(5000)}\r\n\r\n`],
      [431, '/', 'A: b\r\n'.repeat(250)],
      [400, '/', 'no field\r\n\r\n'],
      [505, '/', 'x'],
    ];
    for (const [status, target, rest] of heads) {
      const answerTo = async (accept: string) => {
        const head = headOf(target, accept);
        const client = await connect(server);
        return client.write((status === 505 ? head.replace('HTTP/1.1', 'HTTP/3.0') : head) + rest).response();
      };
      const page = await answerTo(`Accept: ${BROWSER}\r\n`);
      assert.deepEqual([page.status, page.header('content-type')], [status, 'text/html; charset=utf-8']);
      assert.match(page.text, new RegExp(`<title>${status} `));
      assert.match(page.header('content-security-policy') ?? '', /^default-src 'none'/);
      for (const accept of ['Accept: */*\r\n', '', 'X-Accept: text/html\r\n']) {
        const line = await answerTo(accept);
        assert.equal(line.text, `${status} ${line.reason}\n`, accept);
      }
    }
  });

  test('is what --not-found names, where that is', async (t) => {
    const root = makeFolder({ 'index.html': 'x', '404.html': 'mine' });
    const server = await startForTest(t, { root });
    const { page, line } = await bothOf(server, '/nothing');
    assert.deepEqual([page.text, line.text], ['mine', 'mine']);
    assert.match((await bothOf(server, '/', { method: 'PUT' })).page.text, /<title>405 /);
  });

  test('about rights is a page, too', { skip: cannotBeNobody() }, async (t) => {
    const root = makeFolder({ secret: 'x' });
    chmodSync(root, 0o755);
    chmodSync(join(root, 'secret'), 0);
    const server = await startForTest(t, { root, uid: NOBODY });
    const { page, line } = await bothOf(server, '/secret');
    assert.match(page.text, /<title>403 Forbidden<\/title>/);
    assert.equal(line.text, '403 Forbidden\n');
  });

  test('and a listing keep their own policy beside the rules of a site', async (t) => {
    const root = makeFolder({
      _headers: "/*\n  Content-Security-Policy: default-src 'self'\n  X-A: b\n",
      'a.html': 'x',
      'sub/b': 'x',
    });
    const server = await startForTest(t, { root, args: ['--listing', '--base-path', '/app'] });
    const as = (path: string) => request(server, path, { headers: { Accept: BROWSER } });
    const policyOf = async (path: string) => (await as(path)).header('content-security-policy');
    assert.equal(await policyOf('/app/a.html'), "default-src 'self'");
    for (const path of ['/app/', '/app/nothing']) {
      assert.match((await policyOf(path)) ?? '', /^default-src 'none'; style-src 'sha256-[^,]*$/, path);
      assert.equal((await as(path)).header('x-a'), 'b', path);
    }
    assert.match((await as('/app/sub/')).text, /<h1><a href="\.\.\/">\/<\/a><bdi>sub<\/bdi>\/<\/h1>/);
    assert.doesNotMatch((await as('/app/')).text, /href="\.\.\//);
  });
});
