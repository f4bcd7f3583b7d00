import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { resultOf } from '../util/turns.ts';
import { inOrder, naturalKey, type Order, orderOf, type Sortable } from './listing-order.ts';

const file = (name: string, size = 1, modifiedMs: number | undefined = 0) => ({
  name,
  directory: false,
  size,
  modifiedMs,
});
const folder = (name: string, modifiedMs = 0) => ({ ...file(name, 4096, modifiedMs), directory: true });

const names = (entries: readonly Sortable[], by: Order['by'] = 'name', descending = false) =>
  resultOf(inOrder(entries, { by, descending })).map(({ name }) => name);

describe('names as people order them', () => {
  const cases: readonly (readonly [what: string, expected: readonly string[]])[] = [
    // ngx-fancyindex #126: files made in a loop.
    ['numbers by value', ['1.png', '101.png', '201.png', '1001.png', '1101.png']],
    ['numbers within', ['v1.2.0', 'v1.10.0', 'v1.11.0', 'v2.0']],
    ['several numbers', ['s1e2', 's1e10', 's2e1', 's10e1']],
    ['numbers longer than any type', ['9'.repeat(30), `1${'0'.repeat(30)}`]],
    ['leading zeros', ['a0', 'a00', 'a01', 'a1', 'a2', 'a010', 'a10']],
    ['no number first', ['file', 'file1', 'file2', 'filed']],
    ['without case', ['a', 'B', 'c', 'D']],
    ['case between equals', ['README', 'readme', 'readme1']],
    ['digits before letters, after marks', ['!', '-1', '1', '9', 'a', '_'].toSorted()],
    ['beyond ASCII', ['ä', 'z', 'и', 'й', 'к', 'я2', 'я10', '漢']],
    [
      'accents beside their letters',
      ['eclipse', 'Étude 2', 'étude 10', 'Lodz', 'Łódź', 'o', 'Øre', 'p', 'Ωmega', 'ώρα'],
    ],
    ['as one character or two', ['ca', 'cafe', 'cafe\u0301', 'caf\u00e9', 'café 2', 'cafe\u0301 10', 'cag']],
    ['letters that lower case takes apart', ['istanbul', 'i\u0307stanbul', 'İstanbul', 'ıstanbul', 'j']],
    ['double letters', ['strasse', 'straße', 'strasz']],
  ];
  for (const [what, expected] of cases) {
    test(what, () => {
      assert.deepEqual(names(expected.toReversed().map((name) => file(name))), expected);
      assert.deepEqual(
        names(
          expected.map((name) => file(name)),
          'name',
          true,
        ),
        expected.toReversed(),
      );
    });
  }

  test('two names never have the same place', () => {
    const name = fc.string({ unit: fc.constantFrom('0', '1', '10', 'a', 'A', 'é', '-', '😀') });
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 12 }), (given) => {
        const one = names(given.map((each) => file(each)));
        const other = names(given.toReversed().map((each) => file(each)));
        assert.deepEqual(one, other);
      }),
    );
  });

  test('two numbers compare by value', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), (a, b) => {
        assert.equal(naturalKey(`f${a}.x`) < naturalKey(`f${b}.x`), a < b);
      }),
    );
  });
});

describe('sizes and dates', () => {
  const entries = [
    file('b2', 5, 30),
    file('b10', 5, 30),
    { ...file('a', 9), modifiedMs: undefined },
    file('c', 0, 10),
    folder('y', 99),
    folder('x', 5),
  ];
  const cases: readonly (readonly [by: Order['by'], descending: boolean, expected: string])[] = [
    ['name', false, 'x y a b2 b10 c'],
    ['name', true, 'y x c b10 b2 a'],
    ['size', false, 'x y c b2 b10 a'],
    ['size', true, 'x y a b2 b10 c'],
    ['date', false, 'x y c b2 b10 a'],
    ['date', true, 'y x b2 b10 c a'],
  ];
  for (const [by, descending, expected] of cases) {
    test(`${by}, ${descending ? 'descending' : 'ascending'}`, () => {
      assert.equal(names(entries, by, descending).join(' '), expected);
      assert.equal(names(entries.toReversed(), by, descending).join(' '), expected);
    });
  }
});

describe('the query', () => {
  const cases: readonly (readonly [query: string, by: Order['by'], descending: boolean])[] = [
    ['', 'name', false],
    ['?sort=size', 'size', false],
    ['?order=desc&sort=date', 'date', true],
    ['?x=1&sort=name&order=desc&y', 'name', true],
    ['?sort=sizes', 'name', false],
    ['?sort=SIZE', 'name', false],
    ['?resort=size', 'name', false],
    ['?sort=../..', 'name', false],
    ['?sort=%73ize', 'name', false],
    ['?sort=constructor&order=descending', 'name', false],
    ['?sort=date&sort=size', 'date', false],
    ['?C=S;O=D', 'name', false],
  ];
  for (const [query, by, descending] of cases) {
    test(query || 'none', () => assert.deepEqual(orderOf(query), { by, descending }));
  }
});
