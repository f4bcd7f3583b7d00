import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveryMetrics } from './deliveries.ts';

/** Samples by name and labels. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

const sample = (channel: string, result: string) =>
  `mote_notify_attempts_total{channel="${channel}",result="${result}"}`;

test('every series is there from the start, at zero', () => {
  const samples = samplesOf(deliveryMetrics(['mail', 'phone']).render({ waiting: 0, dead: undefined }));
  const channels = ['mail', 'phone', 'unknown'];
  const results = ['delivered', 'retry', 'failed'];
  assert.deepEqual(
    [...samples],
    [
      ...channels.flatMap((channel) => results.map((result) => [sample(channel, result), 0] as const)),
      ['mote_notify_messages', 0],
    ],
  );
});

test('attempts are counted by channel and by how they ended', () => {
  const metrics = deliveryMetrics(['mail', 'phone']);
  metrics.count('mail', 'pending');
  metrics.count('mail', 'pending');
  metrics.count('mail', 'delivered');
  metrics.count('phone', 'failed');
  const samples = samplesOf(metrics.render({ waiting: 7, dead: undefined }));
  assert.deepEqual(
    [...samples].filter(([, value]) => value > 0),
    [
      [sample('mail', 'delivered'), 1],
      [sample('mail', 'retry'), 2],
      [sample('phone', 'failed'), 1],
      ['mote_notify_messages', 7],
    ],
  );
});

test('channels that are not configured any more are one series', () => {
  const metrics = deliveryMetrics(['mail']);
  for (const channel of ['gone', 'gone too', '"}\n', '__proto__']) metrics.count(channel, 'failed');
  const text = metrics.render({ waiting: 0, dead: undefined });
  assert.equal(samplesOf(text).get(sample('unknown', 'failed')), 4);
  assert.equal(
    text.split('\n').length,
    deliveryMetrics(['mail']).render({ waiting: 0, dead: undefined }).split('\n').length,
  );
});

test('the text is of the exposition format: each family once, with help and type before its samples', () => {
  const text = deliveryMetrics(['mail']).render({ waiting: 3, dead: undefined });
  assert.ok(text.endsWith('\n'));
  const lines = text.slice(0, -1).split('\n');
  const families = [
    ['mote_notify_attempts_total', 'counter'],
    ['mote_notify_messages', 'gauge'],
  ];
  const heads = lines.filter((line) => line.startsWith('#'));
  assert.deepEqual(
    heads.map((line) => line.split(' ').slice(1, 3)),
    families.flatMap(([name]) => [
      ['HELP', name],
      ['TYPE', name],
    ]),
  );
  for (const [name, type] of families) assert.ok(lines.includes(`# TYPE ${name} ${type}`));
  let family = '';
  for (const line of lines) {
    if (line.startsWith('#')) family = line.split(' ')[2] ?? '';
    else assert.match(line, new RegExp(`^${family}(\\{channel="[^"\\\\]+",result="\\w+"\\})? \\d+$`));
  }
});

test('what was given up is told where it is kept', () => {
  const metrics = deliveryMetrics(['mail']);
  metrics.countRemoved(3);
  metrics.countRemoved(2);
  const samples = samplesOf(metrics.render({ waiting: 0, dead: 4 }));
  assert.deepEqual([...samples].slice(-2), [
    ['mote_notify_dead_messages', 4],
    ['mote_notify_dead_messages_removed_total', 5],
  ]);
});
