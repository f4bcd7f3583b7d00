/**
 * The log: one line per request, and the server's own events.
 *
 * Every line is printable ASCII, but for the colours of `colored`. All input of clients is escaped, so that nobody can end a line and forge the next
 * one, or send control sequences to a terminal.
 */

import { perSecond } from '../util/per-second.ts';
import type { LineSink } from './line-sink.ts';
import { escapeQuoted, jsonString, redact } from './log-text.ts';
import type { LogFormat } from './look.ts';
import { prettyEvent, prettyLine, prettyRequest } from './pretty.ts';

/** What a line says of the request. Strings are as received, one character per byte (Latin-1). */
export interface LoggedHead {
  readonly method: string;
  /** The request target (RFC 9112 §3.2). */
  readonly target: string;
  /** `1.1` or `1.0`. */
  readonly httpVersion: string;
  readonly referer?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly host?: string | undefined;
}

/** What a line says of the connection and of the response. */
export interface LoggedResponse {
  /** The client's address; empty on a unix socket. */
  readonly client: string;
  /** Who was authenticated, never merely claimed. */
  readonly user?: string | undefined;
  /** 0 if the client left before there was a response. */
  readonly status: number;
  readonly bodyBytes: number;
  readonly durationMs: number;
}

/** The text around the response in a line; it can be used for every request with the same head. */
export interface HeadText {
  readonly before: string;
  readonly after: string;
  /** The rest of the last line with this head, if its response was the same. */
  lastStatus: number;
  lastBytes: number;
  lastText: string;
}

export interface AccessLog {
  describe(head: LoggedHead): HeadText;
  /** Writes the line of a finished request. */
  write(head: HeadText, response: LoggedResponse): void;
}

/**
 * The access log in `format`, or `undefined` for `off`. The time of a line is the end of its response, in UTC.
 * Secrets in the target, the referrer and the user agent are redacted, see {@link redact}.
 */
export function accessLog(
  format: LogFormat,
  sink: Pick<LineSink, 'write'>,
  now: () => number = Date.now,
): AccessLog | undefined {
  if (format === 'off') return undefined;
  const { describe, render } = formatOf(format);
  return { describe, write: (head, response) => sink.write(render(head, response, now())) };
}

function formatOf(format: Exclude<LogFormat, 'off'>): Format {
  if (format === 'json') return jsonAccess();
  return format === 'combined' ? combinedAccess() : prettyAccess(format === 'colored');
}

interface Format {
  readonly describe: AccessLog['describe'];
  readonly render: (head: HeadText, response: LoggedResponse, nowMs: number) => string;
}

function headText(before: string, after: string): HeadText {
  return { before: flat(before), after: flat(after), lastStatus: -1, lastBytes: -1, lastText: '' };
}

/**
 * `%h - %u [time] "%r" status bytes "referer" "agent"`. Where Apache and nginx differ it follows nginx: `0` bytes
 * without a body, status `000` without a response.
 */
function combinedAccess(): Format {
  const stamp = perSecond(commonLogTime);
  const start = remember((client, user, time) => `${bareField(client)} - ${bareField(user)} [${time}] "`);
  return {
    describe({ method, target, httpVersion, referer, userAgent }) {
      const from = quotedField(referer && redact(referer));
      const agent = quotedField(userAgent && redact(userAgent));
      const request = escapeQuoted(`${method} ${redact(target)} HTTP/${httpVersion}`);
      return headText(`${request}" `, ` "${from}" "${agent}"`);
    },
    render(head, { client, user, status, bodyBytes }, nowMs) {
      if (status !== head.lastStatus || bodyBytes !== head.lastBytes) {
        head.lastStatus = status;
        head.lastBytes = bodyBytes;
        head.lastText = flat(`${head.before}${status || '000'} ${bodyBytes}${head.after}`);
      }
      return start(client, user, stamp(nowMs)) + head.lastText;
    },
  };
}

/**
 * The same text as one flat string. V8 represents a concatenation as a tree of its parts, which would be flattened
 * again for each line that contains it; a search flattens it once.
 */
function flat(text: string): string {
  return text.includes('\n') ? text.replaceAll('\n', ' ') : text;
}

type Part = string | undefined;
type RenderFields = (first: Part, second: Part, third?: Part) => string;

/** Caches the last result: consecutive lines of the log have most of their parts in common. */
function remember(render: RenderFields): RenderFields {
  let [one, two, three]: Part[] = [];
  let last: string | undefined;
  return (first, second, third) => {
    if (last === undefined || first !== one || second !== two || third !== three) {
      [one, two, three] = [first, second, third];
      last = flat(render(first, second, third));
    }
    return last;
  };
}

