import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { World } from './fixtures.ts';
import type { StopSignal } from './io.ts';
import { signalQueue } from './signals.ts';

const cases: readonly [name: string, hasTerminal: boolean, came: readonly StopSignal[], told: string][] = [
  ['each counts, in order', false, ['SIGTERM', 'SIGINT', 'SIGQUIT'], 'SIGTERM SIGINT SIGQUIT'],
  ['a terminal closes', true, ['SIGHUP'], 'SIGHUP'],
  ['the kernel and the shell say so', true, ['SIGHUP', 'SIGHUP', 'SIGTERM'], 'SIGHUP SIGTERM'],
  ['a service manager sends SIGHUP along', true, ['SIGTERM', 'SIGHUP'], 'SIGTERM'],
  ['without a terminal SIGHUP asks for nothing', false, ['SIGHUP', 'SIGTERM', 'SIGHUP'], 'SIGTERM'],
];

describe('signals that are told', () => {
  for (const [name, hasTerminal, came, told] of cases) {
    for (const early of [true, false]) {
      test(`${name}, ${early ? 'before' : 'after'} somebody asks`, async () => {
        let send: (signal: StopSignal) => void = () => assert.fail('nobody listens');
        const queue = signalQueue({ hasTerminal, onSignal: (listener) => (send = listener) });
        const got: StopSignal[] = [];
        const collect = async () => {
          for (const _ of told.split(' ')) got.push(await queue.next());
        };
        const collected = early ? undefined : collect();
        for (const signal of came) {
          send(signal);
          if (!early) await Promise.resolve();
        }
        await (collected ?? collect());
        assert.equal(got.join(' '), told);
        const more = await Promise.race([queue.next(), Promise.resolve('nothing')]);
        assert.equal(more, 'nothing');
      });
    }
  }
});

const echoes: readonly (readonly [
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

for (const [name, sent, expected] of echoes) {
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
