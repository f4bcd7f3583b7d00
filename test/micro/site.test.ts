/** mote-micro, profile `site`: a folder, and the command that makes a program of it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { makeFolder, pattern, type Tree } from '../support/folder.ts';
import {
  arch,
  cannotRunMicro,
  freePort,
  isEmulated,
  type Micro,
  program,
  siteProgram,
  startMicro,
} from '../support/micro.ts';
import { connect, request, requestText } from '../support/raw.ts';

const script = fileURLToPath(new URL('../../scripts/micro/micro.ts', import.meta.url));
const page = (title: string, paragraphs = 60) =>
  `<!doctype html><title>${title}</title>${Array.from({ length: paragraphs }, (_, index) => `<p>${title} ${index}</p>`).join('\n')}`;

const CSS = 'body { margin: 0 }\n'.repeat(20);
/** Does not pack. */
const LOGO = createHash('shake256', { outputLength: 700 }).digest();
const MISSING = page('not here');
/** Path, content, type; whether it packs. */
const files: readonly (readonly [path: string, content: string | Buffer, type: string, packs: boolean])[] = [
  ['index.html', page('home'), 'text/html;charset=utf-8', true],
  ['about.html', page('about', 90), 'text/html;charset=utf-8', true],
  ['docs/index.html', page('docs', 40), 'text/html;charset=utf-8', true],
  ['docs/deep/er/index.html', page('deep'), 'text/html;charset=utf-8', true],
  ['docs/deep/notes.txt', 'short', 'text/plain;charset=utf-8', false],
  ['assets/site.css', CSS, 'text/css;charset=utf-8', true],
  ['assets/app.3f2a9b1c.js', 'export {};', 'text/javascript;charset=utf-8', false],
  ['assets/logo.png', LOGO, 'image/png', false],
  ['assets/empty.svg', '', 'image/svg+xml', false],
  ['assets/photo (1).jpg', Buffer.from([0xff, 0xd8, 0, 1, 2]), 'image/jpeg', false],
  ['assets/photo (2).jpg', Buffer.from([0xff, 0xd8, 3, 4, 5]), 'image/jpeg', false],
  ['no-extension', 'x', 'application/octet-stream', false],
  ['über/ä b.html', page('umlauts'), 'text/html;charset=utf-8', true],
  ['.well-known/security.txt', 'Contact: mailto:a@b.example', 'text/plain;charset=utf-8', false],
];
const tree: Tree = {
  ...Object.fromEntries(files.map(([path, content]) => [path, content])),
  '404.html': MISSING,
  'nothing/here.txt': 'a folder without an index',
  '.env': 'secret',
  'docs/.git/config': 'secret',
  out: { link: '/etc/passwd' },
  'linked.html': { link: 'about.html' },
};

function micro(...args: string[]) {
  return spawnSync(process.execPath, [script, '--arch', arch, ...args], { encoding: 'utf8' });
}

const encoded = (path: string) => `/${encodeURI(path)}`;

