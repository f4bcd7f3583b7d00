/**
 * The head of an outgoing request (RFC 9112 §3 and §5) as Latin-1 text. Pure.
 *
 * As strict as the parser of requests: what would not be accepted here is not sent to others.
 */
import { notInTarget, notInValue, token } from '../grammar.ts';

/** What only the client itself says: where the body ends, and what becomes of the connection. */
const ownFields: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export interface OutgoingHead {
  readonly method: string;
  /** In origin form, or an authority for CONNECT. */
  readonly target: string;
  /** Those of `headers` take precedence; names in lower case. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** `undefined` where the request has no body and its method expects none (RFC 9110 §8.6). */
  readonly bodyBytes: number | undefined;
  /** The value of `Connection`, if there is one. */
  readonly connection: 'close' | 'keep-alive' | undefined;
}

/** `undefined` for a method, target or header that HTTP does not allow, or that is not the caller's to set. */
export function renderRequestHead(head: OutgoingHead): string | undefined {
  const { method, target, defaults, headers, bodyBytes, connection } = head;
  if (!token.test(method) || target === '' || has(notInTarget, target)) return undefined;
  const own = fieldLines(headers);
  if (!own) return undefined;
  let text = `${method} ${target} HTTP/1.1\r\n`;
  for (const name of Object.keys(defaults)) {
    if (!own.names.has(name)) text += `${name}: ${defaults[name]}\r\n`;
  }
  text += own.text;
  if (bodyBytes !== undefined) text += `content-length: ${bodyBytes}\r\n`;
  return connection ? `${text}connection: ${connection}\r\n\r\n` : `${text}\r\n`;
}

function fieldLines(headers: OutgoingHead['headers']) {
  const names = new Set<string>();
  let text = '';
  for (const name of Object.keys(headers)) {
    const value = headers[name] as string;
    const lower = name.toLowerCase();
    if (!token.test(name) || ownFields.has(lower) || has(notInValue, value)) return undefined;
    names.add(lower);
    text += `${name}: ${value}\r\n`;
  }
  return { names, text };
}

/** Whether a pattern with the flag `g` matches anywhere. */
function has(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(text);
}
