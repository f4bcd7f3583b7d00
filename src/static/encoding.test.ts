import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Coding, codings, negotiate } from './encoding.ts';

const ALL: readonly Coding[] = ['gzip', 'zstd', 'br'];

type Case = readonly [
  name: string,
  field: string | undefined,
  expected: Coding | 'identity',
  available?: readonly Coding[],
];

const tables: Readonly<Record<string, readonly Case[]>> = {
  'what clients send': [
    ['no field', undefined, 'identity'],
    ['an empty field', '', 'identity'],
    ['Chrome', 'gzip, deflate, br, zstd', 'br'],
    ['Chrome, of gzip and zstd', 'gzip, deflate, br, zstd', 'zstd', ['gzip', 'zstd']],
    ['Chrome, of gzip', 'gzip, deflate, br, zstd', 'gzip', ['gzip']],
    ['Chrome, of nothing', 'gzip, deflate, br, zstd', 'identity', []],
    ['an older Safari', 'gzip, deflate', 'gzip'],
    ['an older Safari, of br', 'gzip, deflate', 'identity', ['br']],
    ['Chrome for media', 'identity;q=1, *;q=0', 'identity'],
    ['Firefox for media', 'identity', 'identity'],
    ['Go', 'gzip', 'gzip'],
    ['curl --compressed', 'deflate, gzip, br, zstd', 'br'],
  ],
  'weights (RFC 9110 §12.4.2)': [
    ['the highest wins', 'br;q=0.8, gzip;q=0.9', 'gzip'],
    ['three decimals count', 'br;q=0.998, gzip;q=0.999', 'gzip'],
    ['the same weight in two spellings', 'gzip;q=0.50, br;q=0.5', 'br'],
    ['one is the default', 'br;q=0.999, gzip', 'gzip'],
    ['zero refuses', 'gzip;q=0', 'identity'],
    ['zero in full refuses', 'gzip;q=0.000', 'identity'],
    ['one in full', 'gzip;q=1.000', 'gzip'],
    ['nearly zero is enough', 'gzip;q=0.001', 'gzip'],
    ['a dot without decimals', 'br;q=0., gzip;q=1.', 'gzip'],
    ['spaces around the semicolon', 'gzip ; q=0 , br\t;\tq=0.1', 'br'],
    ['the parameter in capitals', 'br;Q=0.1, gzip;Q=0.2', 'gzip'],
  ],
  'names (RFC 9110 §8.4.1)': [
    ['capitals', 'GZIP', 'gzip'],
    ['mixed case', 'Br;q=0.1', 'br'],
    ['the old name', 'x-gzip', 'gzip'],
    ['the old name in capitals', 'X-GZIP;q=0.5', 'gzip'],
    ['an unknown name', 'snappy', 'identity'],
    ['a name that begins alike', 'gzip2, brotli', 'identity'],
    ['a name of every object', 'constructor, __proto__, gzip', 'gzip'],
    ['stray commas', ',,gzip,', 'gzip'],
    ['a name twice', 'gzip;q=0, gzip;q=1', 'gzip'],
  ],
  'the asterisk and identity (RFC 9110 §12.5.3)': [
    ['anything', '*', 'br'],
    ['anything, of gzip', '*', 'gzip', ['gzip']],
    ['anything but', '*, br;q=0', 'zstd'],
    ['only one', 'gzip, *;q=0', 'gzip'],
    ['nothing', '*;q=0', 'identity'],
    ['anything else more than one', 'br;q=0.5, *', 'zstd'],
    ['identity preferred', 'gzip;q=0.5, identity', 'identity'],
    ['identity less', 'gzip;q=0.5, identity;q=0.4', 'gzip'],
    ['identity alike', 'gzip;q=0.5, identity;q=0.5', 'gzip'],
    ['identity not named does not compete', 'gzip;q=0.001', 'gzip'],
    ['identity between two', 'br;q=0.2, identity;q=0.5, gzip;q=0.8', 'gzip'],
    ['identity refused', 'identity;q=0, gzip', 'gzip'],
    ['identity refused, nothing else there', 'identity;q=0, gzip', 'identity', ['br']],
    ['everything refused', 'identity;q=0, *;q=0', 'identity'],
  ],
  'malformed members are ignored': [
    ['more than one', 'gzip;q=1.5, br;q=0.1', 'br'],
    ['just more than one', 'gzip;q=1.001', 'identity'],
    ['four decimals', 'gzip;q=0.1234', 'identity'],
    ['negative', 'gzip;q=-1', 'identity'],
    ['no number', 'gzip;q=', 'identity'],
    ['a word', 'gzip;q=high', 'identity'],
    ['no digit before the dot', 'gzip;q=.5', 'identity'],
    ['an exponent', 'gzip;q=1e0', 'identity'],
    ['spaces around the equals sign', 'gzip;q = 1', 'identity'],
    ['another parameter', 'gzip;level=9', 'identity'],
    ['no comma', 'gzip br', 'identity'],
    ['a semicolon only', 'gzip;', 'identity'],
  ],
};

for (const [title, cases] of Object.entries(tables)) {
  describe(`Accept-Encoding: ${title}`, () => {
    for (const [name, field, expected, available = ALL] of cases) {
      test(`${name}: ${field} → ${expected}`, () => assert.equal(negotiate(field, available), expected));
    }
  });
}

describe('Accept-Encoding: properties', () => {
  const names = ['br', 'zstd', 'gzip', 'identity', '*', 'deflate'] as const;
  const weights = fc.record(Object.fromEntries(names.map((name) => [name, fc.nat(1000)])), {
    requiredKeys: [],
  });
  const available = fc.subarray([...ALL]);
  const write = (chosen: Readonly<Record<string, number | undefined>>): string =>
    Object.entries(chosen)
      .map(([name, weight = 0]) => `${name};q=${(weight / 1000).toFixed(3)}`)
      .join(', ');

  test('the choice is available, not refused, and no other weighs more', () => {
    fc.assert(
      fc.property(weights, available, (chosen, there) => {
        const weigh = (coding: Coding): number => chosen[coding] ?? chosen['*'] ?? 0;
        const heaviest = Math.max(0, ...there.map(weigh));
        const choice = negotiate(write(chosen), there);
        if (choice === 'identity') {
          assert.ok(heaviest === 0 || heaviest < (chosen.identity ?? 0));
        } else {
          assert.ok(there.includes(choice) && weigh(choice) === heaviest && heaviest > 0);
          const preferred = codings.find(
            ({ coding }) => there.includes(coding) && weigh(coding) === heaviest,
          );
          assert.equal(choice, preferred?.coding);
        }
      }),
    );
  });

  test('any text gives one of those available, or identity', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('gzip', 'br', '*', ';', ',', 'q=', '0', '.', '1', ' ') }),
    );
    fc.assert(
      fc.property(text, available, (field, there) => {
        const choice = negotiate(field, there);
        assert.ok(choice === 'identity' || there.includes(choice));
      }),
    );
  });
});

test('each coding has the suffix of its tool', () => {
  assert.deepEqual(Object.fromEntries(codings.map(({ coding, suffix }) => [coding, suffix])), {
    br: '.br',
    zstd: '.zst',
    gzip: '.gz',
  });
});
