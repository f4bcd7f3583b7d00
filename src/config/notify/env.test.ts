import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashToken, wordHash } from '../../notify/auth/token.ts';
import { readNotifyEnv } from './env.ts';

const TOKEN = 'a-token-of-mine';
const robot = { WECOM_ROBOT_KEY: 'k' };

function read(env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return text;
  };
  const read = readNotifyEnv({ env, readFile });
  return read.ok ? { config: read.value, problems: [] } : { config: undefined, problems: read.error };
}

describe('the token turns notify on', () => {
  const off: readonly [name: string, env: Readonly<Record<string, string>>][] = [
    ['nothing', {}],
    ['channels alone', { SMTP_URL: 'smtps://h', ...robot }],
    ['an empty token', { MOTE_NOTIFY_TOKEN: '', ...robot }],
  ];
  for (const [name, env] of off) {
    test(`off: ${name}`, () => assert.deepEqual(read(env), { config: undefined, problems: [] }));
  }

  const on: readonly [name: string, env: Readonly<Record<string, string>>][] = [
    ['itself', { MOTE_NOTIFY_TOKEN: TOKEN }],
    ['its hash', { MOTE_NOTIFY_TOKEN: wordHash(hashToken(TOKEN)) }],
    ['in a file', { MOTE_NOTIFY_TOKEN_FILE: '/run/token' }],
  ];
  for (const [name, env] of on) {
    test(`on: ${name}`, () => {
      const { config, problems } = read({ ...env, ...robot }, { '/run/token': `${TOKEN}\r\n` });
      assert.deepEqual(problems, []);
      assert.deepEqual(config?.users, [
        {
          name: 'default',
          tokenHashes: [hashToken(TOKEN)],
          channels: ['wecom-robot'],
          limit: { burst: 60, perMinute: 60 },
        },
      ]);
    });
  }

  const wrong: readonly [name: string, env: Readonly<Record<string, string>>, problem: RegExp][] = [
    ['short', { MOTE_NOTIFY_TOKEN: 'short', ...robot }, /^MOTE_NOTIFY_TOKEN: .*not shown.*12 characters$/],
    ['a space', { MOTE_NOTIFY_TOKEN: 'a-token of-mine', ...robot }, /^MOTE_NOTIFY_TOKEN: .*RFC 6750\)$/],
    ['in quotes', { MOTE_NOTIFY_TOKEN: `"${TOKEN}"`, ...robot }, /^MOTE_NOTIFY_TOKEN: is in quotes/],
    ['a secret in quotes', { MOTE_NOTIFY_TOKEN: TOKEN, WECOM_ROBOT_KEY: "'k'" }, /^WECOM_ROBOT_KEY: is in/],
    [
      'a text in quotes',
      { MOTE_NOTIFY_TOKEN: TOKEN, SMTP_URL: 'smtps://h', SMTP_TO: 'a@b.c', SMTP_FROM: '"a@b.c"' },
      /^SMTP_FROM: is in quotes/,
    ],
    ['JSON in quotes', { MOTE_NOTIFY_TOKEN: TOKEN, WEBHOOK_JSON: `'{"a":1}'` }, /^WEBHOOK_JSON: is in/],
    ['half a hash', { MOTE_NOTIFY_TOKEN: 'sha256:123456', ...robot }, /^MOTE_NOTIFY_TOKEN: .*64 hexa/],
    ['the hash of nothing', { MOTE_NOTIFY_TOKEN: wordHash(hashToken('')), ...robot }, /^MOTE_NOTIFY_TOKEN: /],
    [
      'twice',
      { MOTE_NOTIFY_TOKEN: TOKEN, MOTE_NOTIFY_TOKEN_FILE: '/f', ...robot },
      /allowed: one of the two$/,
    ],
    ['no file', { MOTE_NOTIFY_TOKEN_FILE: '/s3cret', ...robot }, /^MOTE_NOTIFY_TOKEN_FILE: .*ENOENT/],
    ['an empty file', { MOTE_NOTIFY_TOKEN_FILE: '/empty', ...robot }, /names a file that is empty/],
    ['no channel', { MOTE_NOTIFY_TOKEN: TOKEN }, /^MOTE_NOTIFY_TOKEN: set without a channel/],
  ];
  for (const [name, env, problem] of wrong) {
    test(`refused: ${name}`, () => {
      const { config, problems } = read(env, { '/empty': '\n', '/f': TOKEN });
      assert.equal(config, undefined);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', problem);
      assert.doesNotMatch(problems[0] ?? '', /s3cret|short,|a-token/);
    });
  }
});

