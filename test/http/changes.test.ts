/** Files that change while they are served. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addTo, makeFolder, pattern } from '../support/folder.ts';
import { type Client, connect, eventually, request, requestText } from '../support/raw.ts';
import { severalWorkers, startForFile, startForTest } from '../support/target.ts';

/** The promise is one second; the rest is for a busy machine. */
const NOTICED_WITHIN_MS = 2000;
/** More than the socket buffers of both ends hold, so that the server is still sending when the file changes. */
const BIG_BYTES = 64 * 1024 * 1024;

const root = makeFolder({ 'index.html': 'alive' });
const server = await startForFile({ root });

const text = (path: string) => request(server, path).then((response) => response.text);

async function noticed(path: string, content: string): Promise<void> {
  await eventually(
    NOTICED_WITHIN_MS,
    () => text(path),
    (response) => response === content,
  );
}

/** Asks often enough that the file is in memory. */
async function warm(path: string): Promise<void> {
  for (let i = 0; i < 5; i++) await text(path);
}

test('new content', async () => {
  addTo(root, { 'a.txt': 'one' });
  await warm('/a.txt');
  addTo(root, { 'a.txt': 'number two' });
  await noticed('/a.txt', 'number two');
});

test('new content of the same length and with the same mtime', async () => {
  addTo(root, { 'b.txt': 'one' });
  const { atime, mtime } = statSync(join(root, 'b.txt'));
  await warm('/b.txt');
  addTo(root, { 'b.txt': 'two' });
  utimesSync(join(root, 'b.txt'), atime, mtime);
  await noticed('/b.txt', 'two');
});

test('a file put in place by a rename', async () => {
  addTo(root, { 'c.txt': 'one', 'c.next': 'two' });
  await warm('/c.txt');
  renameSync(join(root, 'c.next'), join(root, 'c.txt'));
  await noticed('/c.txt', 'two');
});

test('a file that appears', async () => {
  assert.equal((await request(server, '/d.txt')).status, 404);
  addTo(root, { 'd.txt': 'here' });
  await noticed('/d.txt', 'here');
});

test('a file that goes', async () => {
  addTo(root, { 'e.txt': 'here' });
  await warm('/e.txt');
  rmSync(join(root, 'e.txt'));
  await noticed('/e.txt', '404 Not Found\n');
});

test('a folder that becomes a file', async () => {
  addTo(root, { 'f/index.html': 'folder' });
  await warm('/f/');
  rmSync(join(root, 'f'), { recursive: true });
  addTo(root, { f: 'file' });
  await noticed('/f', 'file');
  await noticed('/f/', '404 Not Found\n');
});

test('an index that comes and goes', async () => {
  addTo(root, { 'g/other.txt': 'x' });
  assert.equal((await request(server, '/g/')).status, 404);
  addTo(root, { 'g/index.html': 'index' });
  await noticed('/g/', 'index');
  rmSync(join(root, 'g/index.html'));
  await noticed('/g/', '404 Not Found\n');
});

test('a 404 page that comes, changes and goes', async () => {
  addTo(root, { '404.html': 'first' });
  await noticed('/nowhere', 'first');
  addTo(root, { '404.html': 'second' });
  await noticed('/nowhere', 'second');
  rmSync(join(root, '404.html'));
  await noticed('/nowhere', '404 Not Found\n');
});

test('while a file is rewritten all the time, tag and content belong together', async () => {
  const seen = new Map<string, string>();
  for (let i = 0; i < 200; i++) {
    const content = String(i % 7).repeat(1000 + (i % 7));
    writeFileSync(join(root, 'h.next'), content);
    renameSync(join(root, 'h.next'), join(root, 'h.txt'));
    const response = await request(server, '/h.txt');
    // Before the first check of the disk the file may be unknown.
    if (response.status === 404) continue;
    const etag = response.header('etag') ?? '';
    assert.equal(seen.get(etag) ?? response.text, response.text);
    assert.match(response.text, /^(.)\1+$/);
    seen.set(etag, response.text);
  }
});

