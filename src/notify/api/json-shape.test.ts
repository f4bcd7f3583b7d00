import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { leastCpuMs, MAX_TURN_MS } from '../../../test/support/cpu.ts';
import { MAX_COMMAS, MAX_CONTAINERS } from './effort.ts';
import { ANY_SHAPE_UNITS, hasModestShape, MAX_DEPTH, MAX_NAMES } from './json-shape.ts';

const long = 'x'.repeat(ANY_SHAPE_UNITS);
const nested = (levels: number) => `${'['.repeat(levels)}"${long}"${']'.repeat(levels)}`;
const arrays = (count: number) => `["${long}"${',[]'.repeat(count - 1)}]`;
const numbers = (commas: number) => `["${long}"${',1'.repeat(commas)}]`;
const objects = (names: number) =>
  `[{"x":"${long}"}${Array.from({ length: names - 1 }, (_, i) => `,{"name-${i}" : 1}`).join('')}]`;
const filled = (bytes: number, piece: string) => piece.repeat(bytes / piece.length);

describe('the shape of a large JSON text', () => {
  const cases: readonly [name: string, within: string, beyond: string][] = [
    ['levels', nested(MAX_DEPTH), nested(MAX_DEPTH + 1)],
    ['objects and arrays', arrays(MAX_CONTAINERS), arrays(MAX_CONTAINERS + 1)],
    ['values', numbers(MAX_COMMAS), numbers(MAX_COMMAS + 1)],
    // A few have the same hash.
    ['names', objects(MAX_NAMES), objects(MAX_NAMES * 1.1)],
  ];
  for (const [name, within, beyond] of cases) {
    test(`${name}: as many as allowed`, () => assert.ok(hasModestShape(within)));
    test(`${name}: more`, () => assert.ok(!hasModestShape(beyond)));
  }

  test('what strings contain does not count', () => {
    const text = `["${filled(MAX_CONTAINERS * 2, '[{,')}\\"${filled(MAX_DEPTH * 2, '[')}\\\\", 1]`;
    assert.ok(hasModestShape(text));
    assert.ok(hasModestShape(`{"a":["${filled(ANY_SHAPE_UNITS * 2, 'b\\"c:')}"]}`));
  });

  test('strings are not names because others follow', () => {
    const strings = Array.from({ length: 20_000 }, (_, i) => `"string ${i}"`).join();
    assert.ok(hasModestShape(`{"a":[${strings}]}`));
  });

  test('a small text may have any shape', () => assert.ok(hasModestShape('['.repeat(ANY_SHAPE_UNITS))));

  test('is found quickly', () => {
    const bytes = 4 * 1024 * 1024;
    for (const piece of ['"', '\\', '\\"', '"\\', '":', '"a" ', '1 ', ' ', '["",', '"a":1,']) {
      const text = filled(bytes, piece);
      const tookMs = leastCpuMs(() => hasModestShape(text));
      assert.ok(tookMs < MAX_TURN_MS, `${piece}: ${tookMs} ms`);
    }
  });
});
