import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { evaluate, formatHttpDate, ifRangeHolds, parseHttpDate } from './conditional.ts';

// Wed, 25 Jun 2014 17:12:18 GMT, the time that Go's table uses, and a fraction of a second.
const LAST_MODIFIED_MS = 1_403_716_338_123.4;
const SAME = 'Wed, 25 Jun 2014 17:12:18 GMT';
const EARLIER = 'Wed, 25 Jun 2014 17:12:17 GMT';
const LATER = 'Wed, 25 Jun 2014 17:12:19 GMT';

type Headers = Readonly<Record<string, string>>;
type Case = readonly [
  name: string,
  headers: Headers,
  expected: 200 | 304 | 412,
  etag?: string,
  method?: string,
];

const STATUS = { proceed: 200, not_modified: 304, precondition_failed: 412 } as const;

const inm = (value: string): Headers => ({ 'if-none-match': value });
const im = (value: string): Headers => ({ 'if-match': value });
const ims = (value: string): Headers => ({ 'if-modified-since': value });
const ius = (value: string): Headers => ({ 'if-unmodified-since': value });

const tables: Readonly<Record<string, readonly Case[]>> = {
  // Facts of fs_test.go.
  'Go net/http': [
    ['no precondition', {}, 200],
    ['not modified by time', ims(SAME), 304],
    ['not modified by tag', inm('"A"'), 304],
    ['a weak tag among others, weakly', inm('"baz", W/"foo"'), 304, 'W/"foo"'],
    ['a tag in another case', inm('"a"'), 200],
    ['a list of nothing', inm(','), 200],
    ['If-Match lists it', im('"Z", "A"'), 200],
    ['If-Match of anything', im('*'), 200],
    ['If-Match of another', im('"B"'), 412],
    ['If-Match of a weak tag, though the same', im('W/"A"'), 412, 'W/"A"'],
    ['unmodified', ius(SAME), 200],
    ['modified two seconds ago', ius('Wed, 25 Jun 2014 17:12:16 GMT'), 412],
    ['modified an hour after the date', ims('Wed, 25 Jun 2014 16:12:18 GMT'), 200],
    ['a tag that is not closed', inm('W/"A'), 200],
    ['weakness in lower case', inm('w/"A"'), 200],
    ['a space within a tag', inm('"spaced etag", "A"'), 200],
  ],
  // Facts of not_modified.t.
  nginx: [
    ['a date in 2037', ims('Wed, 08 Jul 2037 22:53:52 GMT'), 304],
    ['the last second of 32 bits', ims('Tue, 19 Jan 2038 03:14:07 GMT'), 304],
    ['beyond 32 bits', ims('Tue, 19 Jan 2038 03:14:08 GMT'), 304],
    ['far beyond', ims('Fri, 25 Feb 2174 09:42:23 GMT'), 304],
    ['another tag', inm('"foo"'), 200],
    ['in a list with a space before the comma', inm('"foo", "bar", "A" , "baz"'), 304],
    ['anything', inm('*'), 304],
    ['a weak form of a strong tag', inm('W/"A"'), 304],
    ['If-Match of the tag', im('"A"'), 200],
    ['If-Match in a list with a tab', im('"foo", "bar", \t"A" , "baz"'), 200],
    ['If-Match of the weak form', im('W/"A"'), 412],
  ],
  // Facts of test/send.js.
  send: [
    ['If-Match of two others between spaces', im(' "foo", "bar" '), 412],
    ['If-Match of three', im('"foo", "bar", "A"'), 200],
    ['modified a minute after the date', ims('Wed, 25 Jun 2014 17:11:18 GMT'), 200],
    ['If-None-Match of another', inm('"123"'), 200],
    ['If-Unmodified-Since that is no date', ius('foo'), 200],
  ],
  // Facts of http_protocol.c and of RFC 9110 §13.2.2: what comes first decides.
  'Apache and the order of preconditions': [
    ['If-Match decides over If-Unmodified-Since', { ...im('"A"'), ...ius(EARLIER) }, 200],
    ['a failed If-Match is not saved by a date', { ...im('"B"'), ...ius(SAME) }, 412],
    ['If-None-Match decides over If-Modified-Since', { ...inm('"B"'), ...ims(SAME) }, 200],
    ['a matching tag decides over an old date', { ...inm('"A"'), ...ims(EARLIER) }, 304],
    ['a malformed If-None-Match still hides the date', { ...inm('A'), ...ims(SAME) }, 200],
    ['a failed If-Match before a matching If-None-Match', { ...im('"B"'), ...inm('"A"') }, 412],
    ['both match', { ...im('"A"'), ...inm('"A"') }, 304],
    ['a failed date before a matching tag', { ...ius(EARLIER), ...inm('"A"') }, 412],
    ['both dates the same', { ...ius(SAME), ...ims(SAME) }, 304],
    ['If-Match holds, the date decides', { ...im('"A"'), ...ims(SAME) }, 304],
  ],
  'methods (RFC 9110 §13.1, §13.2.1)': [
    ['HEAD, by tag', inm('"A"'), 304, '"A"', 'HEAD'],
    ['HEAD, by time', ims(SAME), 304, '"A"', 'HEAD'],
    ['PUT of what exists already', inm('*'), 412, '"A"', 'PUT'],
    ['PUT, by tag', inm('"A"'), 412, '"A"', 'PUT'],
    ['If-Modified-Since is for GET and HEAD', ims(SAME), 200, '"A"', 'POST'],
    ['If-Match is for every method', im('"B"'), 412, '"A"', 'DELETE'],
    ['OPTIONS has no preconditions', im('"B"'), 200, '"A"', 'OPTIONS'],
    ['TRACE has no preconditions', ius(EARLIER), 200, '"A"', 'TRACE'],
  ],
  'times by the second (RFC 9110 §8.8.2)': [
    ['one second before', ims(EARLIER), 200],
    ['one second after', ims(LATER), 304],
    ['unmodified since one second before', ius(EARLIER), 412],
    ['unmodified since one second after', ius(LATER), 200],
    ['a date of RFC 850', ims('Wednesday, 25-Jun-14 17:12:18 GMT'), 304],
    ['a date of asctime', ims('Wed Jun 25 17:12:18 2014'), 304],
    ['two dates are no date', ims(`${SAME}, ${SAME}`), 200],
    ['ISO 8601 is no HTTP-date', ims('2014-06-25T17:12:18Z'), 200],
    ['an empty date', ims(''), 200],
  ],
  'lists of tags (RFC 9110 §8.8.3)': [
    ['a comma within the quotes', inm('"x", "a,b", "y"'), 304, '"a,b"'],
    ['a quoted half of a tag with a comma', inm('"a", "b"'), 200, '"a,b"'],
    ['an empty tag', inm('""'), 304, '""'],
    ['bytes beyond ASCII', inm('"\xe9\xff"'), 304, '"\xe9\xff"'],
    ['a backslash is no escape', inm('"a\\", "A"'), 304],
    ['an asterisk in quotes is a tag', inm('"*"'), 200],
    ['stray commas', inm(',,"B",\t,"A",'), 304],
    ['no space after the comma', inm('"B","A"'), 304],
    ['no comma', inm('"B" "A"'), 200],
    ['nothing between two tags', inm('"B""A"'), 200],
    ['without quotes', inm('A'), 200],
    ['in single quotes', inm("'A'"), 200],
    ['an asterisk in a list', inm('"B", *'), 200],
    ['a list behind an asterisk', inm('*, "A"'), 200],
    ['a match before garbage', inm('"A", garbage'), 304],
    ['a match after garbage', inm('garbage, "A"'), 200],
    ['a weak tag and its strong form', inm('"A"'), 304, 'W/"A"'],
    ['two weak tags', inm('W/"A"'), 304, 'W/"A"'],
    ['If-Match of garbage', im('garbage'), 412],
    ['If-Match without quotes', im('A'), 412],
    ['If-Match of nothing', im(''), 412],
    ['If-Match of the tag after garbage', im('garbage, "A"'), 412],
    ['If-Match of an asterisk in a list', im('"B", *'), 412],
    ['If-Match of a strong tag, the current one weak', im('"A"'), 412, 'W/"A"'],
  ],
};

