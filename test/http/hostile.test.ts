/** Clients that mean harm, and folders in an awkward state. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder, pattern } from '../support/folder.ts';
import { connect, eventually, request, requestText } from '../support/raw.ts';
import {
  cannotBeNobody,
  NOBODY,
  neutralEnvironment,
  startForFile,
  startForTest,
  target,
} from '../support/target.ts';

const PATIENCE_MS = 10_000;
const SEND_TIMEOUT_MS = 1000;
const big = pattern(20_000_003);
const root = makeFolder({ 'small.txt': 'small', 'big.bin': big });
const server = await startForFile({ root, args: ['--send-timeout-ms', String(SEND_TIMEOUT_MS)] });

const openFiles = () => server.descriptors(root).files;
const lives = async () => assert.equal((await request(server, '/small.txt')).text, 'small');

test('a pipelined CONNECT and a reset do not end the server', async () => {
  const client = await connect(server);
  client.socket.pause();
  client.write(`${requestText('GET', '/big.bin')}CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n`);
  await eventually(PATIENCE_MS, openFiles, (files) => files.length === 1);
  client.socket.resetAndDestroy();
  await eventually(PATIENCE_MS, openFiles, (files) => files.length === 0);
  await lives();
});

test('a client that takes nothing and sends line breaks is cut like any other', async () => {
  const client = await connect(server);
  client.socket.pause();
  client.write(requestText('GET', '/big.bin'));
  const talk = setInterval(() => client.write('\r\n'), 100);
  client.socket.on('error', () => undefined);
  try {
    await eventually(PATIENCE_MS, openFiles, (files) => files.length === 1);
    await eventually(SEND_TIMEOUT_MS + PATIENCE_MS, openFiles, (files) => files.length === 0);
  } finally {
    clearInterval(talk);
    client.destroy();
  }
});

test('a client that pipelines thousands does not take the turn of one that pipelines three', async () => {
  const greedy = await connect(server);
  greedy.socket.pause();
  greedy.socket.on('error', () => undefined);
  greedy.write(requestText('GET', '/big.bin').repeat(9000));
  for (let round = 0; round < 5; round++) {
    const modest = await connect(server);
    modest.write(requestText('GET', '/small.txt').repeat(3));
    for (let i = 0; i < 3; i++) assert.equal((await modest.response()).text, 'small');
    modest.destroy();
  }
  greedy.destroy();
});

test('responses that are owed come before the refusal of what follows them', async () => {
  const client = await connect(server);
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc';
  client.write(`${post}${requestText('GET', '/small.txt')}\x01garbage\r\n\r\n`);
  assert.equal((await client.response()).status, 405);
  assert.equal((await client.response()).status, 200);
  assert.equal((await client.response()).status, 400);
  await client.ended();
});

test('a 404 page that may not be read does not turn 404 into 403', { skip: cannotBeNobody() }, async (t) => {
  const folder = makeFolder({ 'index.html': 'i', '404.html': 'secret' });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, '404.html'), 0);
  const nobody = await startForTest(t, { root: folder, uid: NOBODY });
  assert.equal((await request(nobody, '/missing')).text, '404 Not Found\n');
});

test('an empty sibling is one that is still being written', async (t) => {
  const folder = makeFolder({ 'a.txt': 'text', 'a.txt.gz': 'x' });
  truncateSync(join(folder, 'a.txt.gz'), 0);
  const fresh = await startForTest(t, { root: folder });
  const response = await request(fresh, '/a.txt', { headers: { 'Accept-Encoding': 'gzip' } });
  assert.deepEqual([response.text, response.header('content-encoding')], ['text', undefined]);
});

test('Last-Modified is never later than the response', async (t) => {
  const folder = makeFolder({ 'a.txt': 'text' });
  utimesSync(join(folder, 'a.txt'), 4e9, 4e9);
  const fresh = await startForTest(t, { root: folder });
  const response = await request(fresh, '/a.txt');
  const [modified, date] = [response.header('last-modified'), response.header('date')].map((text) =>
    Date.parse(text ?? ''),
  );
  assert.ok(modified !== undefined && date !== undefined && modified <= date, `${modified} ${date}`);
});

test('what is cut at the end of the grace time is logged as cut', async (t) => {
  const hasty = await startForTest(t, { root, args: ['--shutdown-grace-ms', '300'] });
  const client = await connect(hasty);
  client.socket.pause();
  client.write(requestText('GET', '/big.bin'));
  await eventually(
    PATIENCE_MS,
    () => hasty.descriptors(root).files,
    (files) => files.length === 1,
  );
  assert.equal((await hasty.stop()).code, 0);
  client.destroy();
  assert.match(await hasty.logged(/"GET \/big\.bin/), / 200 /);
  assert.match(await hasty.logged(/cut short/), /grace time/);
});

test('a reader that has gone is no reason for a stack trace', () => {
  const [command, ...args] = target;
  const line = [command, ...args, '--help'].map((word) => `'${word}'`).join(' ');
  const { stderr } = spawnSync('sh', ['-c', `${line} | true; ${line} > /dev/full`], {
    encoding: 'utf8',
    env: neutralEnvironment(),
  });
  assert.equal(stderr, '');
});
