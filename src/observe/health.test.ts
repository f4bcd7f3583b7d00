import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Plan } from '../http/types.ts';
import { healthStage } from './health.ts';

function ask(method: string, path: string, draining = false): Plan | undefined {
  const stage = healthStage('/healthz', { draining });
  const plan = stage({ method, target: path, path, query: '', headers: {}, client: '' });
  assert.ok(!(plan instanceof Promise));
  return plan;
}

const expected = (status: number, text: string): Plan => ({
  status,
  headers: [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(text.length),
    'Cache-Control',
    'no-store',
  ],
  body: { kind: 'text', text },
});

describe('health', () => {
  for (const method of ['GET', 'HEAD']) {
    test(`${method} while serving`, () => assert.deepEqual(ask(method, '/healthz'), expected(200, 'ok\n')));
    test(`${method} while draining`, () =>
      assert.deepEqual(ask(method, '/healthz', true), expected(503, 'draining\n')));
  }

  test('the state is looked up at each request', () => {
    const state = { draining: false };
    const stage = healthStage('/healthz', state);
    state.draining = true;
    const facts = { method: 'GET', target: '/healthz', path: '/healthz', query: '', headers: {}, client: '' };
    assert.deepEqual(stage(facts), expected(503, 'draining\n'));
  });

  test('other methods are refused', () => {
    for (const method of ['POST', 'DELETE', 'OPTIONS']) {
      const plan = ask(method, '/healthz');
      assert.equal(plan?.status, 405);
      assert.match(plan?.headers.join(' ') ?? '', /Allow GET, HEAD/);
    }
  });

  test('other paths are not its own', () => {
    for (const path of ['/', '/healthz/', '/health']) assert.equal(ask('GET', path), undefined);
  });
});
