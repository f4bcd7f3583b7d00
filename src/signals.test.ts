import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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