function jsonAccess(): Format {
  const stamp = isoStamp();
  const who = remember((client, user) => {
    return `,"client":${jsonString(client ?? '')}${user ? `,"user":${jsonString(user)}` : ''}`;
  });
  return {
    describe({ method, target, httpVersion, referer, userAgent, host }) {
      const before = `,"method":${jsonString(method)},"target":${jsonString(redact(target))}`;
      let after = host ? `,"host":${jsonString(host)}` : '';
      if (referer) after += `,"referer":${jsonString(redact(referer))}`;
      if (userAgent) after += `,"user_agent":${jsonString(redact(userAgent))}`;
      return headText(`${before},"http":${jsonString(httpVersion)},"status":`, `${after}}`);
    },
    render({ before, after }, { client, user, status, bodyBytes, durationMs }, nowMs) {
      const duration = Math.round(durationMs * 1000) / 1000;
      const start = `{"time":"${stamp(nowMs)}"${who(client, user)}${before}`;
      return `${start}${status},"bytes":${bodyBytes},"duration_ms":${duration}${after}`;
    },
  };
}

function prettyAccess(colors: boolean): Format {
  const line = prettyLine(colors);
  return {
    describe: ({ method, target }) => headText(prettyRequest(method, target), ''),
    render: ({ before }, response, nowMs) => line(before, response, nowMs),
  };
}

export type EventLevel = 'info' | 'warn' | 'error';
export type EventFields = Readonly<Record<string, string | number | boolean | undefined>>;
export type EventLog = (level: EventLevel, message: string, fields?: EventFields) => void;

/** The log of the server's own events: JSON lines if the access log is JSON, otherwise lines of text. */
export function eventLog(
  sink: Pick<LineSink, 'write'>,
  format: LogFormat,
  now: () => number = Date.now,
): EventLog {
  const render = eventRenderer(format, now);
  return (level, message, fields = {}) => sink.write(render(level, message, fields));
}

/** The line for {@link SinkOptions.describeDropped}, in the `format` of the log. */
export function droppedNotice(format: LogFormat, now: () => number = Date.now): (count: number) => string {
  const render = eventRenderer(format, now);
  return (count) => render('warn', `${count} log lines dropped`, {});
}

type RenderEvent = (level: EventLevel, message: string, fields: EventFields) => string;

function eventRenderer(format: LogFormat, now: () => number): RenderEvent {
  const stamp = isoStamp();
  const pretty = format === 'pretty' || format === 'colored' ? prettyEvent(format === 'colored') : undefined;
  return (level, message, fields) => {
    const nowMs = now();
    const time = stamp(nowMs);
    const text = jsonString(redact(message));
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    const pairs = given.map(([name, value]) => [name, fieldValue(value)]);
    if (format !== 'json') {
      const words = pairs.map((pair) => pair.join('='));
      if (pretty) return pretty(level, text.slice(1, -1), words, nowMs);
      return [time, level, text.slice(1, -1), ...words].join(' ');
    }
    const members = pairs.map(([name, value]) => `,"${name}":${value}`);
    return `{"time":"${time}","level":"${level}","message":${text}${members.join('')}}`;
  };
}

function fieldValue(value: EventFields[string]): string {
  return typeof value === 'string' ? jsonString(redact(value)) : String(value);
}

function quotedField(text: string | undefined): string {
  return text ? escapeQuoted(text) : '-';
}

const plainWord = /^[!#-[\]-~]+$/;

/** Outside of quotes a space would end the field. */
function bareField(text: string | undefined): string {
  return text && plainWord.test(text) ? text : quotedField(text).replaceAll(' ', '\\x20');
}

/** `10/Oct/2000:13:55:36 +0000`, from the `Tue, 10 Oct 2000 13:55:36 GMT` that ECMAScript specifies. */
function commonLogTime(ms: number): string {
  const text = new Date(ms).toUTCString();
  return `${text.slice(5, 7)}/${text.slice(8, 11)}/${text.slice(12, 16)}:${text.slice(17, 25)} +0000`;
}

/** `2000-10-10T13:55:36.042Z` (RFC 3339). */
function isoStamp(): (ms: number) => string {
  const toSecond = perSecond((ms) => new Date(ms).toISOString().slice(0, 19));
  return (ms) => `${toSecond(ms)}.${String(ms % 1000).padStart(3, '0')}Z`;
}
