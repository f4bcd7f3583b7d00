/** The codec beside the parser of `node:http`: what it takes, that one understands in the same way. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { connectionText, Oracle, readConnection, smuggled } from './fixtures.ts';

const oracle = new Oracle();

test('what is taken llhttp takes too, with the same words, the same body and the same borders', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(connectionText, async (text) => {
      const { requests } = readConnection(text);
      accepted += requests.length;
      await oracle.confirm(requests, text);
    }),
    { numRuns: 3000 },
  );
  assert.ok(
    accepted > 1000,
    `only ${accepted} requests were taken: the samples are too bad to show anything`,
  );
});

describe('nothing is smuggled', () => {
  for (const [name, text] of Object.entries(smuggled)) {
    test(name, () => {
      const { requests, refusal } = readConnection(text);
      assert.deepEqual([requests, refusal !== undefined], [[], true]);
    });
  }
});
