/** What an operator reads where something cannot work, and what to do about it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { lacking } from '../../scripts/test/lacking.ts';
import { makeFolder } from '../support/folder.ts';
import { request } from '../support/raw.ts';
import {
  cannotBeNobody,
  engineBetween,
  NOBODY,
  neutralEnvironment,
  run,
  startForTest,
  target,
} from '../support/target.ts';

/** A request, so that all lines before it are out. */
async function linesAfterRequest(server: Awaited<ReturnType<typeof startForTest>>, path: string) {
  const { status } = await request(server, path);
  await server.logged(/ "GET /);
  return { status, advice: server.stdout.all.filter((line) => / (info|warn) /.test(line)) };
}

describe('the folder', () => {
  test('without an index is told of --listing, once', async (t) => {
    for (const tree of [{}, { 'a.txt': 'a' }]) {
      const server = await startForTest(t, { root: makeFolder(tree) });
      await request(server, '/');
      const { status, advice } = await linesAfterRequest(server, '/');
      assert.deepEqual([status, advice.length], [404, 1]);
      assert.match(advice[0] ?? '', / info there is no index\.html, so that \/ is not found: .*--listing$/);
    }
  });

  test('with an index, of another name too, or with --listing needs no advice', async (t) => {
    for (const [tree, args] of [
      [{ 'index.html': 'x' }, []],
      [{ 'start.html': 'x' }, ['--index', 'start.html']],
      [{ 'a.txt': 'a' }, ['--listing']],
    ] as const) {
      const server = await startForTest(t, { root: makeFolder(tree), args });
      assert.deepEqual((await linesAfterRequest(server, '/')).advice, []);
    }
  });
});

describe('another account', { skip: cannotBeNobody() }, () => {
  test('an index that it may not read is told at the start', async (t) => {
    const root = makeFolder({ 'index.html': 'x' });
    chmodSync(root, 0o755);
    chmodSync(join(root, 'index.html'), 0o600);
    const server = await startForTest(t, { root, uid: NOBODY });
    await server.logged(/permission denied/);
    const { status, advice } = await linesAfterRequest(server, '/');
    assert.deepEqual([status, advice.length], [403, 1]);
    assert.match(advice[0] ?? '', / warn permission denied for uid 65534: chmod a\+r .*index\.html/);
  });

  test('each file that it may not read is told once, and no more than ten', async (t) => {
    const names = Array.from({ length: 12 }, (_, i) => `${i}.txt`);
    const root = makeFolder({ 'index.html': 'x', ...Object.fromEntries(names.map((name) => [name, 'x'])) });
    chmodSync(root, 0o755);
    for (const name of names) chmodSync(join(root, name), 0o600);
    const server = await startForTest(t, { root, uid: NOBODY });
    for (const name of [...names, ...names]) await request(server, `/${name}`);
    await server.stop();
    const advice = server.stdout.all.filter((line) => line.includes('permission denied'));
    assert.deepEqual(
      advice.map((line) => /\d+\.txt/.exec(line)?.[0]),
      names.slice(0, 10),
    );
  });

  test('the spool of a server is not for it to take: it is told whose it is', async () => {
    const root = makeFolder({ 'spool/new/.keep': '' });
    chmodSync(root, 0o755);
    const spool = join(root, 'spool');
    chmodSync(spool, 0o700);
    for (const args of [['list'], ['show', `${'0'.repeat(29)}`], ['purge', 'all']]) {
      const { code, stderr } = await run(['spool', ...args, '--spool', spool], { uid: NOBODY });
      const advice =
        'permission denied for uid 65534; run this command as the user of the server, uid 0, or as root';
      if (args[0] !== 'show') assert.equal(stderr, `mote: the spool ${spool} cannot be used: ${advice}\n`);
      assert.doesNotMatch(stderr, /chown/);
      assert.equal(code, 1, args.join(' '));
    }
  });

  test('a root or a spool that it may not use names its number and chown', async (t) => {
    const root = makeFolder({ 'closed/x': 'x', 'site/index.html': 'x' });
    chmodSync(root, 0o755);
    chmodSync(join(root, 'closed'), 0o700);
    const closed = await run([join(root, 'closed'), '0'], { uid: NOBODY });
    assert.equal(closed.code, 1);
    assert.match(closed.stderr, /^mote: cannot serve [^\n]* for uid 65534; [^\n]*chmod[^\n]*chown\n$/);
    const spool = join(root, 'spool');
    const env = {
      MOTE_NOTIFY_TOKEN: 'a-token-of-some-length',
      WEBHOOK_URL: 'https://example.com/',
      WEBHOOK_JSON: '{}',
    };
    const args = [join(root, 'site'), '0', '--spool', spool];
    const unusable = await run(args, { uid: NOBODY, env });
    assert.equal(unusable.code, 1);
    assert.equal(
      unusable.stderr,
      `mote: the spool ${spool} cannot be used: permission denied for uid 65534; ` +
        `let it have the folder: mkdir -p ${spool} && chown 65534 ${spool}\n`,
    );
    mkdirSync(spool);
    chownSync(spool, NOBODY, NOBODY);
    await startForTest(t, { root: join(root, 'site'), args: ['--spool', spool], uid: NOBODY, env });
  });
});

describe('descriptors', { skip: engineBetween || lacking({ prlimit: 'util-linux' }) }, () => {
  for (const limit of [24, 31]) {
    test(`${limit} are too few, in one line`, async () => {
      const root = makeFolder({ 'index.html': 'x' });
      const child = spawn('prlimit', [`--nofile=${limit}`, ...target, root, '0'], {
        env: neutralEnvironment(),
      });
      const [errors, output, [code]] = await Promise.all([
        text(child.stderr),
        text(child.stdout),
        once(child, 'close'),
      ]);
      assert.deepEqual([code, output], [1, '']);
      assert.match(
        errors,
        new RegExp(`^mote: only ${limit} open files are allowed; at least 32 [^\n]*ulimit -n[^\n]*\n$`),
      );
    });
  }
});
