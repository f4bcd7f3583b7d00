/** Conditional requests (RFC 9110 §13) and the dates they are written with (§5.6.7). */

/** What the selected representation is compared by (RFC 9110 §8.8). */
export interface Validators {
  /** The `ETag` value exactly as it is sent, quotes and all. */
  readonly etag: string;
  /**
   * Milliseconds since 1970; compared by whole seconds, since that is all that `Last-Modified` can say. Without
   * it no `Last-Modified` is sent, and conditions that name a date are ignored (§13.1.3, §13.1.4).
   */
  readonly lastModifiedMs: number | undefined;
}

/** Send the representation, 304, or 412. */
export type Outcome = 'proceed' | 'not_modified' | 'precondition_failed';

type Headers = Readonly<Record<string, string | undefined>>;

/** These neither select nor change a representation, so their preconditions mean nothing (RFC 9110 §13.2.1). */
const METHODS_WITHOUT_PRECONDITIONS: ReadonlySet<string> = new Set(['CONNECT', 'OPTIONS', 'TRACE']);

/**
 * The preconditions of a request for a representation that exists, in the order of RFC 9110 §13.2.2. `Range`
 * and `If-Range` come after them. An answer that would not be 2xx anyway must not ask (§13.2.1).
 */
export function evaluate(method: string, headers: Headers, validators: Validators): Outcome {
  if (METHODS_WITHOUT_PRECONDITIONS.has(method)) return 'proceed';
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!anyTagMatches(ifMatch, validators.etag, strongMatch)) return 'precondition_failed';
  } else if (modifiedSince(headers['if-unmodified-since'], validators) === true) {
    return 'precondition_failed';
  }
  const reading = method === 'GET' || method === 'HEAD';
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) {
    if (!anyTagMatches(ifNoneMatch, validators.etag, weakMatch)) return 'proceed';
    return reading ? 'not_modified' : 'precondition_failed';
  }
  if (reading && modifiedSince(headers['if-modified-since'], validators) === false) return 'not_modified';
  return 'proceed';
}

/**
 * Whether `Range` may be honoured (RFC 9110 §13.1.5): there is no `If-Range`, or it names this very
 * representation, by a strong entity tag or by the exact second of `Last-Modified`. Anything else, garbage
 * included, is answered whole.
 */
export function ifRangeHolds(headers: Headers, validators: Validators): boolean {
  const value = headers['if-range'];
  if (value === undefined) return true;
  if (value.includes('"')) return strongMatch(value, validators.etag);
  const { lastModifiedMs } = validators;
  return lastModifiedMs !== undefined && parseHttpDate(value) === wholeSecond(lastModifiedMs);
}

/** Optional white space and commas, then one entity tag (RFC 9110 §8.8.3) that a comma or the end follows. */
const LISTED_TAG = /[ \t,]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$)/y;

/**
 * Whether `*` or a member of the list matches. The scan ends at the first thing that is not an entity tag,
 * for what follows it cannot be told apart with certainty. Such a list can therefore only match less: with
 * `If-Match` it fails safe (412 instead of a representation the client may not want), with `If-None-Match`
 * it costs a full answer.
 */
function anyTagMatches(
  list: string,
  etag: string,
  matches: (listed: string, current: string) => boolean,
): boolean {
  if (list === '*') return true;
  LISTED_TAG.lastIndex = 0;
  for (let found = LISTED_TAG.exec(list); found !== null; found = LISTED_TAG.exec(list)) {
    if (matches(found[1] ?? '', etag)) return true;
  }
  return false;
}

/** RFC 9110 §8.8.3.2: the same, and not weak. */
function strongMatch(listed: string, current: string): boolean {
  return listed === current && !current.startsWith('W/');
}

/** RFC 9110 §8.8.3.2: the same opaque tag, weak or not. */
function weakMatch(listed: string, current: string): boolean {
  return opaqueTag(listed) === opaqueTag(current);
}

function opaqueTag(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}

/** `undefined` without two dates to compare: the field is then ignored (RFC 9110 §13.1.3, §13.1.4). */
function modifiedSince(field: string | undefined, { lastModifiedMs }: Validators): boolean | undefined {
  if (field === undefined || lastModifiedMs === undefined) return undefined;
  const since = parseHttpDate(field);
  return since === undefined ? undefined : wholeSecond(lastModifiedMs) > since;
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const MONTH = '(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const TIME = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)';
const DAY_NAME = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const DAY_NAME_LONG = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';

/** The three forms of RFC 9110 §5.6.7, the one in use first: IMF-fixdate, RFC 850, C's `asctime`. */
const HTTP_DATE_FORMS: readonly RegExp[] = [
  new RegExp(`^${DAY_NAME}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^${DAY_NAME_LONG}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^${DAY_NAME} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`),
];

/**
 * Milliseconds since 1970, or `undefined` if the text is no HTTP-date (RFC 9110 §5.6.7). The names are case
 * sensitive; the name of the day is not checked against the date. A leap second is the second after it.
 *
 * @param nowMs decides the century of a year of two digits
 */
export function parseHttpDate(text: string, nowMs: number = Date.now()): number | undefined {
  for (const form of HTTP_DATE_FORMS) {
    const fields = form.exec(text)?.groups;
    if (fields === undefined) continue;
    const { year = '', month = '', day, hour, minute, second } = fields;
    const monthIndex = MONTHS.indexOf(month) / 3;
    const time = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
    const at = (fullYear: number) => instant(fullYear, monthIndex, Number(day), time);
    return year.length === 2 ? inLikelyCentury(Number(year), at, nowMs) : at(Number(year));
  }
  return undefined;
}

/** The latest year with these last digits whose date is at most 50 years ahead (RFC 9110 §5.6.7). */
function inLikelyCentury(
  yearOfCentury: number,
  at: (fullYear: number) => number | undefined,
  nowMs: number,
): number | undefined {
  const latest = new Date(nowMs);
  latest.setUTCFullYear(latest.getUTCFullYear() + 50);
  const latestYear = latest.getUTCFullYear();
  const year = latestYear - ((latestYear - yearOfCentury) % 100);
  const found = at(year);
  return found !== undefined && found > latest.getTime() ? at(year - 100) : found;
}

/** `undefined` for a day that the month does not have. */
function instant(year: number, monthIndex: number, day: number, timeOfDayMs: number): number | undefined {
  // Date.UTC would take the years 0 to 99 for 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, monthIndex, day);
  return date.getUTCDate() === day ? date.getTime() + timeOfDayMs : undefined;
}

// File systems hold times beyond these; an HTTP-date has four digits for the year.
const FIRST_HTTP_DATE_MS = -62_167_219_200_000;
const LAST_HTTP_DATE_MS = 253_402_300_799_000;

/** An IMF-fixdate (RFC 9110 §5.6.7), the fraction of the second cut off, held within the years 0 to 9999. */
export function formatHttpDate(ms: number): string {
  // ECMAScript defines the form of toUTCString, and it is this one.
  return new Date(Math.min(Math.max(wholeSecond(ms), FIRST_HTTP_DATE_MS), LAST_HTTP_DATE_MS)).toUTCString();
}
