import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NotifyConfig, readNotifyFile } from './file.ts';

const HASH = `sha256:${'0123456789abcdef'.repeat(4)}`;
/** What `sha256sum` says of an empty variable. */
const NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const OTHER = 'F'.repeat(64);

interface Outcome {
  readonly config: NotifyConfig | undefined;
  readonly problems: readonly string[];
}

function read(value: unknown, files: Readonly<Record<string, string>> = {}): Outcome {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return text;
  };
  const read = readNotifyFile('n.json', value, { env: { KEY: 'from-env', EMPTY: '' }, readFile });
  return read.ok ? { config: read.value, problems: [] } : { config: undefined, problems: read.error };
}

const robot = { kind: 'wecom-robot', key: 'k' };
const users = { ann: { tokens: [HASH] } };

function channelOf(channel: unknown, files?: Readonly<Record<string, string>>) {
  const { config, problems } = read({ users, channels: { c: channel } }, files);
  return { values: config?.channels[0]?.values as Readonly<Record<string, unknown>> | undefined, problems };
}

describe('users', () => {
  test('may use all channels, at the usual rate, unless their entry says otherwise', () => {
    const { config, problems } = read({
      users: {
        ann: { tokens: [HASH, OTHER] },
        bob: { tokens: ['a'.repeat(64)], channels: ['q', 'q'], burst: 2 },
      },
      channels: { p: robot, q: robot },
    });
    assert.deepEqual(problems, []);
    const [ann, bob] = config?.users ?? [];
    assert.deepEqual(ann?.channels, ['p', 'q']);
    assert.deepEqual(ann?.limit, { burst: 60, perMinute: 60 });
    assert.deepEqual(
      ann?.tokenHashes.map((hash) => Buffer.from(hash).toString('hex')),
      [HASH.slice(7), OTHER.toLowerCase()],
    );
    assert.deepEqual(bob?.channels, ['q']);
    assert.deepEqual(bob?.limit, { burst: 2, perMinute: 60 });
  });

  const wrong: readonly [name: string, users: unknown, problem: RegExp][] = [
    ['nobody', {}, /^n\.json: users: allowed: an object with at least one entry$/],
    ['a list', [], /^n\.json: users: allowed/],
    ['no token', { ann: {} }, /^n\.json: users\.ann\.tokens: missing/],
    [
      'an empty list of tokens',
      { ann: { tokens: [] } },
      /^n\.json: users\.ann\.tokens: .*allowed: a non-empty array/,
    ],
    ['a plain token', { ann: { tokens: ['mote_plain-token'] } }, /^n\.json: users\.ann\.tokens: .*not shown/],
    ['the hash of nothing', { ann: { tokens: [NOTHING] } }, /users\.ann\.tokens: .*the hash of a token/],
    [
      'a token as a text',
      { ann: { tokens: 'mote_plain-token' } },
      /^n\.json: users\.ann\.tokens: .*not shown/,
    ],
    ['a token by a file', { ann: { tokens: [{ file: 'mote_plain' }] } }, /users\.ann\.tokens: .*not shown/],
    [
      'an unknown key',
      { ann: { tokens: [HASH], colour: 1 } },
      /no such key; the keys are tokens, channels, burst/,
    ],
    ['a channel that is none', { ann: { tokens: [HASH], channels: ['x'] } }, /received "x"; allowed: .*: c$/],
    ['a slip', { ann: { tokens: [HASH], chanels: ['c'] } }, /chanels: no such key; did you mean channels\?$/],
    ['a name with a comma', { 'a,b': { tokens: [HASH] } }, /^n\.json: name in users: received "a,b"/],
    ['no entry', { ann: 1 }, /^n\.json: users\.ann: allowed: an object$/],
    [
      'no rate',
      { ann: { tokens: [HASH], perMinute: 0 } },
      /perMinute: received 0; allowed: a whole number from 1/,
    ],
    [
      'a shared token',
      { ann: { tokens: [HASH] }, bob: { tokens: [HASH] } },
      /bob\.tokens: shares a token with ann/,
    ],
    ['a token twice', { ann: { tokens: [HASH, HASH] } }, /ann\.tokens: contains a token twice/],
  ];
  for (const [name, entry, problem] of wrong) {
    test(`refused: ${name}`, () => {
      const { config, problems } = read({ users: entry, channels: { c: robot } });
      assert.equal(config, undefined);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', problem);
      assert.doesNotMatch(problems[0] ?? '', /mote_plain/);
    });
  }
});

