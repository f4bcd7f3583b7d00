/**
 * Compares the codec with the parser of `node:http`: both must understand accepted requests in the same way.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { connectionText, Oracle, readConnection, smuggled } from './fixtures.ts';

const oracle = new Oracle();

test('llhttp accepts all accepted requests, with the same words, bodies and boundaries', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(connectionText, async (text) => {
      const { requests } = readConnection(text);
      accepted += requests.length;
      await oracle.confirm(requests, text);
    }),
    { numRuns: 3000 },
  );
  assert.ok(accepted > 500, `only ${accepted} requests were accepted: too few for a meaningful comparison`);
});

describe('nothing is smuggled', () => {
  for (const [name, text] of Object.entries(smuggled)) {
    test(name, () => {
      const { requests, refusal } = readConnection(text);
      assert.deepEqual([requests, refusal !== undefined], [[], true]);
    });
  }
});