for (const [source, cases] of Object.entries(tables)) {
  describe(`preconditions: ${source}`, () => {
    for (const [name, headers, expected, etag = '"A"', method = 'GET'] of cases) {
      test(`${name}: ${expected}`, () => {
        const outcome = evaluate(method, headers, { etag, lastModifiedMs: LAST_MODIFIED_MS });
        assert.equal(STATUS[outcome], expected);
      });
    }
  });
}

describe('without a modification date', () => {
  const undated = { etag: '"A"', lastModifiedMs: undefined };
  const cases: readonly (readonly [
    name: string,
    headers: Readonly<Record<string, string>>,
    expected: number,
  ])[] = [
    ['If-Modified-Since is ignored', { 'if-modified-since': LATER }, 200],
    ['If-Unmodified-Since is ignored', { 'if-unmodified-since': EARLIER }, 200],
    ['a tag still counts', { ...inm('"A"'), 'if-modified-since': EARLIER }, 304],
    ['so does If-Match', { ...im('"B"'), 'if-unmodified-since': LATER }, 412],
  ];
  for (const [name, headers, expected] of cases) {
    test(`${name}: ${expected}`, () => assert.equal(STATUS[evaluate('GET', headers, undated)], expected));
  }

  test('If-Range with a date never holds, with the tag it does', () => {
    for (const date of [SAME, 'Thu, 01 Jan 1970 00:00:00 GMT', 'wrong']) {
      assert.equal(ifRangeHolds({ 'if-range': date }, undated), false);
    }
    assert.equal(ifRangeHolds({ 'if-range': '"A"' }, undated), true);
  });
});

