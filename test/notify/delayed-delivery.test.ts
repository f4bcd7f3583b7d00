/** Messages that do not go out at once: retries, failures, and the spool over restarts. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { makeFolder } from '../support/folder.ts';
import { notifyFile, send, untilStatus } from '../support/notify.ts';
import { eventually } from '../support/raw.ts';
import { json, type Reply, startStandIn } from '../support/stand-in.ts';
import { run, startForTest, startWith } from '../support/target.ts';

const root = makeFolder({ 'index.html': 'index' });
const hook = await startStandIn(() => json({ ok: true }));
after(() => hook.close());
const secure = await startStandIn(() => json({ errcode: 0, errmsg: 'ok' }), { tls: true });
after(() => secure.close());
/** A webhook may reach loopback. */
const allowed = { kind: 'webhook', allowAddresses: ['127.0.0.1'] };
const toHook = { ...allowed, url: hook.origin };

describe('a channel that fails', () => {
  /** A server with one webhook whose provider responds as scripted, at last with success. */
  async function failing(t: TestContext, replies: Reply[], ...args: readonly string[]) {
    const standIn = await startStandIn(() => replies.shift() ?? json({ ok: true }));
    t.after(() => standIn.close());
    const file = notifyFile({
      first: { kind: 'webhook', url: standIn.origin, allowAddresses: ['127.0.0.1'] },
      second: { kind: 'webhook', url: hook.origin, allowAddresses: ['127.0.0.1'] },
    });
    return { standIn, args: ['--notify', file, ...args] };
  }

  test('is tried again alone, until it is delivered', async (t) => {
    const { standIn, args } = await failing(t, [{ status: 503 }, 'hang up']);
    const own = await startForTest(t, { root, args });
    const before = hook.received.length;
    const result = await send(own, { text: 'x' });
    assert.equal(result.http, 202);
    assert.equal(result.channels.first?.status, 'retrying');
    assert.equal(result.channels.second?.status, 'delivered');
    const ended = await untilStatus(own, result.id, ({ status }) => status !== 'pending');
    assert.equal(ended.channels.first?.attempts, 3);
    assert.equal(standIn.received.length, 3);
    assert.equal(hook.received.length, before + 1, 'the one that succeeded is not repeated');
  });

  test('in nothing but that its responses are coded is delivered once', async (t) => {
    const coded = { headers: { 'content-encoding': 'gzip' }, body: gzipSync('{"ok":true}') };
    const standIn = await startStandIn(() => coded);
    t.after(() => standIn.close());
    const success = { successPointer: '/ok', successEquals: true };
    const file = notifyFile({ only: { ...allowed, ...success, url: standIn.origin } });
    const own = await startForTest(t, { root, args: ['--notify', file] });
    const result = await send(own, { text: 'x' });
    assert.equal(result.http, 200, result.text);
    assert.equal(standIn.received.length, 1);
  });

  test('says why in the words of the receiver, and nothing secret', async (t) => {
    const echo = await startStandIn(({ target, headers, body }) =>
      json({ error: `no space\r\n\u001b[31m`, target, headers, body: String(body) }, 400),
    );
    t.after(() => echo.close());
    const file = notifyFile({
      only: {
        ...allowed,
        url: `${echo.origin}/S3cret-path?k=S3cret%2Bkey`,
        headers: { authorization: 'Bearer S3cret/token' },
        json: { to: 'S3cret "room"' },
      },
    });
    const own = await startForTest(t, { root, args: ['--notify', file] });
    const result = await send(own, { text: 'x' });
    assert.equal(result.http, 502, result.text);
    assert.match(
      result.channels.only?.reason ?? '',
      /^HTTP 400: \{"error":"no space\\r\\n\\u001b\[31m","target":"/,
    );
    await own.logged(/not delivered/);
    const printed = [...own.stdout.all, ...own.stderr.all, result.text].join('\n');
    assert.doesNotMatch(printed, /S3cret/);
  });

  test('for good makes 207, and all of them 502', async (t) => {
    const { args } = await failing(t, [{ status: 404 }, { status: 404 }]);
    const own = await startForTest(t, { root, args });
    const some = await send(own, { text: 'x' });
    assert.deepEqual(
      [some.http, some.channels.first?.status, some.channels.second?.status],
      [207, 'failed', 'delivered'],
    );
    const all = await send(own, { text: 'x', channels: ['first'] });
    assert.deepEqual([all.http, all.status], [502, 'failed']);
  });

  test('is waited for no longer than --notify-wait', async (t) => {
    const { args } = await failing(t, ['silence'], '--notify-wait', '300ms');
    const own = await startForTest(t, { root, args: [...args, '--shutdown-grace-ms', '100'] });
    const began = performance.now();
    const result = await send(own, { text: 'x', channels: ['first'] });
    const tookMs = performance.now() - began;
    assert.deepEqual([result.http, result.channels.first?.status], [202, 'waiting']);
    assert.ok(tookMs >= 290 && tookMs < 5000, `${tookMs} ms`);
  });

  test('may not reach private addresses unless allowed, which is told at the start', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      const file = notifyFile({ hook: { kind: 'webhook', url: `http://${host}:${hook.port}/S3cret` } });
      const before = hook.connections();
      const { code, stderr } = await run(['--notify', file, root, '0']);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /^mote: channel hook: allowAddresses: .*\(WEBHOOK_ALLOW_ADDRESSES=(?:127\.0\.0\.1|::1)\).*\n$/,
      );
      assert.doesNotMatch(stderr, /S3cret/);
      assert.equal(hook.connections(), before);
    }
  });

  test('with an authority that is not trusted sends nothing, and says why', async (t) => {
    const file = notifyFile({ robot: { kind: 'wecom-robot', key: 'k', base: secure.origin } });
    const before = secure.received.length;
    const other = makeFolder({ 'other.pem': '' });
    const cases: readonly [path: string | undefined, reason: RegExp][] = [
      [undefined, /not trusted|CA bundle/],
      [join(other, 'other.pem'), /holds no certificate/],
      [join(other, 'none.pem'), /SSL_CERT_FILE names .*none\.pem, which does not exist/],
    ];
    for (const [path, reason] of cases) {
      const env = path === undefined ? {} : { SSL_CERT_FILE: path };
      const own = await startForTest(t, {
        root,
        env,
        args: ['--notify', file, '--shutdown-grace-ms', '100'],
      });
      const result = await send(own, { text: 'x' });
      assert.equal(result.http, 202, result.text);
      assert.match(result.channels.robot?.reason ?? '', reason);
    }
    assert.equal(secure.received.length, before);
  });
});

