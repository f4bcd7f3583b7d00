/** What mote keeps secret is never part of what it serves: the start is refused. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { run, startForTest } from '../support/target.ts';

const TOKEN = 'mote_exposure-token-of-a-test';
const channels = { hook: { kind: 'webhook', url: 'https://hook.example/' } };
const users = { ann: { tokens: [`sha256:${'1f'.repeat(32)}`], channels: ['hook'] } };
const root = makeFolder({
  'index.html': 'index',
  'mote.json': '{"index": "index.html"}',
  'notify.json': JSON.stringify({ users, channels }),
  token: TOKEN,
  '.hidden/token': TOKEN,
});
const elsewhere = makeFolder({
  'notify.json': JSON.stringify({ users, channels }),
  'with-file.json': JSON.stringify({
    users,
    channels: { hook: { ...channels.hook, headers: { 'X-Key': { file: join(root, 'token') } } } },
  }),
  'auth.txt': '',
});
const link = makeFolder({ 'token-link': { link: join(root, 'token') } });
const hook = { WEBHOOK_URL: 'https://hook.example/' };

const cases: readonly [what: string, args: readonly string[], env: Record<string, string>, named: string][] =
  [
    ['the configuration file', ['--config', join(root, 'mote.json')], {}, 'mote.json'],
    ['the file of MOTE_CONFIG', [], { MOTE_CONFIG: join(root, 'mote.json') }, 'mote.json'],
    ['the notify file', ['--notify', join(root, 'notify.json')], {}, 'notify.json'],
    ['a secret in a file', [], { ...hook, MOTE_NOTIFY_TOKEN_FILE: join(root, 'token') }, 'token'],
    [
      'one whose name is hidden',
      [],
      { ...hook, MOTE_NOTIFY_TOKEN_FILE: join(root, '.hidden/token') },
      'token',
    ],
    ['one behind a link', [], { ...hook, MOTE_NOTIFY_TOKEN_FILE: join(link, 'token-link') }, 'token-link'],
    [
      'a secret of a channel',
      [],
      { MOTE_NOTIFY_TOKEN: TOKEN, WEBHOOK_URL_FILE: join(root, 'token') },
      'token',
    ],
    ['a file in the notify file', ['--notify', join(elsewhere, 'with-file.json')], {}, 'token'],
    [
      'the spool',
      ['--notify', join(elsewhere, 'notify.json'), '--spool', join(root, 'spool')],
      {},
      '--spool',
    ],
  ];
for (const [what, args, env, named] of cases) {
  test(`${what} in the root ends the start with 2 and one line`, async () => {
    const { code, stdout, stderr } = await run([root, '0', ...args], { env });
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^mote: [^\n]+\n$/);
    for (const part of [named, `the root "${root}"`, 'move it out']) assert.ok(stderr.includes(part), stderr);
    assert.ok(!stderr.includes(TOKEN));
    assert.ok(!existsSync(join(root, 'spool')), 'nothing was made');
  });
}

test('relative paths, as in a shell beside the files', async () => {
  const { code, stderr } = await run(['.', '0', '--notify', 'notify.json', '--spool', 'spool'], {
    cwd: root,
  });
  assert.equal(code, 2);
  assert.match(stderr, /^mote: "notify\.json": lies in the root "\." \("\S+"\), .*\nmote: --spool: "spool" /);
});

test('beside the root all is well', async (t) => {
  const spool = join(makeFolder(), 'spool');
  const args = ['--notify', join(elsewhere, 'notify.json'), '--spool', spool];
  await startForTest(t, { root, args });
});
