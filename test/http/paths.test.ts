/** From request path to file: decoding, folders, and no way out of the root. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { addTo, makeFolder } from '../support/folder.ts';
import { connect, eventually, exchange, type Response, request, requestText } from '../support/raw.ts';
import { cannotBeNobody, NOBODY, startForFile, startForTest } from '../support/target.ts';

/** The promise is one second; the rest is for a busy machine. */
const NOTICED_WITHIN_MS = 2000;
const MARKER = 'MARKER-outside-the-root';
const base = makeFolder({
  'secret.txt': MARKER,
  'secret/index.html': MARKER,
  'secret/secret.txt': MARKER,
  // A neighbour whose name begins like the root's.
  'root-secret/secret.txt': MARKER,
  'root/index.html': 'root index',
  'root/file.txt': 'file',
  'root/sub/index.html': 'sub index',
  'root/sub/page.html': 'sub page',
  'root/sub/deeper/page.html': 'deeper page',
  'root/a:b/index.html': 'colon index',
  'root/empty/keep.txt': 'kept',
  'root/evil.com/index.html': 'not evil',
  'root/a b.txt': 'space',
  'root/a+b.txt': 'plus',
  'root/é.txt': 'e acute',
  'root/日本/index.html': 'kanji',
  'root/50%.txt': 'percent',
  'root/%61.txt': 'escaped name',
  'root/q?.txt': 'question mark',
  'root/#.txt': 'hash',
  'root/.env': MARKER,
  'root/.git/config': MARKER,
  'root/sub/.hidden/file.txt': MARKER,
  'root/..secret': MARKER,
  'root/...': MARKER,
  'root/.well-known/security.txt': 'contact',
  'root/.well-known/.private': MARKER,
  'root/inside.txt': { link: 'file.txt' },
  'root/inside': { link: 'sub' },
  'root/chain.txt': { link: 'inside.txt' },
  'root/out.txt': { link: '../secret.txt' },
  'root/out': { link: '../secret' },
  'root/neighbour.txt': { link: '../root-secret/secret.txt' },
  'root/out-chain.txt': { link: 'out.txt' },
  'root/parent': { link: '..' },
  'root/to-hidden.txt': { link: '.env' },
  'root/loop': { link: 'loop' },
  'root/dangling': { link: 'nowhere' },
});
const root = join(base, 'root');
const volume = {
  '..2025_1/index.html': 'first',
  '..2025_1/sub/index.html': 'first sub',
  '..2025_1/.htpasswd': MARKER,
  '..data': { link: '..2025_1' },
  'index.html': { link: '..data/index.html' },
  sub: { link: '..data/sub' },
  '.htpasswd': { link: '..data/.htpasswd' },
};
symlinkSync(join(root, 'file.txt'), join(root, 'absolute.txt'));
execFileSync('mkfifo', [join(root, 'fifo')]);
const server = await startForFile({ root });

const found: readonly (readonly [name: string, path: string, body: string])[] = [
  ['the root', '/', 'root index'],
  ['a file', '/file.txt', 'file'],
  ['a folder', '/sub/', 'sub index'],
  ['a file in a folder', '/sub/page.html', 'sub page'],
  ['the index by name', '/sub/index.html', 'sub index'],
  ['repeated slashes merge', '//sub///page.html', 'sub page'],
  ['an encoded space', '/a%20b.txt', 'space'],
  ['a plus is a plus', '/a+b.txt', 'plus'],
  ['an encoded plus', '/a%2Bb.txt', 'plus'],
  ['an encoded letter', '/%66ile.txt', 'file'],
  ['UTF-8', '/%C3%A9.txt', 'e acute'],
  ['UTF-8 in lower-case hex', '/%e6%97%a5%e6%9c%ac/', 'kanji'],
  ['an encoded percent', '/50%25.txt', 'percent'],
  ['decoded once only', '/%2561.txt', 'escaped name'],
  ['an encoded question mark', '/q%3F.txt', 'question mark'],
  ['an encoded hash', '/%23.txt', 'hash'],
  ['.well-known', '/.well-known/security.txt', 'contact'],
  ['a single dot', '/./file.txt', 'file'],
  ['a single dot in a folder', '/sub/./page.html', 'sub page'],
  ['an encoded single dot', '/sub/%2e/page.html', 'sub page'],
  ['a single dot at the end is the folder', '/sub/.', 'sub index'],
  ['a link to a file in the root', '/inside.txt', 'file'],
  ['a link to a link', '/chain.txt', 'file'],
  ['an absolute link into the root', '/absolute.txt', 'file'],
  ['through a link to a folder in the root', '/inside/page.html', 'sub page'],
];

