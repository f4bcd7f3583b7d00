/** What tests of the engines start servers with. */
import assert from 'node:assert/strict';
import type { Hooks, Limits } from './contract.ts';

/** Generous for tests that are not about limits. */
export const LIMITS: Limits = {
  headerTimeoutMs: 5000,
  requestTimeoutMs: 5000,
  idleTimeoutMs: 60_000,
  sendTimeoutMs: 5000,
  maxConnections: 1000,
  maxHeaderBytes: 16_384,
  maxTargetBytes: 8192,
  maxBodyBytes: 1024,
  maxRequestsPerConnection: 1000,
};

/** Hooks that ignore everything but `own`, and in which a defect fails the test. */
export function hooksWith(own: Partial<Hooks> & Pick<Hooks, 'handle'>): Hooks {
  return {
    defaultHeaders: () => [],
    clientOf: (peer) => peer,
    onConnection: () => undefined,
    onStart: () => undefined,
    onEnd: () => undefined,
    onRefused: () => undefined,
    onExhausted: () => undefined,
    onFault: (error) => assert.fail(String(error)),
    ...own,
  };
}
