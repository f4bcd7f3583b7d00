import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { logFormatOf, lookOf } from './look.ts';

describe('colours', () => {
  const rows: readonly (readonly [isTerminal: boolean, env: Record<string, string>, colors: boolean])[] = [
    [true, {}, true],
    [true, { TERM: 'xterm' }, true],
    [false, {}, false],
    [true, { TERM: 'dumb' }, false],
    [true, { NO_COLOR: '1' }, false],
    // no-color.org: whatever it says, as long as it says something.
    [true, { NO_COLOR: '0' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '3', TERM: 'dumb', NO_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: 'false' }, false],
    [true, { FORCE_COLOR: '', NO_COLOR: '1' }, false],
  ];
  for (const [isTerminal, env, colors] of rows) {
    test(`${isTerminal ? 'a terminal' : 'a pipe'} with ${JSON.stringify(env)}`, () =>
      assert.deepEqual(lookOf(isTerminal, env), { isTerminal, colors }));
  }
});

test('a terminal is pretty unless it is told otherwise, and nothing else is unless it is told so', () => {
  const terminal = { isTerminal: true, colors: true };
  const colorless = { isTerminal: true, colors: false };
  const pipe = { isTerminal: false, colors: false };
  assert.deepEqual(
    [terminal, colorless, pipe].map((look) => logFormatOf('auto', look)),
    ['colored', 'pretty', 'combined'],
  );
  assert.deepEqual(
    [terminal, colorless, pipe].map((look) => logFormatOf('pretty', look)),
    ['colored', 'pretty', 'pretty'],
  );
  for (const chosen of ['combined', 'json', 'off'] as const)
    assert.equal(logFormatOf(chosen, terminal), chosen);
});