for (const [name, path, body] of found) {
  test(`200 ${name}: ${path}`, async () => {
    const response = await request(server, path);
    assert.deepEqual([response.status, response.text], [200, body]);
  });
}

const missing: readonly (readonly [name: string, path: string])[] = [
  ['no such file', '/nothing.txt'],
  ['no such folder', '/nothing/'],
  ['a folder without an index', '/empty/'],
  ['a file as a folder', '/file.txt/'],
  ['below a file', '/file.txt/x'],
  ['a dotfile', '/.env'],
  ['in a dot folder', '/.git/config'],
  ['a dot folder', '/.git/'],
  ['a dot folder without its slash', '/.git'],
  ['a dot folder deeper down', '/sub/.hidden/file.txt'],
  ['a name of dots', '/...'],
  ['a name that begins with two dots', '/..secret'],
  ['an encoded dotfile', '/%2Eenv'],
  ['a dotfile in .well-known', '/.well-known/.private'],
  ['a link out of the root', '/out.txt'],
  ['a link to a link out of the root', '/out-chain.txt'],
  ['through a link to a folder outside', '/out/secret.txt'],
  ['a linked folder outside', '/out/'],
  ['a linked folder outside without its slash', '/out'],
  ['a link to a neighbour with the same prefix', '/neighbour.txt'],
  ['a link to the parent', '/parent/secret.txt'],
  ['out and in again', '/parent/root/.env'],
  ['a link to a dotfile', '/to-hidden.txt'],
  ['a link to itself', '/loop'],
  ['a dangling link', '/dangling'],
  ['a FIFO, which would block', '/fifo'],
  ['a name longer than any file', `/${'x'.repeat(300)}`],
  ['a path longer than the system allows', `/${'x/'.repeat(3000)}`],
  ['another case', '/FILE.TXT'],
];

for (const [name, path] of missing) {
  test(`404 ${name}: ${path.slice(0, 40)}`, async () => {
    const response = await request(server, path);
    assert.deepEqual([response.status, response.text], [404, '404 Not Found\n']);
  });
}

const malformed: readonly (readonly [name: string, path: string])[] = [
  ['an encoded NUL', '/file.txt%00'],
  ['an encoded NUL before an ending', '/secret%00.txt'],
  ['an encoded slash', '/sub%2Fpage.html'],
  ['an encoded slash in lower case', '/sub%2fpage.html'],
  ['an encoded leading slash', '/%2fevil.com'],
  ['a backslash', '/sub\\page.html'],
  ['an encoded backslash', '/sub%5Cpage.html'],
  ['a backslash that browsers take for a slash', '/\\evil.com'],
  ['a percent alone', '/50%.txt'],
  ['a percent at the end', '/file%'],
  ['one hex digit', '/file%4'],
  ['no hex digits', '/%zz'],
  ['overlong slash', '/..%c0%af..%c0%afsecret.txt'],
  ['overlong dot', '/%c0%ae%c0%ae/secret.txt'],
  ['overlong in three bytes', '/%e0%80%ae'],
  ['a surrogate', '/%ed%a0%80'],
  ['beyond Unicode', '/%f4%90%80%80'],
  ['a truncated sequence', '/%c3'],
  ['a lone continuation', '/%a9.txt'],
  ['an encoded line break', '/a%0d%0aSet-Cookie:x'],
  ['an encoded control character', '/a%1b'],
  ['the parent', '/sub/../file.txt'],
  ['the parent behind a single dot', '/sub/./../file.txt'],
  ['out of the root', '/../secret.txt'],
  ['encoded dots', '/%2e%2e/secret.txt'],
  ['half encoded dots', '/.%2e/secret.txt'],
  ['dots at the end', '/sub/..'],
];