describe('channels', () => {
  test('quotes of JSON, and those of a name in an address, are no mistake', () => {
    const { config, problems } = read({
      MOTE_NOTIFY_TOKEN: TOKEN,
      WEBHOOK_URL: 'https://example.com/',
      WEBHOOK_SUCCESS_FIELD: 'status',
      WEBHOOK_SUCCESS_EQUALS: '"ok"',
      SMTP_URL: 'smtps://h',
      SMTP_TO: 'a@b.c',
      SMTP_FROM: '"B, Ann" <a@b.c>',
    });
    assert.deepEqual(problems, []);
    assert.equal(config?.channels.length, 2);
  });

  test('texts of variables become what the file would hold', () => {
    const { config, problems } = read(
      {
        MOTE_NOTIFY_TOKEN: TOKEN,
        WECOM_CORP_ID: 'c',
        WECOM_SECRET_FILE: '/s',
        WECOM_AGENT_ID: '1000002',
        WECOM_USERS: 'a, b',
        WECOM_SAFE: 'on',
        WEBHOOK_URL: 'https://h',
        WEBHOOK_JSON: '{"a":"{{text}}"}',
        WEBHOOK_SUCCESS_STATUSES: '200,204',
        WEBHOOK_SUCCESS_EQUALS: '0',
        WEBHOOK_HEADERS: '{"x":"y"}',
        TENCENT_VARIABLES: '["{{title}}, {{text}}"]',
        TENCENT_SECRET_ID: 'i',
        TENCENT_SECRET_KEY: 'k',
        TENCENT_REGION: 'r',
        TENCENT_APP_ID: '1400',
        TENCENT_TEMPLATE_ID: 't',
        TENCENT_TO: '+8613,\n+8614',
      },
      { '/s': 'secret\n' },
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      config?.channels.map(({ name, values }) => [name, { ...values }]),
      [
        ['wecom', { corpId: 'c', secret: 'secret', agentId: 1000002, users: ['a', 'b'], safe: true }],
        [
          'tencent',
          {
            secretId: 'i',
            secretKey: 'k',
            region: 'r',
            appId: '1400',
            templateId: 't',
            variables: ['{{title}}, {{text}}'],
            to: ['+8613', '+8614'],
          },
        ],
        [
          'webhook',
          {
            url: 'https://h',
            headers: { x: 'y' },
            json: { a: '{{text}}' },
            successStatuses: [200, 204],
            successEquals: 0,
          },
        ],
      ],
    );
  });

  test('JSON with a secret may stand in a file', () => {
    const env = { MOTE_NOTIFY_TOKEN: TOKEN, WEBHOOK_URL: 'https://h', WEBHOOK_HEADERS_FILE: '/h' };
    const { config, problems } = read(
      { ...env, WEBHOOK_JSON_FILE: '/j' },
      { '/h': '{"k":"v"}\n', '/j': '[1]' },
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(config?.channels[0]?.values, { url: 'https://h', headers: { k: 'v' }, json: [1] });
  });

  const wrong: readonly [name: string, env: Readonly<Record<string, string>>, problem: RegExp][] = [
    [
      'half of a channel',
      { SMTP_URL: 'smtps://h', SMTP_TO: 'a@b.c' },
      /^SMTP_FROM: missing; channel smtp needs it/,
    ],
    [
      'a word as id',
      { WECOM_CORP_ID: 'c', WECOM_SECRET: 's', WECOM_AGENT_ID: 'x' },
      /^WECOM_AGENT_ID: received a value that is not shown .* allowed: a whole number/,
    ],
    [
      'no switch',
      { WECOM_CORP_ID: 'c', WECOM_SECRET: 's', WECOM_AGENT_ID: '1', WECOM_SAFE: 'si' },
      /^WECOM_SAFE/,
    ],
    [
      'no JSON',
      { WEBHOOK_URL: 'https://h', WEBHOOK_JSON: '{"key": "s3cret",}' },
      /^WEBHOOK_JSON: not valid JSON from line 1, column 18 on$/,
    ],
    [
      'a header as it is sent',
      { WEBHOOK_URL: 'https://h', WEBHOOK_HEADERS: 'Authorization: Bearer s3cret' },
      /^WEBHOOK_HEADERS: not valid JSON from line 1, column 1 on$/,
    ],
    [
      'JSON that is only a text',
      { WEBHOOK_URL: 'https://h', WEBHOOK_JSON: '"s3cret"' },
      /^WEBHOOK_JSON: received a value that is not shown because it is secret; allowed: an object/,
    ],
    [
      'half of a list',
      { WEBHOOK_URL: 'https://h', WEBHOOK_ALLOW_ADDRESSES: '["10.0.0.1"' },
      /^WEBHOOK_ALLOW_ADDRESSES: not valid JSON from line 1, column 12 on$/,
    ],
    [
      'the secret in place of the id',
      { WECOM_CORP_ID: 'c', WECOM_SECRET: '1', WECOM_AGENT_ID: 's3cret' },
      /^WECOM_AGENT_ID: received a value that is not shown/,
    ],
    [
      'no statuses',
      { WEBHOOK_URL: 'https://h', WEBHOOK_SUCCESS_STATUSES: 'ok' },
      /^WEBHOOK_SUCCESS_STATUSES/,
    ],
    [
      'a secret twice',
      { WECOM_ROBOT_KEY: 'k', WECOM_ROBOT_KEY_FILE: '/f' },
      /^WECOM_ROBOT_KEY: set together/,
    ],
  ];
  for (const [name, env, problem] of wrong) {
    test(`refused: ${name}`, () => {
      const { config, problems } = read({ MOTE_NOTIFY_TOKEN: TOKEN, ...env });
      assert.equal(config, undefined);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', problem);
      assert.doesNotMatch(problems[0] ?? '', /s3cret/);
    });
  }
});
