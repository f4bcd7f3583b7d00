/**
 * The head of a response (RFC 9112 §4 and §5) as Latin-1 text. Pure.
 *
 * No later code checks names and values: a header that could begin another field or another response is a
 * defect in the plan, and throws.
 */

import { perSecond } from '../../util/per-second.ts';
import { reasonPhrase } from '../errors.ts';
import type { HeaderList } from '../types.ts';
import { notInValue, token } from './grammar.ts';

/** The interim response that lets the client send the body (RFC 9110 §15.2.1). */
export const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

interface Lines {
  readonly text: string;
  readonly hasLength: boolean;
}

/** Rendered header lists while they are referenced: those of cached files and the common ones recur. */
const known = new WeakMap<HeaderList, Lines>();

/**
 * Status line and fields, without the connection fields and the final empty line. `bodyBytes` becomes the
 * length if the headers contain none and the status permits a body. @throws TypeError for a header that could
 * split the response.
 */
export function renderFields(
  status: number,
  headers: HeaderList,
  common: HeaderList,
  bodyBytes: number,
): string {
  const own = linesOf(headers);
  const line = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
  const isFramed = own.hasLength || status === 204 || status === 304;
  return `${line}${own.text}${isFramed ? '' : `Content-Length: ${bodyBytes}\r\n`}${linesOf(common).text}`;
}

function linesOf(headers: HeaderList): Lines {
  const before = known.get(headers);
  if (before) return before;
  let text = '';
  let hasLength = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    text += fieldText(name, headers[i + 1] as string);
    hasLength ||= name.toLowerCase() === 'content-length';
  }
  const lines = { text, hasLength };
  known.set(headers, lines);
  return lines;
}

function fieldText(name: string, value: string): string {
  notInValue.lastIndex = 0;
  if (!token.test(name) || notInValue.test(value)) {
    throw new TypeError(`a header that cannot be sent: ${JSON.stringify(name)}`);
  }
  return `${name}: ${value}\r\n`;
}

/** Formats the date once for each second. */
export class HttpClock {
  /** The field `Date` for a time in milliseconds since 1970 (RFC 9110 §6.6.1). */
  readonly dateLine = perSecond((ms) => `Date: ${new Date(ms).toUTCString()}\r\n`);
}

/**
 * The fields about the connection (RFC 9112 §9.3). A keep-alive connection announces its timeout, so that
 * clients do not send the next request just when the server closes.
 */
export function connectionLines(isLast: boolean, idleTimeoutMs: number): string {
  if (isLast) return 'Connection: close\r\n';
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleTimeoutMs / 1000)}\r\n`;
}