for (const [name, path] of malformed) {
  test(`400 ${name}: ${path}`, async () => {
    const response = await request(server, path);
    assert.equal(response.status, 400);
    assert.equal(response.header('location'), undefined);
  });
}

test('a path decoded twice would be found, once it is not', async () => {
  assert.equal((await request(server, '/%2566ile.txt')).status, 404);
  assert.equal((await request(server, '/%252e%252e/secret.txt')).status, 404);
});

const redirects: readonly (readonly [path: string, location: string])[] = [
  ['/sub', 'sub/'],
  ['/sub?', 'sub/?'],
  ['/sub?a=1&b=//x', 'sub/?a=1&b=//x'],
  ['/sub?a=%0d%0aX:y', 'sub/?a=%0d%0aX:y'],
  ['/empty', 'empty/'],
  ['/inside', 'inside/'],
  ['/inside/deeper', 'deeper/'],
  ['/./sub', 'sub/'],
  ['/%E6%97%A5%E6%9C%AC', '%E6%97%A5%E6%9C%AC/'],
  ['/a:b', './a:b/'],
  ['/a%3Ab', './a:b/'],
  ['//evil.com', 'evil.com/'],
  ['///evil.com', 'evil.com/'],
  ['/evil.com?//x', 'evil.com/?//x'],
  ['http://elsewhere/sub?x', 'sub/?x'],
];

for (const [path, location] of redirects) {
  test(`301 ${path} → ${location}`, async () => {
    const response = await request(server, path);
    assert.deepEqual([response.status, response.header('location')], [301, location]);
    const head = await request(server, path, { method: 'HEAD' });
    assert.deepEqual([head.status, head.header('location')], [301, location]);
    // Where a client ends up, at the server and behind a proxy that strips a prefix.
    const target = path.startsWith('/') ? path : path.replace('http://elsewhere', '');
    for (const prefix of ['', '/app']) {
      const { host, pathname } = new URL(location, `http://host.example${prefix}${target}`);
      assert.equal(host, 'host.example');
      assert.ok(pathname.startsWith(`${prefix}/`) && pathname.endsWith('/'), pathname);
      const followed = await request(server, pathname.slice(prefix.length));
      assert.ok([200, 404].includes(followed.status), `${followed.status}`);
    }
  });
}

test('a socket and a device are not served', async (t) => {
  const listener = createServer().listen(join(root, 'socket'));
  t.after(() => listener.close());
  assert.equal((await request(server, '/socket')).status, 404);
});

test('a file that the server may not read is forbidden', { skip: cannotBeNobody() }, async (t) => {
  const folder = makeFolder({ 'open.txt': 'open', 'closed.txt': MARKER });
  execFileSync('chmod', ['755', folder]);
  execFileSync('chmod', ['000', join(folder, 'closed.txt')]);
  const asNobody = await startForTest(t, { root: folder, uid: NOBODY });
  assert.equal((await request(asNobody, '/open.txt')).text, 'open');
  assert.equal((await request(asNobody, '/closed.txt')).text, '403 Forbidden\n');
});

test('the options open what is closed by default', async (t) => {
  const open = await startForTest(t, { root, args: ['--dotfiles', '--symlinks'] });
  for (const path of ['/.env', '/.git/config', '/out.txt', '/out/secret.txt', '/to-hidden.txt']) {
    assert.equal((await request(open, path)).text, MARKER, path);
  }
  for (const path of ['/../secret.txt', '/%2e%2e/secret.txt']) {
    assert.equal((await request(open, path)).status, 400, path);
  }
});

