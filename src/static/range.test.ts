import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ByteRange } from '../http/types.ts';
import { MAX_RANGES, parseRange, type RangeSet, resolveRanges } from './range.ts';

/** `ignored` | `whole` | `416` | the positions of the parts, as `0-4 7-8`. */
function outcomeOf(header: string, size: number): string {
  const specs = parseRange(header);
  if (specs === undefined) return 'ignored';
  const resolved = resolveRanges(specs, size);
  switch (resolved.kind) {
    case 'whole':
      return 'whole';
    case 'unsatisfiable':
      return '416';
    case 'partial':
      return resolved.ranges.map(({ start, end }) => `${start}-${end}`).join(' ');
  }
}

const every = (count: number, step: number): string =>
  `bytes=${Array.from({ length: count }, (_, i) => `${i * step}-${i * step}`).join(',')}`;

type Case = readonly [name: string, header: string, size: number, expected: string];

const tables: Readonly<Record<string, readonly Case[]>> = {
  // Facts of fs_test.go. The file has 11 bytes.
  'Go net/http, served file': [
    ['the first five', 'bytes=0-4', 11, '0-4'],
    ['from the third on', 'bytes=2-', 11, '2-10'],
    ['the last five', 'bytes=-5', 11, '6-10'],
    ['the middle', 'bytes=3-7', 11, '3-7'],
    ['the first and the last two', 'bytes=0-0,-2', 11, '0-0 9-10'],
    ['two spans', 'bytes=0-1,5-8', 11, '0-1 5-8'],
    ['a span and the rest', 'bytes=0-1,5-', 11, '0-1 5-10'],
    ['an end beyond the file', 'bytes=5-1000', 11, '5-10'],
    ['five overlapping rests', 'bytes=0-,1-,2-,3-,4-', 11, 'whole'],
    ['all but the last', 'bytes=0-9', 11, '0-9'],
    ['exactly everything', 'bytes=0-10', 11, '0-10'],
    ['one more than everything', 'bytes=0-11', 11, '0-10'],
    ['the last and one more', 'bytes=10-11', 11, '10-10'],
    ['from the last on', 'bytes=10-', 11, '10-10'],
    ['from just behind the end', 'bytes=11-', 11, '416'],
    ['a span just behind the end', 'bytes=11-12', 11, '416'],
    ['one byte behind the end', 'bytes=12-12', 11, '416'],
    ['a long span behind the end', 'bytes=11-100', 11, '416'],
    ['a long span further behind', 'bytes=12-100', 11, '416'],
    ['from far behind', 'bytes=100-', 11, '416'],
    ['a span far behind', 'bytes=100-1000', 11, '416'],
  ],
  // Facts of range_test.go. Go answers 416 where a set is malformed; RFC 9110 §14.2 has such a field ignored
  // or refused, and here it is ignored.
  'Go net/http, parser': [
    ['an empty field', '', 1000, 'ignored'],
    ['no unit', 'foo', 10, 'ignored'],
    ['an empty set', 'bytes=', 10, 'ignored'],
    ['no hyphen', 'bytes=7', 10, 'ignored'],
    ['no hyphen between spaces', 'bytes= 7 ', 10, 'ignored'],
    ['an empty file', 'bytes=1-', 0, '416'],
    ['a span backwards', 'bytes=5-4', 10, 'ignored'],
    ['a good span, then one backwards', 'bytes=0-2,5-4', 10, 'ignored'],
    ['two spans, the second backwards', 'bytes=2-5,4-3', 10, 'ignored'],
    ['doubled hyphens', 'bytes=--5,4--3', 10, 'ignored'],
    ['a letter for the start', 'bytes=A-', 10, 'ignored'],
    ['letters for both', 'bytes=A-Z', 10, 'ignored'],
    ['a letter for a suffix', 'bytes= -Z', 10, 'ignored'],
    ['a letter for the end', 'bytes=5-Z', 10, 'ignored'],
    ['words', 'bytes=Ran-dom, garbage', 10, 'ignored'],
    ['hexadecimal', 'bytes=0x01-0x02', 10, 'ignored'],
    ['nothing but spaces', 'bytes=         ', 10, 'ignored'],
    ['nothing but commas', 'bytes= , , ,   ', 10, 'ignored'],
    // Early versions of Go answered 416; that is for sets of which nothing is left (§15.5.17).
    ['a start behind the end, then a good one', 'bytes=15-,0-5', 10, '0-5'],
    ['a span and a rest', 'bytes=1-2,5-', 10, '1-2 5-9'],
    ['a suffix first, spaces around the comma', 'bytes=-2 , 7-8', 11, '9-10 7-8'],
    // Go sends both parts, although bytes 9 and 10 are in each.
    ['a suffix and a rest that overlap', 'bytes=-2 , 7-', 11, 'whole'],
    ['three members', 'bytes=0-0 ,2-2, 7-', 11, '0-0 2-2 7-10'],
    ['a suffix as long as the file', 'bytes=-10', 10, '0-9'],
    ['a suffix longer than the file', 'bytes=-15', 10, '0-9'],
    // RFC 9110 §14.1.2 gives these five.
    ['the first 500', 'bytes=0-499', 10_000, '0-499'],
    ['the second 500', 'bytes=500-999', 10_000, '500-999'],
    ['the last 500', 'bytes=-500', 10_000, '9500-9999'],
    ['the last 500 by position', 'bytes=9500-', 10_000, '9500-9999'],
    ['the first and the last byte', 'bytes=0-0,-1', 10_000, '0-0 9999-9999'],
    ['adjacent spans are not joined', 'bytes=500-600,601-999', 10_000, '500-600 601-999'],
    // RFC 9110 shows this as legitimate; two overlapping members may be served or ignored (§14.2).
    ['overlapping spans', 'bytes=500-700,601-999', 10_000, 'whole'],
    // Go and Apache put up with blanks inside a member; the grammar of RFC 9110 §14.1.1 has none.
    ['spaces inside a member', 'bytes=   1 -2   ,  4- 5, 7 - 8 , ,,', 11, 'ignored'],
    ['two hyphens before a suffix', 'bytes=--6', 11, 'ignored'],
    ['a hyphen after a suffix', 'bytes=-6-', 11, 'ignored'],
    // Go answers 206 with an empty body; a suffix of no bytes is unsatisfiable (§14.1.2).
    ['a suffix of none', 'bytes=-0', 11, '416'],
  ],
  // Facts of range.t. The file has 1000 bytes. nginx answers a malformed set with 416.
  'nginx-tests': [
    ['the first nine', 'bytes=0-8', 1000, '0-8'],
    ['the final bytes', 'bytes=-10', 1000, '990-999'],
    ['the final bytes by position', 'bytes=990-', 1000, '990-999'],
    ['more than the length', 'bytes=990-1990', 1000, '990-999'],
    ['three parts in the order asked', 'bytes=0-9, -10, 10-19', 1000, '0-9 990-999 10-19'],
    ['one member too big', 'bytes=0-9, -10, 100000-, 10-19', 1000, '0-9 990-999 10-19'],
    ['only a start too big', 'bytes=100000-', 1000, '416'],
    ['a word', 'bytes=alpha', 1000, 'ignored'],
    ['a word for the end', 'bytes=10-alpha', 1000, 'ignored'],
    ['a number alone', 'bytes=10', 1000, 'ignored'],
    ['no comma', 'bytes=10-11 12-', 1000, 'ignored'],
    ['a last position that is adjusted', 'bytes=0-10001', 1000, '0-999'],
    ['more in all than the file has', 'bytes=0-10001, 0-0', 1000, 'whole'],
  ],
  // Facts of test_http_range.c. lighttpd joins what overlaps, which no longer answers what was asked.
  lighttpd: [
    ['the only byte', 'bytes=0-0', 1, '0-0'],
    ['both bytes', 'bytes=0-1', 2, '0-1'],
    ['a chain, sorted', 'bytes=0-1,1-2,2-3,3-4,4-5,5-6,6-7,7-8,8-9,9-10,10-11,11-12', 1000, 'whole'],
    ['a chain, its first member last', 'bytes=1-2,2-3,3-4,4-5,5-6,6-7,7-8,8-9,0-1', 1000, 'whole'],
    ['a chain backwards', 'bytes=9-10,8-9,7-8,6-7,5-6,4-5,3-4,2-3,1-2,0-1', 1000, 'whole'],
    ['twelve single bytes', every(12, 100), 10_000, every(12, 100).slice(6).replaceAll(',', ' ')],
    ['an overlap far apart in the list', 'bytes=100-100,200-200,300-300,0-100', 10_000, 'whole'],
  ],
  // Facts of test/send.js. The file has 9 bytes. send does not serve several parts.
  send: [
    ['five bytes', 'bytes=0-4', 9, '0-4'],
    ['another unit', 'items=0-4', 9, 'ignored'],
    ['the last three', 'bytes=-3', 9, '6-8'],
    ['from the fourth on', 'bytes=3-', 9, '3-8'],
    ['an end beyond', 'bytes=2-50', 9, '2-8'],
    ['a start at the length', 'bytes=9-50', 9, '416'],
    ['no equals sign', 'asdf', 9, 'ignored'],
    ['one byte and the rest', 'bytes=1-1,3-', 9, '1-1 3-8'],
    ['neighbours', 'bytes=1-2,3-5', 9, '1-2 3-5'],
  ],
  // Facts of byterange*.t, maxranges.t and test_008_ranges.py.
  Apache: [
    ['a hyphen alone', 'bytes=-', 100, 'ignored'],
    ['backwards', 'bytes=20-10', 100, 'ignored'],
    ['all members behind the end', 'bytes=1000-2000,3000-', 100, '416'],
    ['descending parts', 'bytes=1000-1100,100-200', 8000, '1000-1100 100-200'],
    ['descending parts and the rest', 'bytes=3000-,100-200,2000-2200', 8000, '3000-7999 100-200 2000-2200'],
    ['one part twice', 'bytes=0-100,0-100,1000-1001', 8000, 'whole'],
    ['one byte in two parts', 'bytes=0-70,70-100,1000-1001', 8000, 'whole'],
    ['one byte between two parts', 'bytes=0-70,72-100,1000-1001', 8000, '0-70 72-100 1000-1001'],
    ['the head and the last byte', 'bytes=0-1,-1', 8000, '0-1 7999-7999'],
    [
      'as many parts as allowed',
      every(MAX_RANGES, 2),
      8000,
      every(MAX_RANGES, 2).slice(6).replaceAll(',', ' '),
    ],
    ['one part more than allowed', every(MAX_RANGES + 1, 2), 8000, 'ignored'],
    ['one member more than allowed, all but one behind the end', every(MAX_RANGES + 1, 2), 1, 'ignored'],
    ['a comma for nothing more often than that', `bytes=${','.repeat(2 * MAX_RANGES)}0-1`, 9, '0-1'],
  ],
  'RFC 9110': [
    ['the unit in capitals (§14.1)', 'BYTES=0-4', 9, '0-4'],
    ['a space before the equals sign', 'bytes =0-4', 9, 'ignored'],
    ['a prefix of the unit', 'byte=0-4', 9, 'ignored'],
    ['a comma for nothing (§5.6.1.2)', 'bytes=,0-1,,\t3-4,', 9, '0-1 3-4'],
    ['leading zeros', 'bytes=0000-0004', 9, '0-4'],
    ['a sign', 'bytes=+0-4', 9, 'ignored'],
    ['a fraction', 'bytes=0-4.5', 9, 'ignored'],
    ['digits of another script', 'bytes=\u0660-\u0664', 9, 'ignored'],
    ['the field twice', 'bytes=0-1, bytes=3-4', 9, 'ignored'],
    ['an end beyond 2^53', 'bytes=1-9007199254740993', 9, '1-8'],
    ['a start beyond 2^53', 'bytes=9007199254740993-', 9, '416'],
    ['a suffix beyond 2^53', 'bytes=-99999999999999999999999999', 9, '0-8'],
    ['400 digits', `bytes=0-${'9'.repeat(400)}`, 9, '0-8'],
    [
      'the last byte of 2^53 - 1',
      'bytes=9007199254740990-',
      Number.MAX_SAFE_INTEGER,
      '9007199254740990-9007199254740990',
    ],
    ['a suffix of an empty file', 'bytes=-5', 0, 'whole'],
    ['a suffix of none of an empty file', 'bytes=-0', 0, '416'],
    // Go answers 200 to any range of an empty file.
    ['the first byte of an empty file', 'bytes=0-0', 0, '416'],
    ['a suffix and a start of an empty file', 'bytes=0-,-1', 0, 'whole'],
  ],
};

