import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Crew } from './crew.ts';
import { START_TIMEOUT_MS } from './protocol.ts';

/** Two workers. */
function crewOf(script: readonly string[], event: () => void = () => undefined): Crew {
  const order = {
    argv: [],
    texts: {},
    workers: 2,
    sockets: 0,
    isInherited: false,
    redirects: false,
    keyPair: undefined,
  };
  return new Crew({
    script,
    descriptors: [],
    order,
    event,
    onLines: () => undefined,
    answerersFor: () => ({}),
  });
}

test('a worker that does not come to serve is too slow, and not killed by somebody', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const crew = crewOf(['-e', 'setInterval(() => undefined, 1000)']);
  const start = assert.rejects(crew.start(), {
    code: 'worker_slow',
    message: 'a worker did not begin to serve within 30 s',
  });
  t.mock.timers.tick(START_TIMEOUT_MS);
  await start;
});

test('a worker that ends while all are asked for their counts is counted once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mote-crew-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = [join(import.meta.dirname, 'lone-worker-fixtures.ts'), folder];
  const crew = crewOf(script, () => writeFileSync(join(folder, 'ended'), ''));
  t.after(() => crew.kill());
  await crew.start();
  const requests = async () => {
    const counts = await crew.counts();
    return counts.reduce((sum, one) => sum + one.requests.reduce((a, b) => a + b, 0), 0);
  };
  assert.equal(await requests(), 2);
  assert.equal(await requests(), 2);
});
