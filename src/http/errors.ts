/**
 * The catalogue of errors that a client may see. Any other exception becomes a generic 500 at one boundary
 * (`engine/boundary.ts`) and is logged there.
 */
import { jsonPlan, textPlan } from './reply.ts';
import type { HeaderList, Plan } from './types.ts';

interface CatalogueEntry {
  readonly status: number;
  readonly text: string;
  readonly close?: boolean;
}

const catalogue = {
  bad_request: { status: 400, text: 'Bad Request', close: true },
  bad_path: { status: 400, text: 'Bad Request' },
  bad_body: { status: 400, text: 'Bad Request' },
  unauthorized: { status: 401, text: 'Unauthorized' },
  forbidden: { status: 403, text: 'Forbidden' },
  not_found: { status: 404, text: 'Not Found' },
  method_not_allowed: { status: 405, text: 'Method Not Allowed' },
  request_timeout: { status: 408, text: 'Request Timeout', close: true },
  conflict: { status: 409, text: 'Conflict' },
  precondition_failed: { status: 412, text: 'Precondition Failed' },
  content_too_large: { status: 413, text: 'Content Too Large', close: true },
  field_too_large: { status: 413, text: 'Content Too Large' },
  uri_too_long: { status: 414, text: 'URI Too Long', close: true },
  unsupported_media_type: { status: 415, text: 'Unsupported Media Type' },
  range_not_satisfiable: { status: 416, text: 'Range Not Satisfiable' },
  expectation_failed: { status: 417, text: 'Expectation Failed', close: true },
  unprocessable_content: { status: 422, text: 'Unprocessable Content' },
  too_many_requests: { status: 429, text: 'Too Many Requests' },
  headers_too_large: { status: 431, text: 'Request Header Fields Too Large', close: true },
  internal: { status: 500, text: 'Internal Server Error' },
  not_implemented: { status: 501, text: 'Not Implemented', close: true },
  unavailable: { status: 503, text: 'Service Unavailable' },
  version_not_supported: { status: 505, text: 'HTTP Version Not Supported', close: true },
  overloaded: { status: 503, text: 'Service Unavailable', close: true },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;

/** What the client learns in addition to the code. */
export interface Problem {
  /** What is wrong and what to do about it, in a sentence or two. */
  readonly detail: string;
  /** The invalid fields of the request, if the error concerns fields. */
  readonly errors?: readonly { readonly field: string; readonly detail: string }[];
}

/**
 * An error for the client. `headers` are added to the response, for example `Allow` or `Retry-After`; the cause is
 * never sent.
 */
export class HttpError extends Error {
  readonly code: ErrorCode;
  readonly headers: HeaderList;

  constructor(code: ErrorCode, headers: HeaderList = [], cause?: unknown) {
    super(code, { cause });
    this.name = 'HttpError';
    this.code = code;
    this.headers = headers;
  }
}

/**
 * The response for a catalogue entry: one line of text, for which clients that prefer HTML get a page
 * (`error-page.ts`), never cached (RFC 9111 §4.2.2 lets caches store a 404).
 */
export function errorPlan(code: ErrorCode, extra: HeaderList = []): Plan {
  const { status, text, close }: CatalogueEntry = catalogue[code];
  return { ...textPlan(status, `${status} ${text}\n`, extra), phrase: text, ...(close && { close }) };
}

/** The response for a catalogue entry as problem details (RFC 9457), with `code`, and what to do about the problem. */
export function problemPlan(code: ErrorCode, problem: Problem, extra: HeaderList = []): Plan {
  const { status, text, close }: CatalogueEntry = catalogue[code];
  const { detail, errors } = problem;
  // A relative reference with a whole path, as RFC 9457 §3.1.1 recommends; docs/errors.md has the section.
  const type = `/errors#${code}`;
  const details = { type, title: text, status, code, detail, errors };
  return { ...jsonPlan(status, details, extra, 'application/problem+json'), ...(close && { close }) };
}

export function statusOf(code: ErrorCode): number {
  return catalogue[code].status;
}

const reasons = new Map<number, string>([
  [200, 'OK'],
  [202, 'Accepted'],
  [204, 'No Content'],
  [206, 'Partial Content'],
  [207, 'Multi-Status'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [303, 'See Other'],
  [304, 'Not Modified'],
  [307, 'Temporary Redirect'],
  [308, 'Permanent Redirect'],
  [424, 'Failed Dependency'],
  [502, 'Bad Gateway'],
  ...Object.values(catalogue).map(({ status, text }): [number, string] => [status, text]),
]);

/** The reason phrase of a status that mote has, for responses that are written without `node:http`. */
export function reasonPhrase(status: number): string {
  return reasons.get(status) ?? '';
}