for (const [source, cases] of Object.entries(tables)) {
  describe(`ranges: ${source}`, () => {
    for (const [name, header, size, expected] of cases) {
      test(`${name}: ${JSON.stringify(header.slice(0, 60))} of ${size}`, () => {
        assert.equal(outcomeOf(header, size), expected);
      });
    }
  });
}

describe('ranges: properties', () => {
  const position = fc.oneof(fc.nat(40), fc.nat(), fc.maxSafeNat());
  const member = fc.oneof(
    fc.tuple(position, position).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    position.map((start) => `${start}-`),
    position.map((length) => `-${length}`),
  );
  const header = fc
    .array(member, { minLength: 1, maxLength: 8 })
    .map((members) => `bytes=${members.join(', ')}`);
  const size = fc.oneof(fc.nat(40), fc.maxSafeNat());

  function partsOf(specs: RangeSet, bytes: number): readonly ByteRange[] {
    const resolved = resolveRanges(specs, bytes);
    return resolved.kind === 'partial' ? resolved.ranges : [];
  }

  test('every well-formed set is understood', () => {
    fc.assert(fc.property(header, (text) => parseRange(text) !== undefined));
  });

  test('every part is in bounds and not empty, and all together are no longer than the file', () => {
    fc.assert(
      fc.property(header, size, (text, bytes) => {
        const parts = partsOf(parseRange(text) ?? [], bytes);
        let total = 0n;
        for (const { start, end } of parts) {
          assert.ok(Number.isSafeInteger(start) && Number.isSafeInteger(end));
          assert.ok(0 <= start && start <= end && end < bytes);
          total += BigInt(end - start + 1);
        }
        assert.ok(total <= BigInt(bytes));
        assert.ok(parts.length <= MAX_RANGES);
      }),
    );
  });

  test('a single span within the file is answered as asked', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        fc.pre(end < Number.MAX_SAFE_INTEGER);
        assert.deepEqual(partsOf([{ kind: 'span', start, end }], end + 1), [{ start, end }]);
      }),
    );
  });

  test('no text at all makes it throw or leave the bounds', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'0123456789-, \t=') }).map((set) => `bytes=${set}`),
    );
    fc.assert(
      fc.property(text, fc.nat(100), (value, bytes) => {
        for (const { start, end } of partsOf(parseRange(value) ?? [], bytes)) {
          assert.ok(0 <= start && start <= end && end < bytes);
        }
      }),
    );
  });

  test('a long field is read in linear time', () => {
    const started = performance.now();
    assert.equal(
      parseRange(`bytes=${' '.repeat(50_000)}${'1'.repeat(50_000)}${' '.repeat(50_000)}x`),
      undefined,
    );
    assert.ok(performance.now() - started < 500);
  });
});
