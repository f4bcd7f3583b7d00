import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Crew } from './crew.ts';

test('a worker that ends while all are asked for their counts is counted once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mote-crew-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const crew = new Crew({
    script: [join(import.meta.dirname, 'lone-worker-fixture.ts'), folder],
    descriptors: [],
    order: { argv: [], texts: {}, workers: 2, sockets: 0, isInherited: false },
    event: () => writeFileSync(join(folder, 'ended'), ''),
    onLines: () => undefined,
    answerersFor: () => ({}),
  });
  t.after(() => crew.kill());
  await crew.start();
  const requests = async () => {
    const counts = await crew.counts();
    return counts.reduce((sum, one) => sum + one.requests.reduce((a, b) => a + b, 0), 0);
  };
  assert.equal(await requests(), 2);
  assert.equal(await requests(), 2);
});