test('a root that is a link itself is served', async (t) => {
  const folder = makeFolder({ link: { link: root } });
  const linked = await startForTest(t, { root: join(folder, 'link') });
  assert.equal((await request(linked, '/sub/page.html')).text, 'sub page');
  assert.equal((await request(linked, '/out.txt')).status, 404);
});

test('a ConfigMap or Secret of Kubernetes is served, and followed when it is updated', async (t) => {
  const folder = makeFolder(volume);
  const mounted = await startForTest(t, { root: folder });
  const text = async (path: string) => (await request(mounted, path)).text;
  assert.deepEqual([await text('/'), await text('/sub/')], ['first', 'first sub']);
  for (const path of ['/.htpasswd', '/..data/index.html', '/..2025_1/index.html']) {
    assert.equal((await request(mounted, path)).status, 404, path);
  }
  addTo(folder, { '..2025_2/index.html': 'second', '..next': { link: '..2025_2' } });
  renameSync(join(folder, '..next'), join(folder, '..data'));
  rmSync(join(folder, '..2025_1'), { recursive: true });
  await eventually(
    NOTICED_WITHIN_MS,
    () => text('/'),
    (response) => {
      assert.match(response, /^(first|second)$/);
      return response === 'second';
    },
  );
});

test('a link swapped for a file while it is asked for never leads out', async () => {
  const target = join(root, 'swap.txt');
  const client = await connect(server);
  for (let i = 0; i < 300; i++) {
    const next = join(root, 'swap.next');
    if (i % 2 === 0) symlinkSync('../secret.txt', next);
    else writeFileSync(next, 'harmless');
    client.write(requestText('GET', '/swap.txt'));
    renameSync(next, target);
    const response = await client.response();
    assert.ok(response.status === 404 || response.text === 'harmless', `${response.status} ${response.text}`);
  }
  client.destroy();
});

/** Pieces that have opened roots before: dots, slashes and backslashes in every spelling, links, real names. */
const piece = fc.constantFrom(
  '..',
  '.',
  '...',
  '%2e',
  '%2E%2e',
  '.%2e',
  '%252e%252e',
  '%c0%ae',
  '%c0%af',
  '%e0%80%af',
  '%u002e',
  '/',
  '//',
  '\\',
  '%2f',
  '%5c',
  '%255c',
  '%00',
  '%0a',
  ';',
  ':',
  '?',
  '&',
  '~',
  ' ',
  '%20',
  '%',
  '*',
  'secret.txt',
  'secret',
  'root',
  'root-secret',
  'sub',
  'file.txt',
  'index.html',
  '.env',
  '.git',
  'config',
  'out',
  'out.txt',
  'parent',
  'inside',
  'loop',
  'etc',
  'passwd',
  'proc',
  'self',
  'C:',
  'localhost',
);
const anyPath = fc
  .array(fc.oneof({ weight: 9, arbitrary: piece }, { weight: 1, arbitrary: fc.string({ maxLength: 4 }) }), {
    maxLength: 10,
  })
  .map((pieces) => `/${pieces.join('')}`)
  // What would end the request line is another test's matter.
  .map((path) => path.replace(/[\r\n]/g, ''));

function assertHarmless(response: Response): void {
  assert.ok([200, 301, 400, 404].includes(response.status), `status ${response.status}`);
  assert.doesNotMatch(response.text, /MARKER|root:x:0/);
  const location = response.header('location');
  // Relative to the folder of what was asked for: no host, no scheme, no way up.
  if (location !== undefined) assert.match(location, /^(?:\.\/)?(?!\.{0,2}\/)[^/\\?]+\//);
}

test('no random path escapes the root', async () => {
  await fc.assert(
    fc.asyncProperty(anyPath, async (path) => {
      const [response] = await exchange(
        server,
        Buffer.from(requestText('GET', path, { Connection: 'close' }), 'utf8'),
      );
      assertHarmless(response as Response);
    }),
    { numRuns: 1000 },
  );
});
