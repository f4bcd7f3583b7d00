/** Where the server listens: addresses, host names, unix sockets. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { connect, request } from '../support/raw.ts';
import { run, startForFile, startForTest } from '../support/target.ts';

const root = makeFolder({ 'file.txt': 'file' });
const plain = await startForFile({ root });

test('a unix socket', async (t) => {
  const folder = makeFolder();
  const path = join(folder, 'mote.sock');
  const server = await startForTest(t, { root, args: ['--host', path] });
  assert.equal(server.startLine, `mote serves ${root} on unix:${path}`);
  assert.equal((await request({ path }, '/file.txt')).text, 'file');
  assert.equal((await run(['healthcheck', '--host', path])).code, 0);
  const second = await run([root, '0', '--host', path]);
  assert.equal(second.code, 1, 'a socket in use is not taken over');
  assert.match(second.stderr, /^[^\n]*in use[^\n]*\n$/);
  assert.equal((await request({ path }, '/file.txt')).text, 'file');
  await server.stop();
  assert.equal(existsSync(path), false, 'the socket is removed at the end');
});

test('a stale unix socket of a killed server does not keep the next one from starting', async (t) => {
  const path = join(makeFolder(), 'mote.sock');
  const killed = await startForTest(t, { root, args: ['--host', path] });
  await killed.stop('SIGKILL');
  assert.equal(existsSync(path), true);
  const next = await startForTest(t, { root, args: ['--host', path] });
  assert.equal((await request({ path }, '/file.txt')).text, 'file');
  await next.stop();
});

test('IPv6 and IPv4 by default', async () => {
  assert.equal((await request({ port: plain.port, host: '::1' }, '/file.txt')).text, 'file');
  assert.equal((await request({ port: plain.port, host: '127.0.0.1' }, '/file.txt')).text, 'file');
});

for (const [host, shown, other] of [
  ['127.0.0.1', '127.0.0.1', '::1'],
  ['::1', '[::1]', '127.0.0.1'],
] as const) {
  test(`--host ${host} is that address only`, async (t) => {
    const server = await startForTest(t, { root, args: ['--host', host] });
    assert.equal(server.url, `http://${shown}:${server.port}`);
    assert.equal((await request({ port: server.port, host }, '/file.txt')).text, 'file');
    await assert.rejects(connect({ port: server.port, host: other }), { code: 'ECONNREFUSED' });
  });
}

test('--host localhost', async (t) => {
  const server = await startForTest(t, { root, args: ['--host', 'localhost'] });
  assert.equal(server.url, `http://localhost:${server.port}`);
  assert.equal((await request({ port: server.port, host: 'localhost' }, '/file.txt')).text, 'file');
});
