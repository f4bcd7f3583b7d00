/** No request holds the event loop for long: everybody else waits meanwhile. `npm run attack -- --loop` shows all in numbers. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { MAX_TURN_MS } from '../support/cpu.ts';
import { engineBetween, isSource } from '../support/target.ts';
import { worksWith } from '../support/turn-works.ts';
import { startTurns } from '../support/turns.ts';

/** What else happens (compilation, garbage) only adds. */
const ROUNDS = 12;

/** Of an executable it is what a client sees: the rest of one turn, and the next one. */
const SEEN_TURNS = 2;
const mostMs = isSource ? MAX_TURN_MS : SEEN_TURNS * MAX_TURN_MS;

describe('the longest turn', { skip: engineBetween }, async () => {
  if (engineBetween !== false) return;
  const turns = await startTurns(false);
  after(() => turns.stop());
  for (const [name, work] of Object.entries(worksWith(false))) {
    test(name, async (t) => {
      let leastMs = Number.POSITIVE_INFINITY;
      for (let round = 0; round < ROUNDS && leastMs >= mostMs; round++)
        leastMs = Math.min(leastMs, await turns.longestTurnMs(work));
      t.diagnostic(`${leastMs.toFixed(1)} ms`);
      assert.ok(leastMs < mostMs, `${leastMs} ms`);
    });
  }
});