describe('the spool', () => {
  /** The status is known a moment before the files show it. */
  async function isEmpty(folder: string): Promise<void> {
    await eventually(
      5000,
      () => readdirSync(folder),
      (names) => names.length === 0,
    );
  }

  async function spooled(t: TestContext) {
    let isUp = false;
    const standIn = await startStandIn(() => (isUp ? json({ ok: true }) : { status: 503 }));
    t.after(() => standIn.close());
    const spool = makeFolder();
    const file = notifyFile({
      hook: { kind: 'webhook', url: standIn.origin, allowAddresses: ['127.0.0.1'] },
    });
    const options = { root, args: ['--notify', file, '--spool', spool] };
    return { standIn, spool, options, up: () => (isUp = true) };
  }

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`keeps what waits over ${signal}`, async (t) => {
      const { spool, options, standIn, up } = await spooled(t);
      const first = await startForTest(t, options);
      assert.match(await first.logged(/mote notifies/), /the queue is kept in /);
      const sent = await send(first, { text: 'kept' }, { 'Idempotency-Key': 'k' });
      assert.equal(sent.http, 202);
      const { code } = await first.stop(signal);
      assert.equal(code === 0, signal === 'SIGTERM');
      assert.equal(readdirSync(join(spool, 'new')).length, 1);
      up();
      const second = await startForTest(t, options);
      const repeated = await send(second, { text: 'kept' }, { 'Idempotency-Key': 'k' });
      assert.deepEqual([repeated.id, repeated.repeated], [sent.id, true]);
      await untilStatus(second, sent.id, ({ status }) => status === 'delivered');
      const taken = standIn.received.filter(({ body }) => body.includes('kept'));
      assert.equal(new Set(taken.map(({ headers }) => headers['idempotency-key'])).size, 1);
      await isEmpty(join(spool, 'new'));
    });
  }

  test('those who wait are answered before a stopping server cuts them off', async (t) => {
    const hanging = await startStandIn(() => 'silence');
    t.after(() => hanging.close());
    const file = notifyFile({ hook: { ...allowed, url: hanging.origin } });
    for (const more of [[], ['--spool', makeFolder()]]) {
      const args = ['--notify', file, '--shutdown-grace-ms', '800', ...more];
      const own = await startForTest(t, { root, args });
      const before = hanging.received.length;
      const sending = send(own, { text: 'x' });
      await eventually(
        5000,
        () => hanging.received.length,
        (count) => count > before,
      );
      own.signal('SIGTERM');
      const result = await sending;
      assert.deepEqual([result.http, result.channels.hook?.status], [202, 'waiting']);
      assert.equal((await own.exited).code, 0);
    }
  });

  test('belongs to one server at a time', async (t) => {
    const { spool, options } = await spooled(t);
    await startForTest(t, options);
    const { code, stderr } = await run([root, '0', ...options.args]);
    assert.equal(code, 1);
    assert.equal(stderr, `mote: another mote uses the spool ${spool}\n`);
  });

  const noProc = existsSync('/proc/self') ? false : 'needs /proc';
  test('below a folder in which nothing can be made ends the start too', { skip: noProc }, async () => {
    const file = notifyFile({ hook: toHook });
    const { code, stderr } = await run([root, '0', '--notify', file, '--spool', '/proc/mote/spool']);
    assert.equal(code, 1);
    assert.equal(stderr, 'mote: the spool /proc/mote/spool cannot be used: no such folder\n');
  });

  test('that cannot be used ends the start in one line', async () => {
    const folder = makeFolder({ file: '' });
    const file = notifyFile({ hook: toHook });
    const { code, stderr } = await run([root, '0', '--notify', file, '--spool', join(folder, 'file')]);
    assert.equal(code, 1);
    assert.match(stderr, /^mote: the spool .*\/file cannot be used: not a folder\n$/);
  });

  test('lists, shows and requeues what was given up', async (t) => {
    const { spool, options, standIn, up } = await spooled(t);
    const first = await startForTest(t, { ...options, args: [...options.args, '--notify-max-age', '1s'] });
    const { id } = await send(first, { title: 'Night', text: 'given up' });
    await untilStatus(first, id, ({ status }) => status === 'failed');
    await eventually(
      5000,
      () => readdirSync(join(spool, 'dead')),
      (names) => names.join() === `${id}.json`,
    );
    const listed = await run(['spool', 'list', '--spool', spool]);
    assert.match(listed.stdout, new RegExp(`^${id}\tdead\t.*\tann\thook:failed\tNight\n$`));
    assert.match((await run(['spool', 'show', id, '--spool', spool])).stdout, /^hook: failed .*HTTP 503$/m);
    await first.stop();
    up();
    assert.equal((await run(['spool', 'requeue', id, '--spool', spool])).code, 0);
    const second = await startForTest(t, options);
    await untilStatus(second, id, ({ status }) => status === 'delivered');
    await isEmpty(join(spool, 'dead'));
    assert.ok(standIn.received.length >= 2);
  });
});

test('a listener that fails leaves nothing half sent', async (t) => {
  const server = await startForTest(t, { root });
  const spool = makeFolder();
  const file = notifyFile({ hook: toHook });
  const { code, stderr } = await run([root, String(server.port), '--notify', file, '--spool', spool]);
  assert.equal(code, 1);
  assert.match(stderr, /^mote: cannot listen on port \d+: already in use/);
  const again = await startWith([root, '0', '--notify', file, '--spool', spool]);
  assert.deepEqual(await again.stop(), { code: 0, signal: null }, 'the spool was let go');
});
