/** The examples of docs/hooks.md, each with what its sender sends. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { sent } from '../support/hook-samples.ts';
import { signed, startHooked } from '../support/hooks.ts';

const document = readFileSync(new URL('../../docs/hooks.md', import.meta.url), 'utf8');
const blocks = [...document.matchAll(/^```json\n(.*?)^```$/gms)].map(([, json = '']) => JSON.parse(json));
const examples: object = Object.assign({}, ...blocks.filter((block) => !block.channels && !block.templates));
const { hooks } = blocks.find(({ channels }) => channels);
const { templates } = blocks.find((block) => block.templates);

const hooked = await startHooked(
  { after },
  { ...hooks, ...examples },
  {
    args: ['--notify-dialects', 'alertmanager'],
    sections: { templates },
  },
);

describe('what senders send', () => {
  for (const { name, path, body, headers = {}, signature, expected } of sent) {
    test(name, async () => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const [header, prefix] = signature ?? [];
      const signing = header === undefined ? {} : { [header]: `${prefix}${signed(text)}` };
      const before = hooked.delivered.length;
      const { http } = await hooked.post(`/notify/hook/${path}`, text, {
        headers: { ...headers, ...signing },
      });
      assert.equal(http, expected ? 200 : 204);
      // Two channels of one kind.
      const messages = hooked.delivered.slice(before);
      assert.equal(messages.length, expected ? 2 : 0);
      for (const message of messages) assert.deepEqual(message, { ...message, ...expected });
    });
  }

  test('every example', () => {
    const tested = new Set(sent.map(({ path }) => path.split('/', 1)[0]));
    assert.deepEqual(
      Object.keys({ ...hooks, ...examples }).filter((name) => !tested.has(name)),
      [],
    );
  });
});

describe('an alarm that comes again is another one', () => {
  const again: readonly [path: string, body: object][] = [
    ['jellyfin', { NotificationType: 'AuthenticationFailure', ServerName: 'den', ExceptionMessage: 'no' }],
    ['arr', { eventType: 'Health', instanceName: 'Sonarr', level: 'error', message: 'Indexer down' }],
    ['kuma', { heartbeat: null, monitor: null, msg: 'The certificate expires' }],
    ['healthchecks', { title: 'backup', text: 'down', status: 'down' }],
    ['proxmox', { title: 'vzdump', text: 'failed', severity: 'error', host: 'pve1' }],
  ];
  for (const [path, body] of again) {
    test(path, async () => {
      const before = hooked.delivered.length;
      for (let i = 0; i < 2; i++) await hooked.post(`/notify/hook/${path}`, JSON.stringify(body));
      // By two channels.
      assert.equal(hooked.delivered.length - before, 4);
    });
  }
});

test('alerts in the words of the operator', async () => {
  const alerts = [
    {
      status: 'firing',
      labels: { alertname: 'DiskFull', instance: 'web-1' },
      annotations: { summary: 'full' },
    },
    {
      status: 'resolved',
      labels: { alertname: 'DiskFull', instance: 'web-2' },
      annotations: { description: 'ok' },
    },
  ];
  const group = {
    version: '4',
    status: 'firing',
    groupLabels: { alertname: 'DiskFull' },
    externalURL: 'http://am.example',
    alerts,
  };
  const { http } = await hooked.post('/notify/alertmanager', JSON.stringify(group));
  assert.equal(http, 200);
  assert.deepEqual(hooked.delivered.at(-1), {
    title: 'firing: DiskFull (2)',
    text: '- firing web-1: full\n- resolved web-2: ok\nhttp://am.example',
    url: 'http://am.example/',
  });
});
