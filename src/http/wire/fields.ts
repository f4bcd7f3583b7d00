/** The meaning of repeated header fields and of `Connection`. Pure. */

export type Fields = Record<string, string | undefined>;

/** Fields that are not lists: the first value counts, as with `node:http`. */
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

/** The value of a repeated field (RFC 9110 §5.3). */
export function joinField(name: string, before: string, value: string): string {
  if (singles.has(name)) return before;
  return name === 'cookie' ? `${before}; ${value}` : `${before}, ${value}`;
}

/** The fields of a request by their lower-case names. `rawHeaders` are alternating names and values as received. */
export function headersOf(rawHeaders: readonly string[]): Fields {
  const headers: Fields = { __proto__: null } as unknown as Fields;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const before = headers[name];
    const value = rawHeaders[i + 1] as string;
    headers[name] = before === undefined ? value : joinField(name, before, value);
  }
  return headers;
}

const closing = /(?:^|[,\t ])close(?:[,\t ]|$)/i;
const keeping = /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i;

/** Whether the client wants a keep-alive connection; `close` takes precedence (RFC 9112 §9.3). */
export function staysOpen(version: '1.0' | '1.1', connection: string | undefined): boolean {
  if (connection === undefined) return version === '1.1';
  if (closing.test(connection)) return false;
  return version === '1.1' || keeping.test(connection);
}

/**
 * In V8, a substring of more than twelve characters keeps the whole string alive, and substrings live on as
 * cache keys and in queued messages. That is acceptable for strings up to the size of most heads.
 */
const MAX_KEPT_CHARACTERS = 1024;
const MAX_COPIED_CHARACTERS = 12;

/** `part`, a substring of `text`, copied if it would keep too long a string alive. */
export function ownPart(text: string, part: string): string {
  if (text.length <= MAX_KEPT_CHARACTERS || part.length <= MAX_COPIED_CHARACTERS) return part;
  return Buffer.from(part, 'latin1').toString('latin1');
}
