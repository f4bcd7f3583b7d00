import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './fixtures.ts';
import type { StopSignal } from './io.ts';
import { signalQueue } from './signals.ts';

const rows: readonly (readonly [
  name: string,
  sent: readonly (readonly [atMs: number, signal: StopSignal])[],
  arrived: readonly StopSignal[],
])[] = [
  ['one', [[0, 'SIGINT']], ['SIGINT']],
  [
    'Ctrl-C under npm: from the terminal, and from npm',
    [
      [0, 'SIGINT'],
      [3, 'SIGINT'],
      [90, 'SIGINT'],
    ],
    ['SIGINT'],
  ],
  [
    'somebody in a hurry',
    [
      [0, 'SIGINT'],
      [300, 'SIGINT'],
    ],
    ['SIGINT', 'SIGINT'],
  ],
  [
    'echoes do not prolong themselves',
    [
      [0, 'SIGTERM'],
      [150, 'SIGTERM'],
      [250, 'SIGTERM'],
    ],
    ['SIGTERM', 'SIGTERM'],
  ],
  [
    'another one counts at once',
    [
      [0, 'SIGTERM'],
      [1, 'SIGINT'],
    ],
    ['SIGTERM', 'SIGINT'],
  ],
];

for (const [name, sent, expected] of rows) {
  test(`signals: ${name}`, async () => {
    const world = new World();
    let nowMs = 1000;
    const queue = signalQueue(world.io, () => nowMs);
    for (const [atMs, signal] of sent) {
      nowMs = 1000 + atMs;
      world.signal(signal);
    }
    const arrived: (StopSignal | 'none')[] = [];
    for (let i = 0; i <= expected.length; i++) {
      arrived.push(await Promise.race([queue.next(), Promise.resolve('none' as const)]));
    }
    assert.deepEqual(arrived, [...expected, 'none']);
  });
}
