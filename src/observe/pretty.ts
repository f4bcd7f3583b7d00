/** The log for a person at a terminal: one short line for each request. Everything is printable ASCII, but for colours. */
import { perSecond } from '../util/per-second.ts';
import { escapeQuoted, redact } from './log-text.ts';

/** A longer target is cut: it would fill the screen. */
export const MAX_TARGET_CHARACTERS = 100;

/** Parameters of "select graphic rendition" (ECMA-48 §8.3.117). */
const sgr = { dim: 2, red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36 } as const;
type Color = keyof typeof sgr;

/** Text in a colour, or as it is. */
export type Paint = (color: Color, text: string) => string;

export function paintOf(colors: boolean): Paint {
  return colors ? (color, text) => `\x1b[${sgr[color]}m${text}\x1b[0m` : (_, text) => text;
}

export function prettyRequest(method: string, target: string): string {
  const text = escapeQuoted(`${method} ${redact(target)}`);
  return text.length > MAX_TARGET_CHARACTERS ? `${text.slice(0, MAX_TARGET_CHARACTERS)}...` : text;
}

export interface PrettyResponse {
  readonly client: string;
  readonly user?: string | undefined;
  readonly status: number;
  readonly bodyBytes: number;
  readonly durationMs: number;
}

/** `14:23:18 200 GET /index.html 1.2 kB 3 ms`, and who it was if it was nobody at this machine. */
export function prettyLine(
  colors: boolean,
): (request: string, response: PrettyResponse, nowMs: number) => string {
  const paint = paintOf(colors);
  const stamp = perSecond(timeOfDay);
  return (request, { client, user, status, bodyBytes, durationMs }, nowMs) => {
    const who = [...(isHere(client) ? [] : [client]), ...(user ? [user] : [])].map(escapeQuoted);
    const rest = [sizeText(bodyBytes), `${durationText(durationMs)}`, ...who].join(' ');
    const state = paint(colorOf(status), String(status || '---'));
    return `${paint('dim', stamp(nowMs))} ${state} ${request} ${paint('dim', rest)}`;
  };
}

const levelColors = { info: 'cyan', warn: 'yellow', error: 'red' } as const;

/** An event of the server itself; `text` and `pairs` are printable. */
export function prettyEvent(
  colors: boolean,
): (level: keyof typeof levelColors, text: string, pairs: readonly string[], nowMs: number) => string {
  const paint = paintOf(colors);
  const stamp = perSecond(timeOfDay);
  return (level, text, pairs, nowMs) => {
    const details = pairs.length > 0 ? ` ${paint('dim', pairs.join(' '))}` : '';
    return `${paint('dim', stamp(nowMs))} ${paint(levelColors[level], level)} ${text}${details}`;
  };
}

function colorOf(status: number): Color {
  if (status >= 500) return 'red';
  if (status >= 400) return 'yellow';
  if (status >= 300) return 'cyan';
  return status >= 200 ? 'green' : 'magenta';
}

function isHere(client: string): boolean {
  return client === '' || client === '::1' || client.startsWith('127.');
}

const units = ['kB', 'MB', 'GB', 'TB', 'PB'];

function sizeText(bytes: number): string {
  let [amount, unit] = [bytes, 'B'];
  for (const larger of units) {
    // What would be rounded to 1000 is 1 of the next.
    if (amount < 999.5) break;
    [amount, unit] = [amount / 1000, larger];
  }
  return `${unit === 'B' || amount >= 99.95 ? Math.round(amount) : amount.toFixed(1)} ${unit}`;
}

function durationText(durationMs: number): string {
  return durationMs < 999.5 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}

/** Of this machine's time zone: the person sits here. */
function timeOfDay(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}
