import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evaluatePreconditions, ifRangeHolds } from './conditional.ts';

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
        const outcome = evaluatePreconditions(method, headers, { etag, lastModifiedMs: LAST_MODIFIED_MS });
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
    test(`${name}: ${expected}`, () =>
      assert.equal(STATUS[evaluatePreconditions('GET', headers, undated)], expected));
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
  assert.equal(evaluatePreconditions('GET', headers, { etag: '"A"', lastModifiedMs: 0 }), 'proceed');
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