test('a release switched by a link: all files change together', async (t) => {
  const tree = (release: string) => ({ [`${release}/a.txt`]: release, [`${release}/b/index.html`]: release });
  const base = makeFolder({ ...tree('one'), ...tree('two'), current: { link: 'one' } });
  const linked = await startForTest(t, { root: join(base, 'current') });
  const both = async () => {
    const responses = [await request(linked, '/a.txt'), await request(linked, '/b/')];
    return responses.map((response) => response.text).join();
  };
  assert.equal(await both(), 'one,one');
  addTo(base, { next: { link: 'two' } });
  renameSync(join(base, 'next'), join(base, 'current'));
  await eventually(NOTICED_WITHIN_MS, both, (texts) => texts === 'two,two');
  rmSync(join(base, 'one'), { recursive: true });
  assert.equal(await both(), 'two,two');
});

/** Starts a download and stops reading while the server is in the middle of it. */
async function halfway(path: string): Promise<Client> {
  const client = await connect(server);
  client.write(requestText('GET', path));
  await client.received(100_000);
  client.socket.pause();
  return client;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a file truncated while it is sent: the connection is cut, and the log says why', async () => {
  addTo(root, { 'cut.bin': pattern(BIG_BYTES) });
  const client = await halfway('/cut.bin');
  truncateSync(join(root, 'cut.bin'), 1000);
  client.socket.resume();
  const bytes = await client.gone();
  assert.match(bytes.toString('latin1', 0, 1000), new RegExp(`Content-Length: ${BIG_BYTES}\r\n`, 'i'));
  assert.ok(bytes.length < BIG_BYTES, 'the connection ended before the promised length');
  await server.logged(/cut short.*cut\.bin/);
  assert.equal(await text('/'), 'alive');
});

for (const change of ['deleted', 'replaced']) {
  test(`a file ${change} while it is sent arrives as it was, or not at all`, async () => {
    const content = pattern(BIG_BYTES);
    addTo(root, { 'old.bin': content });
    const client = await halfway('/old.bin');
    if (change === 'replaced') addTo(root, { 'new.bin': pattern(BIG_BYTES, 1) });
    if (change === 'replaced') renameSync(join(root, 'new.bin'), join(root, 'old.bin'));
    else rmSync(join(root, 'old.bin'));
    client.socket.resume();
    const response = await client.response();
    assert.ok(response.body.equals(content));
    client.destroy();
    assert.equal(await text('/'), 'alive');
  });
}

test('a file that grows while it is sent ends at the promised length', async () => {
  const content = pattern(BIG_BYTES);
  addTo(root, { 'log.bin': content });
  const client = await halfway('/log.bin');
  writeFileSync(join(root, 'log.bin'), 'more', { flag: 'a' });
  client.socket.resume();
  const response = await client.response();
  // Where the change is taken for a replacement the connection would have been cut, and response() fails.
  assert.ok(response.body.equals(content));
  await settled();
  assert.equal(client.waiting, 0);
  client.destroy();
});

/** Too large for the memory. */
const LARGE_BYTES = 2_000_000;

