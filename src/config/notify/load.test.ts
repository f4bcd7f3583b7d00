import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, loadLazily } from '../load.ts';
import { kinds, variableOf } from './kinds.ts';
import * as notifyLoading from './load.ts';
import { hasNotifyVariables, kindNames } from './variables.ts';

const FILE = JSON.stringify({
  users: { ann: { tokens: ['a'.repeat(64)] } },
  channels: { chat: { kind: 'wecom-robot', key: 'k' } },
});
const TOKEN = { MOTE_NOTIFY_TOKEN: 'a-token-of-mine', WECOM_ROBOT_KEY: 'k' };

function loadWith(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = { 'n.json': FILE },
) {
  return load(
    argv,
    env,
    (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return text;
    },
    notifyLoading,
  );
}

function problemsOf(...args: Parameters<typeof loadWith>): readonly string[] {
  const loaded = loadWith(...args);
  return loaded.ok ? [] : loaded.error;
}

function channelsOf(...args: Parameters<typeof loadWith>): readonly string[] | undefined {
  const loaded = loadWith(...args);
  assert.ok(loaded.ok);
  return loaded.value.notify?.channels.map(({ name }) => name);
}

test('notify is off unless it is configured', () => assert.equal(channelsOf([]), undefined));
test('by the file', () => assert.deepEqual(channelsOf(['--notify', 'n.json']), ['chat']));
test('by the environment', () => assert.deepEqual(channelsOf([], TOKEN), ['wecom-robot']));
test('channels without a token are told of, and no mistake', () => {
  const env = {
    SMTP_URL: 'smtps://u:s3cret@h',
    SMTP_PASSWORD_FILE: '/s3cret',
    WECOM_SECRET: 's3cret',
    SMTP_TO: '',
  };
  const loaded = loadWith([], env);
  assert.deepEqual(
    loaded.ok && loaded.value.notice,
    'WECOM_SECRET, SMTP_URL, SMTP_PASSWORD_FILE: set, but notify is off; MOTE_NOTIFY_TOKEN turns it on',
  );
  const silent = [
    loadWith([]),
    loadWith([], TOKEN),
    loadWith(['--notify', 'n.json'], env),
    loadWith(['spool', 'list', '--spool', '/s'], env),
  ];
  for (const other of silent) assert.ok(other.ok && other.value.notice === undefined);
});
test('other commands do not look at it', () => {
  assert.equal(channelsOf(['spool', 'list', '--spool', '/s'], { MOTE_NOTIFY_TOKEN: 'short' }), undefined);
});

const wrong: readonly [name: string, args: Parameters<typeof loadWith>, problem: RegExp][] = [
  ['both', [['--notify', 'n.json'], TOKEN], /^MOTE_NOTIFY_TOKEN: set together with --notify/],
  ['no file', [['--notify', 'none.json']], /^--notify: received "none\.json"; .*\(ENOENT\)$/],
  ['a token', [['--notify', 's3cret-token']], /^--notify: .*not shown.*belongs in MOTE_NOTIFY_TOKEN$/],
  ['a made token', [['--notify', `./mote_${'s3cret'.repeat(7)}x`]], /^--notify: .*\*\*\*.*ENOENT/],
  [
    'no JSON',
    [['--notify', 'n.json'], {}, { 'n.json': '{"users": s3cret}' }],
    /^n\.json: not valid JSON from line 1, column 11/,
  ],
  ['a spool for nothing', [['--spool', '/s']], /^--spool: set while notify is off/],
  [
    'dialects for nothing',
    [['--notify-dialects', 'gotify'], { MOTE_NOTIFY_QUERY: '1' }],
    /^--notify-dialects, --notify-query: set/,
  ],
  [
    'an unknown dialect',
    [['--notify-dialects', 'gotfy'], TOKEN],
    /^--notify-dialects: received "gotfy"; allowed: serverchan/,
  ],
];
for (const [name, args, problem] of wrong) {
  test(`refused: ${name}`, () => {
    const problems = problemsOf(...args);
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', problem);
    assert.doesNotMatch(problems[0] ?? '', /s3cret/);
  });
}

test('mistakes in options and in the file are reported together', () => {
  const problems = problemsOf(['--notify', 'n.json', '--port', 'x'], {}, { 'n.json': '{}' });
  assert.equal(problems.length, 3, problems.join('\n'));
});

test('it is loaded for each of its variables, and for nothing else', async () => {
  for (const kind of kindNames) {
    for (const key of Object.keys(kinds[kind].keys)) {
      assert.ok(hasNotifyVariables({ [variableOf(kind, key)]: 'x' }), `${kind} ${key}`);
    }
  }
  const others = { PATH: '/bin', MOTE_PORT: '1', SMTP: 'x', NTFY_TOPIC: '', WEBHOOKS_URL: 'x' };
  assert.ok(!hasNotifyVariables(others));
  assert.deepEqual(Object.keys(kinds), [...kindNames]);
});

test('lazily it is the same', async () => {
  const given: readonly (readonly [argv: readonly string[], env: Readonly<Record<string, string>>])[] = [
    [[], {}],
    [['--notify', 'n.json'], {}],
    [[], TOKEN],
    [[], { SLACK_URL: 'https://h' }],
    [['--spool', '/s'], {}],
    [['--prot', '1', '--notify', 'x.json'], {}],
    [['--config', 'c.json'], {}],
    [[], { MOTE_NOTIFY_TOKEN_FILE: 'n.json', NTFY_TOPIC: 't' }],
  ];
  const files: Readonly<Record<string, string>> = { 'n.json': FILE, 'c.json': '{"notify": "n.json"}' };
  for (const [argv, env] of given) {
    const counts = new Map<string, number>();
    const read = (path: string) => {
      counts.set(path, (counts.get(path) ?? 0) + 1);
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return text;
    };
    const eager = load(argv, env, read, notifyLoading);
    counts.clear();
    assert.deepEqual(await loadLazily(argv, env, read), eager);
    const readable = [...counts].filter(([path]) => files[path] !== undefined);
    assert.ok(
      readable.every(([, count]) => count === 1),
      'each file is read once',
    );
  }
});
