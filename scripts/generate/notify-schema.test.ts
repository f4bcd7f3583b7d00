import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readNotifyFile } from '../../src/config/notify/file.ts';
import { notifySchema } from './notify-schema.ts';

const validate = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(
  JSON.parse(notifySchema()) as object,
);

const HASH = `sha256:${'a'.repeat(64)}`;
const robot = { kind: 'wecom-robot', key: 'k' };

function fileWith(channel: unknown, user: unknown = { tokens: [HASH] }): unknown {
  return { users: { ann: user }, channels: { c: channel } };
}

const files: readonly [name: string, isGood: boolean, file: unknown][] = [
  ['the least', true, fileWith(robot)],
  ['named schema', true, { $schema: 'x', ...(fileWith(robot) as object) }],
  ['secret in a file', true, fileWith({ ...robot, key: { file: '/f' } })],
  ['secret in nothing', false, fileWith({ ...robot, key: {} })],
  ['no key', false, fileWith({ kind: 'wecom-robot' })],
  ['no kind', false, fileWith({ key: 'k' })],
  ['unknown kind', false, fileWith({ kind: 'x' })],
  ['key of another kind', false, fileWith({ ...robot, corpId: 'x' })],
  ['unknown style', false, fileWith({ ...robot, style: 'textcard' })],
  ['style', true, fileWith({ ...robot, style: 'markdown' })],
  ['mail', true, fileWith({ kind: 'smtp', url: 'smtps://h', from: 'a@b.c', to: ['d@e.f'] })],
  ['mail to nobody', false, fileWith({ kind: 'smtp', url: 'smtps://h', from: 'a@b.c', to: [] })],
  [
    'template',
    true,
    fileWith({ kind: 'webhook', url: 'https://h', json: { a: [1, null] }, successEquals: null }),
  ],
  ['template in a text', false, fileWith({ kind: 'webhook', url: 'https://h', json: '{}' })],
  ['statuses', false, fileWith({ kind: 'webhook', url: 'https://h', successStatuses: [600] })],
  ['secret header', true, fileWith({ kind: 'webhook', url: 'https://h', headers: { a: { env: 'PATH' } } })],
  ['limits', true, fileWith(robot, { tokens: [HASH], burst: 1, perMinute: 1, channels: ['c'] })],
  ['no limit', false, fileWith(robot, { tokens: [HASH], burst: 0 })],
  ['plain token', false, fileWith(robot, { tokens: ['mote_abc'] })],
  ['unknown key of a user', false, fileWith(robot, { tokens: [HASH], name: 'x' })],
  ['bad name', false, { users: { 'a b': { tokens: [HASH] } }, channels: { c: robot } }],
  ['no users', false, { channels: { c: robot } }],
  ['empty users', false, { users: {}, channels: { c: robot } }],
  ['unknown section', false, { ...(fileWith(robot) as object), extra: 1 }],
  ['a list', false, []],
  ['hook', true, withHook({})],
  [
    'hook with everything',
    true,
    withHook({
      title: '{{/a}}',
      text: '{{/b}}',
      format: 'markdown',
      url: '/c',
      priority: '/d',
      priorities: { bad: 5 },
      tags: ['x'],
      idempotencyKey: '/e',
      match: { '/f': [1, 'x', null] },
      ignore: { '/f': true },
      channels: ['c'],
      tokenInUrl: true,
      secret: { env: 'PATH' },
      signature: 'gitea',
      signatureHeader: 'X-Other',
      user: 'ann',
    }),
  ],
  ['hook with an unknown key', false, withHook({ titel: 'x' })],
  ['hook with a priority of 6', false, withHook({ priorities: { bad: 6 } })],
  ['hook with an object as condition', false, withHook({ match: { '/a': {} } })],
  ['hook with a condition that never holds', false, withHook({ match: { '/a': [] } })],
  ['hook that is open to everybody', false, withHook({ user: 'ann' })],
  ['hook with a signature of nothing', false, withHook({ signature: 'github' })],
  ['no hooks', false, { ...(fileWith(robot) as object), hooks: {} }],
  [
    'templates',
    true,
    { ...(fileWith(robot) as object), templates: { alertmanager: { title: 'x', format: 'text' } } },
  ],
  ['templates of another dialect', false, { ...(fileWith(robot) as object), templates: { ntfy: {} } }],
  ['templates in a list', false, { ...(fileWith(robot) as object), templates: [] }],
];

function withHook(hook: object): unknown {
  return { ...(fileWith(robot) as object), hooks: { h: hook } };
}

describe('the schema and the program agree', () => {
  for (const [name, isGood, file] of files) {
    test(`${isGood ? 'good' : 'bad'}: ${name}`, () => {
      const read = readNotifyFile('n.json', file, { env: process.env, readFile: () => 'secret' });
      assert.equal(read.ok, isGood, read.ok ? '' : read.error.join('\n'));
      assert.equal(validate(file), isGood, JSON.stringify(validate.errors));
    });
  }
});
