/** Conditional requests (RFC 9110 §13). Pure. */
import { parseHttpDate, wholeSecond } from '../util/http-date.ts';

/** The validators of the selected representation (RFC 9110 §8.8). */
export interface Validators {
  /** The `ETag` value exactly as it is sent, with its quotes. */
  readonly etag: string;
  /**
   * Milliseconds since 1970; compared in whole seconds, the resolution of `Last-Modified`. If it is absent, no
   * `Last-Modified` is sent, and conditions with a date are ignored (§13.1.3, §13.1.4).
   */
  readonly lastModifiedMs: number | undefined;
}

/** Send the representation, 304, or 412. */
export type PreconditionResult = 'proceed' | 'not_modified' | 'precondition_failed';

type Headers = Readonly<Record<string, string | undefined>>;

/** These neither select nor modify a representation, so that their preconditions are ignored (RFC 9110 §13.2.1). */
const METHODS_WITHOUT_PRECONDITIONS: ReadonlySet<string> = new Set(['CONNECT', 'OPTIONS', 'TRACE']);

/**
 * Evaluates the preconditions of a request for an existing representation, in the order of RFC 9110 §13.2.2. `Range`
 * and `If-Range` come after them. Not to be called for a response that is not 2xx without them (§13.2.1).
 */
export function evaluatePreconditions(
  method: string,
  headers: Headers,
  validators: Validators,
): PreconditionResult {
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
 * Whether `Range` may be honoured (RFC 9110 §13.1.5): there is no `If-Range`, or it identifies this
 * representation by a strong entity tag or by the exact second of `Last-Modified`. For any other value, malformed
 * ones included, the whole representation is sent.
 */
export function ifRangeHolds(headers: Headers, validators: Validators): boolean {
  const value = headers['if-range'];
  if (value === undefined) return true;
  if (value.includes('"')) return strongMatch(value, validators.etag);
  const { lastModifiedMs } = validators;
  return lastModifiedMs !== undefined && parseHttpDate(value) === wholeSecond(lastModifiedMs);
}

/** Optional white space and commas, then one entity tag (RFC 9110 §8.8.3), followed by a comma or the end. */
const LISTED_TAG = /[ \t,]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$)/y;

/**
 * Whether `*` or a member of the list matches. The scan ends at the first member that is not an entity tag, because
 * where the next one begins is then uncertain. Such a list can therefore only match less: `If-Match` fails safe
 * (412 instead of a representation that the client may not want), `If-None-Match` costs a full response.
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

/** RFC 9110 §8.8.3.2: identical, and not weak. */
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

/** `undefined` unless there are two dates to compare: the field is then ignored (RFC 9110 §13.1.3, §13.1.4). */
function modifiedSince(field: string | undefined, { lastModifiedMs }: Validators): boolean | undefined {
  if (field === undefined || lastModifiedMs === undefined) return undefined;
  const since = parseHttpDate(field);
  return since === undefined ? undefined : wholeSecond(lastModifiedMs) > since;
}