test('a long list is read in linear time', () => {
  const headers = inm(`${' ,'.repeat(50_000)}"${'a'.repeat(50_000)}"${' '.repeat(50_000)}x`);
  const started = performance.now();
  assert.equal(evaluate('GET', headers, { etag: '"A"', lastModifiedMs: 0 }), 'proceed');
  assert.ok(performance.now() - started < 500);
});

describe('If-Range (RFC 9110 §13.1.5)', () => {
  // The first ten are facts of fs_test.go, range_if_range.t and test/send.js.
  const cases: readonly (readonly [
    name: string,
    ifRange: string | undefined,
    expected: boolean,
    etag?: string,
  ])[] = [
    ['absent', undefined, true],
    ['the tag', '"A"', true],
    ['another tag', '"B"', false],
    ['a longer tag', '"0A"', false],
    ['the same weak tag', 'W/"A"', false, 'W/"A"'],
    ['the very second', SAME, true],
    ['a second later', LATER, false],
    ['twenty seconds earlier', 'Wed, 25 Jun 2014 17:11:58 GMT', false],
    ['a word', 'wrong', false],
    ['long ago', 'Mon, 28 Sep 1970 06:00:00 GMT', false],
    ['a second earlier', EARLIER, false],
    ['the very second, as RFC 850', 'Wednesday, 25-Jun-14 17:12:18 GMT', true],
    ['the weak form of a strong tag', 'W/"A"', false],
    ['the strong form of a weak tag', '"A"', false, 'W/"A"'],
    ['an asterisk', '*', false],
    ['a list with the tag', '"B", "A"', false],
    ['the tag without quotes', 'A', false],
    ['nothing', '', false],
  ];
  for (const [name, ifRange, expected, etag = '"A"'] of cases) {
    test(`${name}: ${expected ? 'partial' : 'whole'}`, () => {
      const headers = { 'if-range': ifRange };
      assert.equal(ifRangeHolds(headers, { etag, lastModifiedMs: LAST_MODIFIED_MS }), expected);
    });
  }
});

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
