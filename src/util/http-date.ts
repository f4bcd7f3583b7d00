/** Dates of HTTP (RFC 9110 §5.6.7). Pure. */

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const MONTH = '(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const TIME = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)';
const DAY_NAME = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const DAY_NAME_LONG = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';

/** The three forms of RFC 9110 §5.6.7, the common one first: IMF-fixdate, RFC 850, and `asctime` of C. */
const HTTP_DATE_FORMS: readonly RegExp[] = [
  new RegExp(`^${DAY_NAME}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^${DAY_NAME_LONG}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^${DAY_NAME} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`),
];

/**
 * Milliseconds since 1970, or `undefined` if the text is not an HTTP-date (RFC 9110 §5.6.7). Names are
 * case-sensitive; the name of the day is not checked against the date. A leap second is the second after it.
 *
 * @param nowMs determines the century of a two-digit year
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

/** `undefined` if the month does not have this day. */
function instant(year: number, monthIndex: number, day: number, timeOfDayMs: number): number | undefined {
  // Date.UTC interprets the years 0 to 99 as 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, monthIndex, day);
  return date.getUTCDate() === day ? date.getTime() + timeOfDayMs : undefined;
}

// File systems can store times beyond these; the year of an HTTP-date has four digits.
const FIRST_HTTP_DATE_MS = -62_167_219_200_000;
const LAST_HTTP_DATE_MS = 253_402_300_799_000;

/** An IMF-fixdate (RFC 9110 §5.6.7) in whole seconds, clamped to the years 0 to 9999. */
export function formatHttpDate(ms: number): string {
  // ECMAScript specifies this format for toUTCString.
  return new Date(Math.min(Math.max(wholeSecond(ms), FIRST_HTTP_DATE_MS), LAST_HTTP_DATE_MS)).toUTCString();
}

/** `ms` without the fraction of the second: the resolution of an HTTP-date. */
export function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