describe('a real site', { skip: cannotRunMicro }, () => {
  const ends: (() => void)[] = [];
  let server: Micro;
  let result: ReturnType<typeof micro>;
  before(async () => {
    const [root, out] = [makeFolder(tree), join(makeFolder(), 'site')];
    result = micro(root, '-o', out);
    const owner = { after: (end: () => void) => ends.push(end) };
    server = await startMicro(owner as never, out, { port: await freePort() });
  });
  after(() => {
    for (const end of ends) end();
  });

  test('the command says what was left out, and how large the rest is', () => {
    assert.match(result.stdout, /site: \d+ bytes, \d+ of them not the files\n$/);
    const leftOut = result.stderr.trimEnd().split('\n');
    assert.deepEqual(
      leftOut.map((line) => line.split(': ').slice(0, 3).join(': ')),
      ['.env', 'docs/.git', 'out'].map((path) => `micro: left out: ${path}`),
    );
  });

  for (const [path, content, type, packs] of files) {
    test(`${path}: whole, as gzip, its head, and 304`, async () => {
      const plain = await request(server, encoded(path));
      assert.equal(plain.status, 200);
      assert.ok(plain.body.equals(Buffer.from(content)));
      assert.equal(plain.header('content-type'), type);
      assert.equal(plain.header('vary'), packs ? 'Accept-Encoding' : undefined);
      const gzip = { 'Accept-Encoding': 'gzip' };
      const packed = await request(server, encoded(path), { headers: gzip });
      assert.equal(packed.header('content-encoding'), packs ? 'gzip' : undefined);
      assert.ok((packs ? gunzipSync(packed.body) : packed.body).equals(Buffer.from(content)));
      for (const [headers, whole] of [
        [{}, plain],
        [gzip, packed],
      ] as const) {
        const head = await request(server, encoded(path), { method: 'HEAD', headers });
        assert.equal(head.head, whole.head);
        const tag = plain.header('etag') ?? '';
        const same = await request(server, encoded(path), { headers: { ...headers, 'If-None-Match': tag } });
        assert.deepEqual([same.status, same.header('etag')], [304, tag]);
        assert.equal(
          (await request(server, encoded(path), { headers: { 'If-None-Match': '*' } })).status,
          304,
        );
      }
    });
  }

  const elsewhere: readonly (readonly [name: string, target: string, status: number, what: string])[] = [
    ['the root', '/', 200, page('home')],
    ['the root with a query', '/?x=1&y=/about.html', 200, page('home')],
    ['a file with a query', '/about.html?', 200, page('about', 90)],
    ['a folder', '/docs/', 200, page('docs', 40)],
    ['a folder in a folder', '/docs/deep/er/?q', 200, page('deep')],
    ['a link within', '/linked.html', 200, page('about', 90)],
    ['the other spelling of an umlaut', '/%c3%bcber/%C3%A4%20b.html', 404, MISSING],
    ['a folder without its slash', '/docs', 301, ''],
    ['a deep folder without its slash', '/docs/deep/er?q', 301, ''],
    ['a folder without an index', '/nothing/', 404, MISSING],
    ['the same without its slash', '/nothing', 404, MISSING],
    ['another case', '/About.html', 404, MISSING],
    ['a path that begins like a file', '/about.html.bak', 404, MISSING],
    ['a path that ends like a file', '/x/about.html', 404, MISSING],
    ['a slash too many', '//', 404, MISSING],
    ['a file as a folder', '/about.html/', 404, MISSING],
    ['dot segments', '/docs/../about.html', 404, MISSING],
    ['the page for this', '/404.html', 404, MISSING],
    ['a hidden file', '/.env', 404, MISSING],
    ['a hidden folder', '/docs/.git/config', 404, MISSING],
    ['a link that leads out', '/out', 404, MISSING],
    ['no slash at all', 'about.html', 404, MISSING],
    ['an encoded slash', '/docs%2Findex.html', 404, MISSING],
    ['what ends like a name with brackets', '/(1).jpg', 404, MISSING],
  ];
  for (const [name, target, status, body] of elsewhere) {
    test(`${name}: ${status}`, async () => {
      const response = await request(server, target);
      assert.equal(response.status, status);
      assert.equal(response.text, body);
      const head = await request(server, target, { method: 'HEAD' });
      assert.equal(head.head, response.head);
      if (status === 301) assert.equal(response.header('location'), `${target.split('?')[0]}/`);
      assert.equal(response.header('etag') === undefined, status !== 200);
    });
  }

  test('the page for what is missing is packed too, but only for those that take it', async () => {
    const packed = await request(server, '/x', { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(gunzipSync(packed.body).toString(), MISSING);
    for (const value of ['*', '"a"', 'W/"00000000"']) {
      const response = await request(server, '/x', { headers: { 'If-None-Match': value } });
      assert.deepEqual([response.status, response.header('content-encoding')], [404, undefined]);
    }
  });

  test('another method: 405, and the connection goes on', async () => {
    const client = await connect(server);
    await client.get('/docs/');
    client.write(requestText('DELETE', '/about.html'));
    const refused = await client.response();
    assert.deepEqual([refused.status, refused.header('allow'), refused.text], [405, 'GET,HEAD', '']);
    assert.equal((await client.get('/about.html')).text, page('about', 90));
    client.destroy();
  });

  test("another file's tag means nothing", async () => {
    const other = (await request(server, '/about.html')).header('etag') ?? '';
    const response = await request(server, '/', { headers: { 'If-None-Match': other } });
    assert.equal(response.text, page('home'));
  });

  test('what one request says is forgotten in the next one', async () => {
    const client = await connect(server);
    for (const [path, content] of files) {
      const response = await client.get(encoded(path));
      assert.ok(response.body.equals(Buffer.from(content)), path);
      const tag = response.header('etag') ?? '';
      assert.equal((await client.get(encoded(path), { 'If-None-Match': tag })).status, 304);
      await client.get(encoded(path), { 'Accept-Encoding': 'gzip' });
      assert.equal((await client.get('/x')).text, MISSING);
    }
    client.destroy();
  });

  const smuggled: readonly (readonly [field: string, value: string])[] = [
    ['Accept-Encoding', 'gzip,get /about.html '],
    ['If-None-Match', '*get /about.html '],
    ['X-Nul', '\0get /about.html '],
    ['Connection', 'closeget /about.html '],
    ['Referer', 'GET /about.html HTTP/1.1'],
  ];
  for (const [field, value] of smuggled) {
    test(`no path but the first line's counts: ${field}: ${JSON.stringify(value)}`, async () => {
      const client = await connect(server);
      client.write(`GET /docs/ HTTP/1.1\r\n${field}: ${value}\r\n\r\n`);
      const response = await client.response();
      const body = response.header('content-encoding') ? gunzipSync(response.body).toString() : response.text;
      assert.equal(response.header('etag'), (await request(server, '/docs/')).header('etag'));
      assert.equal(body, response.status === 304 ? '' : page('docs', 40));
      client.destroy();
    });
  }

  const malformed: readonly (readonly [bytes: string, status: number])[] = [
    ['GET /\r\n\r\n', 200],
    ['GET \r\n\r\n', 404],
    ['GET  / HTTP/1.1\r\n\r\n', 404],
    ['GET /about.html\t\r\n\r\n', 200],
    ['GET\r\n\r\n', 405],
  ];
  for (const [bytes, status] of malformed) {
    test(`${JSON.stringify(bytes)} ends, with ${status}`, async () => {
      const client = await connect(server);
      client.write(bytes);
      assert.equal((await client.response()).status, status);
      assert.equal((await client.get('/')).text, page('home'));
      client.destroy();
    });
  }

  test('requests split at every position, with other files before and behind', async () => {
    const bytes = requestText('GET', '/docs/deep/er/?q', {
      'If-None-Match': '"a"',
      'Accept-Encoding': 'br, gzip',
    });
    const client = await connect(server);
    for (let at = 1; at < bytes.length; at++) {
      client.write(requestText('HEAD', '/assets/logo.png') + bytes.slice(0, at));
      assert.equal((await client.response('HEAD')).header('content-length'), String(LOGO.length));
      client.write(bytes.slice(at) + requestText('GET', '/docs'));
      assert.equal(gunzipSync((await client.response()).body).toString(), page('deep'));
      assert.equal((await client.response()).status, 301);
    }
    client.destroy();
  });

  test('no memory is both writable and executable', { skip: isEmulated }, () => {
    assert.doesNotMatch(readFileSync(`/proc/${server.pid}/maps`, 'utf8'), / .wx/);
  });
});

describe('sites of other sizes', { skip: cannotRunMicro }, () => {
  async function serve(t: Parameters<typeof startMicro>[0], made: string): Promise<Micro> {
    return startMicro(t, made, { port: await freePort() });
  }

  test('one file, which is no index', async (t) => {
    const server = await serve(t, siteProgram({ 'a.txt': 'a' }));
    assert.equal((await request(server, '/a.txt')).text, 'a');
    const missing = await request(server, '/');
    assert.deepEqual([missing.status, missing.header('content-length')], [404, '0']);
  });

  test('nothing but a page for what is missing', async (t) => {
    const server = await serve(t, siteProgram({ '404.html': MISSING }));
    assert.equal((await request(server, '/')).text, MISSING);
  });

  for (const count of [124, 127, 200, 254, 255, 1000]) {
    test(`${count} files`, async (t) => {
      const all = Array.from({ length: count }, (_, index) => [
        `d${index % 7}/f${index}.txt`,
        `file ${index}`,
      ]);
      const server = await serve(t, siteProgram(Object.fromEntries(all)));
      const client = await connect(server);
      for (const [path, content] of all) assert.equal((await client.get(`/${path}`)).text, content);
      assert.equal((await client.get('/d0/f1.txt')).status, 404);
      client.destroy();
    });
  }

  test('a large file for slow readers, and small ones meanwhile', async (t) => {
    const large = pattern(20_000_003);
    const server = await serve(t, siteProgram({ 'large.bin': large, 'index.html': page('home') }));
    const before = server.descriptors();
    const readers = await Promise.all([1, 2, 3].map(() => connect(server)));
    for (const reader of readers) {
      reader.socket.pause();
      reader.write(requestText('GET', '/large.bin') + requestText('GET', '/'));
    }
    for (let round = 0; round < 20; round++) assert.equal((await request(server, '/')).text, page('home'));
    const [gone, ...patient] = readers;
    gone?.socket.resetAndDestroy();
    for (const reader of patient) {
      reader.socket.resume();
      assert.ok((await reader.response()).body.equals(large));
      assert.equal((await reader.response()).text, page('home'));
      reader.destroy();
    }
    assert.equal((await request(server, '/')).text, page('home'));
    assert.ok(server.descriptors() <= before + readers.length);
  });
});

describe('the command', { skip: cannotRunMicro }, () => {
  const folder = makeFolder({
    'page.html': '<p>hello',
    'empty/.hidden': 'x',
    'many/a.txt': 'a',
    'many/b.txt': 'b',
  });
  const at = (name: string) => join(folder, name);

  const refused: readonly (readonly [
    name: string,
    args: readonly string[],
    status: number,
    message: RegExp,
  ])[] = [
    ['an empty folder', [at('empty')], 1, /^micro: no file to serve\n$/m],
    [
      'a folder for another profile',
      [at('many'), '--profile', 'full'],
      2,
      /^micro: a folder needs --profile site, not full\n/,
    ],
    [
      'a file for this profile',
      [at('page.html'), '--profile', 'site'],
      2,
      /^micro: --profile site needs a folder\n/,
    ],
    [
      'another profile',
      [at('page.html'), '--profile', 'tiny'],
      2,
      /^micro: --profile tiny is none; there are record, standard, full, site\n/,
    ],
    ['nothing there', [at('absent')], 1, /^micro: ENOENT.*absent/],
    [
      'another processor',
      [at('many'), '--arch', 'mips'],
      2,
      /^micro: --arch wants x86-64, arm64 or both, got mips\n/,
    ],
    [
      'another header',
      [at('many'), '--header', 'wild'],
      2,
      /^micro: --header wants strict or compact, got wild\n/,
    ],
  ];
  for (const [name, args, status, message] of refused) {
    test(`${name}: one clear line`, () => {
      const result = micro(...args, '-o', at('out'));
      assert.equal(result.status, status);
      assert.match(result.stderr, message);
    });
  }

  test('a reader of the listing may leave early', () => {
    const command = `"$0" "$@" | head -1`;
    const args = [process.execPath, script, '--arch', arch, at('many'), '-o', at('left'), '--listing'];
    const { stdout, stderr } = spawnSync('sh', ['-c', command, ...args], { encoding: 'utf8' });
    assert.equal(stdout.split('\n').length, 2);
    assert.equal(stderr, '');
  });

  test('the same folder gives the same bytes, and a listing of all of them', () => {
    const [first, second] = ['first', 'second'].map((name) => {
      const result = micro(at('many'), '-o', at(name), '--listing');
      assert.equal(result.status, 0);
      return { bytes: readFileSync(at(name)), listing: result.stdout };
    });
    assert.ok(first && second?.bytes.equals(first.bytes));
    const hex = [...first.listing.matchAll(/^[0-9a-f]{8} {2}([0-9a-f]+)/gm)]
      .map(([, digits]) => digits)
      .join('');
    assert.equal(hex, first.bytes.toString('hex'));
  });

  for (const profile of ['record', 'standard', 'full', 'site']) {
    test(`${profile} serves with a strict header too`, async (t) => {
      const port = await freePort();
      const strict = program(profile, page('home'), { layout: 'strict' });
      const bytes = readFileSync(strict);
      // Nothing where section headers would be; the program header behind the file header, aligned to pages.
      assert.deepEqual([bytes.readBigUInt64LE(32), bytes.readBigUInt64LE(40)], [64n, 0n]);
      assert.equal(bytes.readBigUInt64LE(112), arch === 'arm64' ? 0x10000n : 0x1000n);
      const server = await startMicro(t, strict, { port });
      assert.equal((await request(server, '/')).text, page('home'));
      if (profile === 'record') return;
      const tag = (await request(server, '/')).header('etag');
      const again = await request(server, '/', { headers: { 'If-None-Match': tag ?? '"' } });
      assert.equal(again.status, profile === 'standard' ? 200 : 304);
      server.child.kill('SIGINT');
      assert.deepEqual(await once(server.child, 'exit'), [0, null]);
    });
  }
});
