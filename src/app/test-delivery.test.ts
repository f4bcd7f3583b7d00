import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { testDelivery } from './test-delivery.ts';

/** Accepts connections, and says nothing. */
async function silence(t: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    t.after(() => socket.destroy());
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

test('a provider that says nothing is left after the time limit', async (t) => {
  const port = await silence(t);
  const began = performance.now();
  const outcomes = await Promise.all([
    testDelivery(
      {
        kind: 'webhook',
        name: 'a',
        values: { url: `http://127.0.0.1:${port}/`, allowAddresses: ['127.0.0.1'] },
      },
      '',
      200,
    ),
    testDelivery(
      {
        kind: 'smtp',
        name: 'b',
        values: { url: `smtp://127.0.0.1:${port}?security=none`, from: 'a@b.test', to: ['c@d.test'] },
      },
      '',
      200,
    ),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => [outcome.kind, 'reason' in outcome ? outcome.reason : '']),
    [
      ['retry', 'it took too long'],
      ['retry', 'it took too long'],
    ],
  );
  assert.ok(performance.now() - began < 5000);
});
