import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestFacts } from '../../http/types.ts';
import { compileHook } from './hook.ts';

test('the header for an idempotency key is read as in all requests, and an empty one is none', () => {
  const hook = compileHook({ name: 'plain' });
  assert.ok(hook.ok);
  const keyWith = (headers: RequestFacts['headers']) => {
    const facts = { headers, body: Buffer.from('{"text":"a"}') } as unknown as RequestFacts;
    return hook.value.translate(facts, undefined)?.idempotencyKey;
  };
  const [given, quoted, other] = ['k', ' "k" ', 'l'].map((key) => keyWith({ 'idempotency-key': key }));
  assert.ok(given);
  assert.equal(quoted, given);
  assert.notEqual(other, given);
  for (const headers of [{}, { 'idempotency-key': '' }, { 'idempotency-key': ' ' }])
    assert.equal(keyWith(headers), undefined);
});
