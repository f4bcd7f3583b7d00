import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startProvider } from '../../../../test/support/providers/presets.ts';
import { createClient } from '../../../net/http-client.ts';
import { deliver, during, errorOf } from '../fixtures.ts';
import { createPresetChannel } from './channel.ts';
import { make, settings } from './fixtures.ts';
import { type PresetName, presets } from './presets.ts';
import type { Preset, Values } from './row.ts';

describe('settings', () => {
  const faults: readonly [name: PresetName, values: Values, error: RegExp][] = [
    ['slack', { url: 'https://hooks.slack.com/triggers/T/1/abc' }, /^url: belongs to a workflow/],
    [
      'teams',
      { url: 'https://acme.webhook.office.com/webhookb2/x' },
      /^url: belongs to a connector .* ended/,
    ],
    ['discord', { url: 'discord.com/api/webhooks/1/t' }, /^url: not a URL$/],
    ['discord', { url: 'https://discord.com/channels/1/2' }, /^url: is none of a webhook/],
    ['discord', { url: 'https://discord.com/api/webhooks/1/t/slack' }, /^url: is none of a webhook/],
    ['ntfy', { base: 'https://ntfy.sh/alerts', topic: 'alerts' }, /^base: has a path; .* topic$/],
    ['bark', { base: 'https://h/?x', key: 'k' }, /^base: has a query/],
    ['gotify', { base: 'https://u:%zz@h', token: 't' }, /^base: user or password .* not percent-encoded/],
    ['gotify', { base: 'ftp://h', token: 't' }, /^base: neither an http: nor an https: URL$/],
  ];
  for (const [name, values, error] of faults) {
    test(`${name}: ${error.source}`, () => {
      const row: Preset = presets[name];
      assert.match(errorOf(createPresetChannel(row, { name: 'c', values }, createClient())), error);
    });
  }

  for (const url of [
    'https://discord.com/api/webhooks/1/t-_x',
    'https://canary.discord.com/api/v10/webhooks/1/t?thread_id=2',
    'https://discordapp.com/api/webhooks/1/t/',
  ]) {
    test(`discord: ${url}`, () => assert.equal(make('discord', { url }).name, 'c'));
  }

  test('user and password of the address are sent, unless the provider wants a token there', async (t) => {
    for (const name of ['bark', 'ntfy'] as const) {
      const provider = during(t, await startProvider(name));
      const base = provider.origin.replace('//', '//me:pass%20word@');
      assert.equal((await deliver(make(name, { ...settings[name](base) }))).kind, 'delivered');
      const expected = {
        bark: `Basic ${Buffer.from('me:pass word').toString('base64')}`,
        ntfy: 'Bearer tk_1',
      };
      assert.equal(provider.received[0]?.headers.authorization, expected[name]);
    }
  });

  const addresses: readonly [key: string, base: string][] = [
    ['SCT123T', 'https://sctapi.ftqq.com'],
    ['sctp42tABC', 'https://42.push.ft07.com/send'],
  ];
  for (const [key, base] of addresses) {
    test(`the address of ${key}`, () => {
      assert.equal(presets.serverchan.base({ key }), base);
    });
  }
});
