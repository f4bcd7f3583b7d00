/** What the notify endpoint says of itself: its description for programs, its page, and what a token has sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { ann, notifyFile, TOKEN } from '../support/notify.ts';
import { startStandIn } from '../support/stand-in.ts';
import { start } from '../support/target.ts';

const headers = { 'X-Token': TOKEN };

test('the endpoint describes itself, below a base path too', async (t) => {
  const hook = await startStandIn(() => ({ status: 204 }));
  t.after(() => hook.close());
  const webhook = {
    kind: 'webhook',
    url: `${hook.origin}/`,
    allowAddresses: ['127.0.0.1'],
    json: { text: '{{text}}' },
  };
  const file = notifyFile({ alarm: webhook, other: webhook }, { ann: { ...ann, channels: ['alarm'] } });
  const root = makeFolder({ 'index.html': 'the site' });
  const server = await start({ root, args: ['--notify', file, '--base-path', '/app'] });
  t.after(() => server.stop());
  for (const base of ['', '/app']) {
    const url = `http://127.0.0.1:${server.port}${base}/notify`;
    const description = await fetch(`${url}/openapi.json`);
    assert.equal(description.headers.get('content-type'), 'application/json');
    const { openapi, servers } = (await description.json()) as {
      openapi: string;
      servers: { url: string }[];
    };
    assert.equal(openapi, '3.1.0');
    assert.equal(new URL(servers[0]?.url ?? '', `${url}/openapi.json`).pathname, `${base}/`);

    const page = await fetch(url, { headers: { 'Accept-Language': 'zh-CN' } });
    assert.equal(page.headers.get('vary'), 'Accept-Language');
    assert.match(await page.text(), /<html lang="?zh-CN"?>[\s\S]*发送消息/);

    const owner = await (await fetch(`${url}/channels`, { headers })).json();
    assert.deepEqual(owner, { user: 'ann', channels: ['alarm'], kinds: { alarm: 'webhook' } });

    const body = new URLSearchParams({ text: `by ${base}` });
    await fetch(url, { method: 'POST', headers, body });
    const list = (await (await fetch(`${url}/messages`, { headers })).json()) as {
      messages: { title: string; status: string; acceptedAt: string }[];
    };
    const [latest] = list.messages;
    assert.deepEqual([latest?.title, latest?.status], [`by ${base}`.trim(), 'delivered']);
    assert.ok(Math.abs(Date.parse(latest?.acceptedAt ?? '') - Date.now()) < 60_000);
  }
  const wrong = await fetch(`http://127.0.0.1:${server.port}/notify/messages`, {
    headers: { 'X-Token': 'wrong' },
  });
  assert.equal(wrong.status, 401);
});

test('the list outlives the process where a spool keeps receipts', async (t) => {
  const hook = await startStandIn(() => ({ status: 410 }));
  t.after(() => hook.close());
  const webhook = {
    kind: 'webhook',
    url: `${hook.origin}/`,
    allowAddresses: ['127.0.0.1'],
    json: { text: '{{text}}' },
  };
  const args = ['--notify', notifyFile({ alarm: webhook }), '--spool', makeFolder()];
  const root = makeFolder({ 'index.html': 'the site' });
  const first = await start({ root, args });
  t.after(() => first.stop());
  const sent = await fetch(`http://127.0.0.1:${first.port}/notify`, {
    method: 'POST',
    headers: { ...headers, 'Idempotency-Key': 'k' },
    body: new URLSearchParams({ title: '磁盘', text: 'x' }),
  });
  assert.equal(sent.status, 502);
  await first.stop();
  const second = await start({ root, args });
  t.after(() => second.stop());
  const response = await fetch(`http://127.0.0.1:${second.port}/notify/messages`, { headers });
  const { messages } = (await response.json()) as { messages: { title: string; status: string }[] };
  assert.deepEqual(
    messages.map(({ title, status }) => [title, status]),
    [['磁盘', 'failed']],
  );
});

test('without notify there is nothing of it', async (t) => {
  const server = await start({ root: makeFolder({ 'index.html': 'the site' }) });
  t.after(() => server.stop());
  for (const path of ['/notify', '/notify/openapi.json', '/notify/messages'])
    assert.equal((await fetch(`http://127.0.0.1:${server.port}${path}`)).status, 404);
});
