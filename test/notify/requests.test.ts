/** Clients that cannot be run here: their exact requests, as their sources make them. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startNotifyServer, TOKEN } from '../support/notify-server.ts';

const shared = await startNotifyServer({ after });
const plain = { title: '磁盘', text: 'full: 满了', url: '' };

describe('the exact request of', () => {
  const bearer = { Authorization: `Bearer ${TOKEN}` };
  const json = { 'Content-Type': 'application/json' };
  const { title, text } = plain;
  type Sent = readonly [name: string, path: string, headers: Record<string, string>, body: unknown];
  const requests: readonly Sent[] = [
    [
      'Uptime Kuma, ntfy',
      '/',
      { ...json, ...bearer },
      {
        topic: 'kuma',
        message: text,
        priority: 4,
        title,
        tags: ['red_circle'],
        actions: [{ action: 'view', label: 'Open', url: 'https://x.example/' }],
      },
    ],
    ['Uptime Kuma, gotify', `/message?token=${TOKEN}`, json, { message: text, priority: 8, title }],
    [
      'Home Assistant (aiontfy)',
      '/',
      { ...json, ...bearer },
      {
        topic: 'ha',
        message: text,
        title,
        tags: [],
        priority: null,
        actions: [],
        click: null,
        attach: null,
        markdown: false,
        icon: null,
        filename: null,
        delay: null,
        email: null,
        call: null,
        sequence_id: null,
      },
    ],
    ['shoutrrr, gotify', `/message?token=${TOKEN}`, json, { message: text, title, priority: 0 }],
    [
      'the app and the scripts of Bark',
      '/push',
      { 'Content-Type': 'application/json; charset=utf-8' },
      {
        title,
        body: text,
        device_key: TOKEN,
        badge: 1,
        sound: 'minuet.caf',
        isArchive: '1',
        autoCopy: 1,
      },
    ],
    [
      'apprise-api with a query',
      `/notify/${TOKEN}?title=${encodeURIComponent(title)}&tag=all`,
      json,
      { body: text },
    ],
  ];
  for (const [name, path, headers, body] of requests) {
    test(name, async () => {
      const { origin, received } = shared;
      const before = received.length;
      const response = await fetch(`${origin}${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 200, await response.text());
      assert.deepEqual(received.slice(before), [plain]);
    });
  }
});