describe('channels', () => {
  const all: readonly [name: string, channel: Readonly<Record<string, unknown>>][] = [
    [
      'wecom',
      { kind: 'wecom', corpId: 'c', secret: 's', agentId: 1, users: ['@all'], style: 'textcard', safe: true },
    ],
    ['robot', { kind: 'wecom-robot', key: 'k', mentionUsers: ['u'] }],
    ['smtp', { kind: 'smtp', url: 'smtps://h', from: 'a@b.c', to: ['d@e.f'] }],
    [
      'aliyun',
      {
        kind: 'aliyun',
        keyId: 'i',
        keySecret: 's',
        signName: 'n',
        templateCode: 't',
        variables: { a: 'b' },
        to: ['+8613'],
      },
    ],
    [
      'tencent',
      {
        kind: 'tencent',
        secretId: 'i',
        secretKey: 'k',
        region: 'r',
        appId: 'a',
        templateId: 't',
        variables: ['x'],
        maxVariableCharacters: 12,
        to: ['+8613'],
      },
    ],
    ['twilio', { kind: 'twilio', accountSid: 'a', authToken: 't', from: '+1', to: ['+2'] }],
    [
      'webhook',
      {
        kind: 'webhook',
        url: 'https://h',
        method: 'PUT',
        headers: { a: 'b' },
        json: { a: ['{{text}}', 1] },
        successStatuses: [200],
        successPointer: '/e',
        successEquals: 0,
        allowAddresses: ['10.0.0.0/8'],
      },
    ],
  ];
  for (const [name, channel] of all) {
    test(`${name}: values are as given`, () => {
      const { values, problems } = channelOf(channel);
      assert.deepEqual(problems, []);
      const { kind, ...given } = channel;
      assert.deepEqual(values, given);
    });
  }

  test('secrets stand in files and variables too', () => {
    const { values, problems } = channelOf(
      { kind: 'webhook', url: { file: '/run/url' }, headers: { authorization: { env: 'KEY' } } },
      { '/run/url': 'https://h/\n' },
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(values, { url: 'https://h/', headers: { authorization: 'from-env' } });
  });

  test('null equals null', () => {
    const { values } = channelOf({
      kind: 'webhook',
      url: 'https://h',
      successPointer: '/e',
      successEquals: null,
    });
    assert.deepEqual(values, { url: 'https://h', successPointer: '/e', successEquals: null });
  });

  const missing: readonly [key: string, problem: string][] = [
    [
      '{"file": "/run/none"}',
      'names the file /run/none, which cannot be read (ENOENT); allowed: a readable file',
    ],
    ['{"file": "/empty"}', 'names the file /empty, which is empty; allowed: a file that contains the secret'],
    ['{"file": "s3cret"}', 'names the file, which cannot be read (ENOENT); allowed: a readable file'],
    ['{"env": "NONE"}', 'names the variable NONE, which is not set; set it, or write {"file": "PATH"}'],
    ['{"env": "EMPTY"}', 'names the variable EMPTY, which is not set; set it, or write {"file": "PATH"}'],
    ['{"env": "s3cret"}', 'names the variable, which is not set; set it, or write {"file": "PATH"}'],
  ];
  for (const [key, problem] of missing) {
    test(`a secret that is not there is named: ${key}`, () => {
      const { problems } = channelOf({ kind: 'wecom-robot', key: JSON.parse(key) }, { '/empty': '\n' });
      assert.deepEqual(problems, [`n.json: channels.c.key: ${problem}`]);
      const { problems: inHeaders } = channelOf(
        { kind: 'webhook', url: 'https://h', headers: { a: JSON.parse(key) } },
        { '/empty': '\n' },
      );
      assert.deepEqual(inHeaders, [`n.json: channels.c.headers: ${problem}`]);
    });
  }

  const secretOnes = ['7', '""'];
  for (const key of [...secretOnes, '{"file": "/a", "env": "KEY"}', '["s3cret"]', '{"other": "s3cret"}']) {
    test(`refused as a secret, and not shown: ${key}`, () => {
      const { values, problems } = channelOf(
        { kind: 'wecom-robot', key: JSON.parse(key) },
        { '/empty': '\n' },
      );
      assert.equal(values, undefined);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', /^n\.json: channels\.c\.key: received a value that is not shown/);
      assert.doesNotMatch(problems[0] ?? '', /s3cret/);
    });
  }

  const wrong: readonly [name: string, channel: unknown, problem: RegExp][] = [
    ['no kind', { key: 'k' }, /channels\.c\.kind: received null; allowed: wecom, wecom-robot, smtp/],
    ['an unknown kind', { kind: 'pigeon' }, /channels\.c\.kind: received "pigeon"/],
    ['a kind of every object', { kind: 'toString' }, /channels\.c\.kind: received "toString"/],
    ['a missing key', { kind: 'wecom-robot' }, /^n\.json: channels\.c\.key: missing/],
    ['a key of another kind', { ...robot, corpId: 'x' }, /channels\.c: corpId: no such key/],
    [
      'another style',
      { ...robot, style: 'textcard' },
      /style: received "textcard"; allowed: text, markdown$/,
    ],
    [
      'a fraction',
      { kind: 'wecom', corpId: 'c', secret: 's', agentId: 1.5, users: ['a'] },
      /agentId: received 1\.5/,
    ],
    [
      'a word for a switch',
      { kind: 'wecom', corpId: 'c', secret: 's', agentId: 1, safe: 'yes' },
      /safe: .*true or false/,
    ],
    [
      'an empty list',
      { kind: 'smtp', url: 'smtps://h', from: 'a@b.c', to: [] },
      /to: .*a non-empty array of strings/,
    ],
    [
      'numbers for texts',
      { kind: 'smtp', url: 'smtps://h', from: 'a@b.c', to: [1] },
      /to: .*array of strings/,
    ],
    ['a text as JSON', { kind: 'webhook', url: 'https://h', json: '{}' }, /json: .*an object or an array/],
    ['a status of the past', { kind: 'webhook', url: 'https://h', successStatuses: [99] }, /successStatuses/],
    ['a tree to compare with', { kind: 'webhook', url: 'https://h', successEquals: {} }, /successEquals/],
  ];
  for (const [name, channel, problem] of wrong) {
    test(`refused: ${name}`, () => {
      const { values, problems } = channelOf(channel);
      assert.equal(values, undefined);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', problem);
    });
  }
});

test('every mistake is reported at once', () => {
  const { problems } = read({ users: { ann: {} }, channels: { p: {}, q: { kind: 'twilio' } } });
  assert.equal(problems.length, 5, problems.join('\n'));
});

for (const value of [[], 'x', null, 7]) {
  test(`refused as a whole: ${JSON.stringify(value)}`, () => {
    assert.deepEqual(read(value).problems, ['n.json: allowed: one JSON object']);
  });
}
