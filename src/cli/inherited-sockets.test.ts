import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Env } from '../config/system.ts';
import { inheritedSockets } from './inherited-sockets.ts';

const cases: readonly (readonly [name: string, env: Env, expected: readonly number[] | undefined])[] = [
  ['none', {}, undefined],
  ['one', { LISTEN_PID: '7', LISTEN_FDS: '1' }, [3]],
  ['several', { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'a:b:c' }, [3, 4, 5]],
  ['for the process that started this one', { LISTEN_PID: '6', LISTEN_FDS: '1' }, undefined],
  ['for nobody', { LISTEN_FDS: '1' }, undefined],
  ['zero', { LISTEN_PID: '7', LISTEN_FDS: '0' }, undefined],
  ['not a number', { LISTEN_PID: '7', LISTEN_FDS: '-1' }, undefined],
  ['too many', { LISTEN_PID: '7', LISTEN_FDS: '65' }, undefined],
];

for (const [name, env, expected] of cases) {
  test(`sockets of the environment: ${name}`, () => {
    assert.deepEqual(inheritedSockets(env, 7), expected);
  });
}