/** A worker that has not seen the file before tags it by its content. */
test('a large file that grows: one truth in every response', { skip: severalWorkers }, async () => {
  const append = (bytes: number) => writeFileSync(join(root, 'grow.log'), pattern(bytes), { flag: 'a' });
  const ask = (headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
    request(server, '/grow.log', { method, headers });
  addTo(root, { 'grow.log': pattern(LARGE_BYTES) });
  assert.equal((await ask({}, 'HEAD')).header('content-length'), '2000000');
  append(100);
  const first = await ask({ Range: 'bytes=1999990-' });
  assert.deepEqual([first.status, first.header('content-range')], [206, 'bytes 1999990-2000099/2000100']);
  const etag = first.header('etag') ?? '';
  assert.equal((await ask({ 'If-Match': etag, Range: 'bytes=0-9' })).status, 206);
  assert.equal((await ask({ 'If-None-Match': etag })).status, 304);
  append(100);
  assert.equal((await ask({}, 'HEAD')).header('content-length'), '2000200');
  assert.equal((await ask({ 'If-Match': etag })).status, 412);
  const second = await ask({ Range: 'bytes=2000100-' });
  assert.deepEqual([second.status, second.header('content-range')], [206, 'bytes 2000100-2000199/2000200']);
  const beyond = await ask({ Range: 'bytes=2000200-' });
  assert.deepEqual([beyond.status, beyond.header('content-range')], [416, 'bytes */2000200']);
});

test('a large file that is rewritten with a date in the future is not newer than its response', async () => {
  addTo(root, { 'future.bin': pattern(LARGE_BYTES) });
  await request(server, '/future.bin', { method: 'HEAD' });
  addTo(root, { 'future.bin': pattern(LARGE_BYTES, 1) });
  utimesSync(join(root, 'future.bin'), 2_000_000_000, 2_000_000_000);
  const { header } = await request(server, '/future.bin', { headers: { Range: 'bytes=0-1' } });
  assert.ok(Date.parse(header('last-modified') ?? '') <= Date.parse(header('date') ?? ''));
});

test('a relative root that is removed and built again is served again', async (t) => {
  const base = makeFolder({ 'dist/index.html': 'first' });
  const build = await startForTest(t, { root: '.', cwd: join(base, 'dist') });
  assert.equal((await request(build, '/')).text, 'first');
  rmSync(join(base, 'dist'), { recursive: true });
  addTo(base, { 'dist/index.html': 'second' });
  await eventually(
    NOTICED_WITHIN_MS,
    () => request(build, '/'),
    (response) => response.text === 'second',
  );
});

test('a working folder that is a link to a release follows the link', async (t) => {
  const base = makeFolder({ 'one/index.html': 'one', 'two/index.html': 'two', current: { link: 'one' } });
  const cwd = join(base, 'current');
  const release = await startForTest(t, { root: '.', cwd, env: { PWD: cwd } });
  assert.equal((await request(release, '/')).text, 'one');
  addTo(base, { next: { link: 'two' } });
  renameSync(join(base, 'next'), join(base, 'current'));
  await eventually(
    NOTICED_WITHIN_MS,
    () => request(release, '/'),
    (response) => response.text === 'two',
  );
});

/** Holds a write lease as Samba does for an oplock, and gives it up `patienceMs` after somebody wants the file. */
async function lease(t: TestContext, path: string, patienceMs: number): Promise<void> {
  const program = `use Fcntl; open(F, '+<', $ARGV[0]) or die; $SIG{IO} = sub { select(undef, undef, undef,
    $ARGV[1] / 1000); fcntl(F, 1024, F_UNLCK); }; fcntl(F, 1024, F_WRLCK) or die "no lease: $!"; $| = 1;
    print "held\n"; sleep 1 while 1;`;
  const holder = spawn('perl', ['-e', program, path, String(patienceMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
}

test('a file under a lease is waited for, within a bound', async (t) => {
  addTo(root, { 'short.txt': 'mine', 'long.txt': 'mine' });
  await lease(t, join(root, 'short.txt'), 300);
  assert.equal(await text('/short.txt'), 'mine');
  await lease(t, join(root, 'long.txt'), 20_000);
  const refused = await request(server, '/long.txt');
  assert.deepEqual([refused.status, refused.header('retry-after')], [503, '1']);
});

test('the server keeps no descriptor of what it has sent', async () => {
  await eventually(
    5000,
    () => server.descriptors(root).files,
    (files) => files.every((file) => file.endsWith('(deleted)') === false && !file.endsWith('.bin')),
  );
});
