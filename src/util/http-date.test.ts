import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatHttpDate, parseHttpDate } from './http-date.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);

describe('HTTP-date (RFC 9110 §5.6.7)', () => {
  const EXAMPLE_MS = 784_111_777_000;
  const valid: readonly (readonly [name: string, text: string, expectedMs: number])[] = [
    ['IMF-fixdate', 'Sun, 06 Nov 1994 08:49:37 GMT', EXAMPLE_MS],
    ['RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT', EXAMPLE_MS],
    ['asctime', 'Sun Nov  6 08:49:37 1994', EXAMPLE_MS],
    ['asctime, a day of two digits', 'Wed Jun 25 17:12:18 2014', 1_403_716_338_000],
    ['the beginning', 'Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['before the beginning', 'Wed, 31 Dec 1969 23:59:59 GMT', -1000],
    ['the first year', 'Sat, 01 Jan 0000 00:00:00 GMT', -62_167_219_200_000],
    ['a year below 100 is that year', 'Thu, 01 Jan 0094 00:00:00 GMT', -59_200_761_600_000],
    ['the last second', 'Fri, 31 Dec 9999 23:59:59 GMT', 253_402_300_799_000],
    ['a leap day', 'Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29)],
    ['a leap second', 'Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    ['the wrong day of the week', 'Mon, 06 Nov 1994 08:49:37 GMT', EXAMPLE_MS],
    ['RFC 850, this year', 'Saturday, 21-Nov-26 12:00:00 GMT', NOW_MS],
    ['RFC 850, 50 years ahead', 'Saturday, 21-Nov-76 12:00:00 GMT', Date.UTC(2076, 10, 21, 12)],
    ['RFC 850, a second more', 'Saturday, 21-Nov-76 12:00:01 GMT', Date.UTC(1976, 10, 21, 12, 0, 1)],
    ['RFC 850, 51 years ahead', 'Monday, 01-Jan-77 00:00:00 GMT', Date.UTC(1977, 0, 1)],
    ['RFC 850, the turn of the century', 'Saturday, 01-Jan-00 00:00:00 GMT', Date.UTC(2000, 0, 1)],
    ['RFC 850, a leap day', 'Thursday, 29-Feb-96 00:00:00 GMT', Date.UTC(1996, 1, 29)],
  ];
  for (const [name, text, expectedMs] of valid) {
    test(`${name}: ${text}`, () => assert.equal(parseHttpDate(text, NOW_MS), expectedMs));
  }

  const invalid: readonly (readonly [name: string, text: string])[] = [
    ['nothing', ''],
    ['a number', '0'],
    ['ISO 8601', '1994-11-06T08:49:37Z'],
    ['another zone', 'Sun, 06 Nov 1994 08:49:37 CET'],
    ['an offset', 'Sun, 06 Nov 1994 08:49:37 +0000'],
    ['no zone', 'Sun, 06 Nov 1994 08:49:37'],
    ['small letters', 'sun, 06 nov 1994 08:49:37 gmt'],
    ['a day of one digit', 'Sun, 6 Nov 1994 08:49:37 GMT'],
    ['no day of the week', '06 Nov 1994 08:49:37 GMT'],
    ['no such day of the week', 'Sum, 06 Nov 1994 08:49:37 GMT'],
    ['no such month', 'Sun, 06 Nob 1994 08:49:37 GMT'],
    ['day 0', 'Sun, 00 Nov 1994 08:49:37 GMT'],
    ['31 November', 'Sun, 31 Nov 1994 08:49:37 GMT'],
    ['29 February of another year', 'Wed, 29 Feb 2023 00:00:00 GMT'],
    ['29 February 1900', 'Thu, 29 Feb 1900 00:00:00 GMT'],
    ['hour 24', 'Sun, 06 Nov 1994 24:00:00 GMT'],
    ['minute 60', 'Sun, 06 Nov 1994 08:60:37 GMT'],
    ['second 61', 'Sun, 06 Nov 1994 08:49:61 GMT'],
    ['five digits of year', 'Sun, 06 Nov 11994 08:49:37 GMT'],
    ['a space in front', ' Sun, 06 Nov 1994 08:49:37 GMT'],
    ['a parameter of old browsers', 'Sun, 06 Nov 1994 08:49:37 GMT; length=123'],
    ['a short name in RFC 850', 'Sun, 06-Nov-94 08:49:37 GMT'],
    ['four digits in RFC 850', 'Sunday, 06-Nov-1994 08:49:37 GMT'],
    ['one space in asctime', 'Sun Nov 6 08:49:37 1994'],
    ['a line break behind', 'Sun, 06 Nov 1994 08:49:37 GMT\n'],
  ];
  for (const [name, text] of invalid) {
    test(`no date, ${name}: ${JSON.stringify(text)}`, () =>
      assert.equal(parseHttpDate(text, NOW_MS), undefined));
  }

  test('written as IMF-fixdate, the fraction cut off', () => {
    assert.equal(formatHttpDate(EXAMPLE_MS + 999.9), 'Sun, 06 Nov 1994 08:49:37 GMT');
    assert.equal(formatHttpDate(-0.5), 'Wed, 31 Dec 1969 23:59:59 GMT');
  });

  test('times that four digits cannot say become the nearest that they can', () => {
    assert.equal(formatHttpDate(8.64e15), 'Fri, 31 Dec 9999 23:59:59 GMT');
    assert.equal(formatHttpDate(Number.MAX_SAFE_INTEGER), 'Fri, 31 Dec 9999 23:59:59 GMT');
    assert.equal(formatHttpDate(-8.64e15), 'Sat, 01 Jan 0000 00:00:00 GMT');
  });

  test('what is written is read back, to the second', () => {
    const ms = fc.double({ min: -62_167_219_200_000, max: 253_402_300_799_000, noNaN: true });
    fc.assert(
      fc.property(ms, (time) => {
        // Adding 0 makes -0 the 0 that a date gives.
        assert.equal(parseHttpDate(formatHttpDate(time)), Math.floor(time / 1000) * 1000 + 0);
      }),
    );
  });

  test('a year of two digits is never more than 50 years ahead, and less than 50 behind', () => {
    const day = fc.record({ year: fc.nat(99), month: fc.nat(11), day: fc.integer({ min: 1, max: 28 }) });
    const now = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2199, 11, 31) });
    const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
    const digits = (value: number) => String(value).padStart(2, '0');
    fc.assert(
      fc.property(day, now, (date, nowMs) => {
        const text = `Monday, ${digits(date.day)}-${months[date.month]}-${digits(date.year)} 00:00:00 GMT`;
        const found = new Date(parseHttpDate(text, nowMs) ?? Number.NaN);
        assert.equal(found.getUTCFullYear() % 100, date.year);
        const from = new Date(nowMs).setUTCFullYear(new Date(nowMs).getUTCFullYear() - 50);
        const to = new Date(nowMs).setUTCFullYear(new Date(nowMs).getUTCFullYear() + 50);
        assert.ok(from <= found.getTime() && found.getTime() <= to);
      }),
    );
  });

  test('no text makes it throw', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('Sun', ', ', ' ', '06', 'Nov', '94', ':', 'GMT') }),
    );
    fc.assert(
      fc.property(text, (value) => {
        assert.ok(['number', 'undefined'].includes(typeof parseHttpDate(value)));
      }),
    );
  });
});
