/** Header fields as a whole: what repeating one means, and what `Connection` says. Pure. */

export type Fields = Record<string, string | undefined>;

/** Fields that are no lists: the first one counts, as with `node:http`. */
const singles: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

/** The value of a field that came again (RFC 9110 §5.3). */
export function joinField(name: string, before: string, value: string): string {
  if (singles.has(name)) return before;
  return name === 'cookie' ? `${before}; ${value}` : `${before}, ${value}`;
}

const closing = /(?:^|[,\t ])close(?:[,\t ]|$)/i;
const keeping = /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i;

/** Whether a client that says this wants to go on with the connection; `close` wins (RFC 9112 §9.3). */
export function staysOpen(version: '1.0' | '1.1', connection: string | undefined): boolean {
  if (connection === undefined) return version === '1.1';
  if (closing.test(connection)) return false;
  return version === '1.1' || keeping.test(connection);
}

/**
 * V8 keeps all of a text alive for a part of it of more than twelve characters; and parts are kept, as keys of caches
 * and messages that wait. Of a text that is no longer than most heads it may.
 */
const MAX_KEPT_CHARACTERS = 1024;
const MAX_COPIED_CHARACTERS = 12;

/** `part`, which was cut out of `text`, for itself. */
export function ownPart(text: string, part: string): string {
  if (text.length <= MAX_KEPT_CHARACTERS || part.length <= MAX_COPIED_CHARACTERS) return part;
  return Buffer.from(part, 'latin1').toString('latin1');
}
