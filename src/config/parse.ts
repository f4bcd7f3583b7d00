/** Option values from text. Every parser is pure. */
import { isRedisUrl, parseRedisUrl, REDIS_FORMS } from '../util/redis-url.ts';
import { failure, type Result, success } from '../util/result.ts';

/** A value, or what is allowed instead, worded to follow "allowed:". The error never contains the text. */
export type Parsed<T> = Result<T, string>;

export type Parser<T> = (text: string) => Parsed<T>;

/** One user of Basic authentication, with the PBKDF2-HMAC-SHA256 hash of the password (RFC 8018 §5.2). */
export interface BasicUser {
  readonly user: string;
  readonly iterations: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export type Unit = 'count' | 'bytes' | 'ms';

/** Inclusive bounds of a whole number. */
export interface Bounds {
  readonly unit: Unit;
  readonly min: number;
  readonly max: number;
}

/** Suffixes from small to large; of two with the same factor the last one is printed. */
const factors: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  count: {},
  bytes: { K: 1024, k: 1024, M: 1024 ** 2, G: 1024 ** 3 },
  ms: { ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
};

/** RFC 8018 §4.1 wants at least 64 bits of salt, §4.2 at least 1000 iterations. */
const MIN_SALT_BYTES = 8;
const MIN_ITERATIONS = 1000;
/** This takes seconds of one core for each new password: with more, guesses could stop the server. */
const MAX_ITERATIONS = 10_000_000;
const SHA256_BYTES = 32;
/** `sun_path` of Linux holds 108 bytes with the final NUL; macOS ends at 104. */
const MAX_SOCKET_PATH_BYTES = 103;
const MAX_HOSTNAME_CHARS = 253;
const MAX_FILE_NAME_BYTES = 255;

const CONTROL = /\p{Cc}/u;
/** RFC 9110 §5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** RFC 9110 §5.5 without obs-text: printable ASCII, spaces and tabs only between other characters. */
const HSTS_VALUE = /^max-age=\d{1,10}(?:; ?(?:includeSubDomains|preload)){0,2}$/i;
const FIELD_VALUE = /^[!-~]+(?:[ \t]+[!-~]+)*$/;
/** An extension, a media type and its parameters (RFC 9110 §8.3.1, RFC 6838 §4.2). */
const MEDIA_TYPE =
  /^\.?([^\s./\\=]+(?:\.[^\s./\\=]+)*)=([\w!#$&^.+-]+\/[\w!#$&^.+-]+)((?:; ?[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[ !#-[\]-~]*"))*)$/;
const CHARSET = /^[a-z\d][\w.:+-]*$/i;
/** RFC 3986 §3.3 without percent-encoding, empty segments and a lone `/`. */
const PLAIN_URL_PATH = /^(?:\/[\w.~!$&'()*+,;=:@-]+)+\/?$/;
const DOT_SEGMENT = /(?:^|\/)\.\.?(?:\/|$)/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
/** RFC 1123 §2.1, with `_` as container networks use it. */
const HOST_LABEL = /^(?!-)[\w-]{1,63}(?<!-)$/;
const ORIGIN_HOST = /^(?:[\w.-]+|\[[\da-f:]+\])$/i;
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@\\]+\/?$/i;

/** Response fields that describe the body or the connection, which only the server can know. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'etag',
  'keep-alive',
  'last-modified',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The number as people write it: `33554432` bytes is `32M`, `90000` ms is `90s`. */
export function formatQuantity(value: number, unit: Unit): string {
  if (value === 0) return '0';
  const [suffix, factor] = Object.entries(factors[unit]).findLast(([, size]) => value % size === 0) ?? [
    '',
    1,
  ];
  return `${value / factor}${suffix}`;
}

/** For example `from 0 to 65535`. */
export function describeSpan({ unit, min, max }: Bounds): string {
  return `from ${formatQuantity(min, unit)} to ${formatQuantity(max, unit)}`;
}

const notations: Readonly<Record<Unit, readonly [what: string, suffixes: string]>> = {
  count: ['a whole number', ''],
  bytes: ['a whole number of bytes', ', also with k, M or G (of 1024)'],
  ms: ['a whole number of milliseconds', ', also with ms, s, m or h'],
};

export function parseQuantity(text: string, bounds: Bounds): Parsed<number> {
  const [, digits, suffix = ''] = /^(\d{1,15})([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = suffix === '' ? 1 : factors[bounds.unit][suffix];
  const value = Number(digits) * (factor ?? Number.NaN);
  if (value >= bounds.min && value <= bounds.max) return success(value);
  const [what, suffixes] = notations[bounds.unit];
  return failure(`${what} ${describeSpan(bounds)}${suffixes}`);
}

export function parseBoolean(text: string): Parsed<boolean> {
  const word = text.toLowerCase();
  if (['true', 'on', 'yes', '1'].includes(word)) return success(true);
  if (['false', 'off', 'no', '0'].includes(word)) return success(false);
  return failure('true, false, on, off, yes, no, 1 or 0');
}

/** A parser that says which words it takes. */
export interface WordParser<T extends string> extends Parser<T> {
  readonly words: readonly T[];
}

export function oneOf<const T extends string>(...words: readonly T[]): WordParser<T> {
  const parse = (text: string) => {
    const word = words.find((one) => one === text);
    return word === undefined ? failure(words.join(', ')) : success(word);
  };
  return Object.assign(parse, { words });
}

/** A path of the file system: any text that the system calls can take. */
export function parseFilePath(text: string): Parsed<string> {
  return text !== '' && !text.includes('\0') ? success(text) : failure('the path of a file or folder');
}

/**
 * A folder, or the URL of a server that several processes share; no other URL becomes the name of a folder. One letter
 * is a drive of Windows.
 */
export function parseSpool(text: string): Parsed<string> {
  const isUrl = /^[a-z][a-z\d+.-]+:\//i.test(text);
  if (!isUrl && !isRedisUrl(text)) return parseFilePath(text);
  const target = parseRedisUrl(text);
  return target.ok
    ? success(text)
    : failure(`the path of a folder, or ${REDIS_FORMS} (this URL ${target.error})`);
}

/** The name of a spool in a server: a part of its keys. */
export function parseSpoolPrefix(text: string): Parsed<string> {
  return /^[\w.:-]{1,64}$/.test(text) ? success(text) : failure('up to 64 letters, digits, and _ . : -');
}

/** One name inside a folder: it must not be able to lead anywhere else. */
export function parseFileName(text: string): Parsed<string> {
  const plain = text !== '' && text !== '.' && text !== '..' && !/[/\\]/.test(text) && !CONTROL.test(text);
  const fits = Buffer.byteLength(text) <= MAX_FILE_NAME_BYTES;
  return plain && fits ? success(text) : failure('a plain file name, without slashes');
}

/** Names inside a folder, separated by commas; the value has no blanks around them. */
export function parseFileNames(text: string): Parsed<string> {
  const names = text.split(',').map((name) => parseFileName(name.trim()));
  const valid = names.flatMap((name) => (name.ok ? [name.value] : []));
  return valid.length === names.length
    ? success(valid.join(','))
    : failure('plain file names, without slashes, separated by commas');
}

/** The empty string turns the option off; anything else goes to `parse`. */
export function emptyOr(parse: Parser<string>): Parser<string> {
  return (text) => {
    const parsed = text === '' ? success('') : parse(text);
    return parsed.ok ? parsed : failure(`${parsed.error}; empty for none`);
  };
}

/** A path that is compared with that of a request as it stands, so that it contains no encoding. */
export function parseUrlPath(text: string): Parsed<string> {
  return PLAIN_URL_PATH.test(text) && !DOT_SEGMENT.test(text)
    ? success(text)
    : failure('a URL path like /name, without % and dot segments');
}

/** A path as {@link parseUrlPath} takes it; a final slash does not count, so that `/` is none. */
export function parseBasePath(text: string): Parsed<string> {
  return text === '/' ? success('') : withoutSlash(parseUrlPath(text));
}

function withoutSlash(parsed: Parsed<string>): Parsed<string> {
  return parsed.ok ? success(parsed.value.replace(/\/$/, '')) : parsed;
}

/** A field value (RFC 9110 §5.5). */
export function parseFieldValue(text: string): Parsed<string> {
  return FIELD_VALUE.test(text)
    ? success(text)
    : failure('a header value: printable ASCII, without line breaks or surrounding spaces');
}

/** The value of Strict-Transport-Security (RFC 6797 §6.1), or its seconds alone. */
export function parseHsts(text: string): Parsed<string> {
  if (/^\d{1,10}$/.test(text)) return success(`max-age=${text}`);
  return HSTS_VALUE.test(text)
    ? success(text)
    : failure(
        'seconds, or max-age=SECONDS with includeSubDomains and preload after it, separated by semicolons',
      );
}

/** `Name: value`, taken apart. */
export function parseHeader(text: string): Parsed<readonly [name: string, value: string]> {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  // Not trim(), which would silently drop line breaks as well.
  const value = text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
  if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) {
    return failure("'Name: value', the value in printable ASCII without line breaks");
  }
  if (OWN_FIELDS.has(name.toLowerCase())) {
    return failure(`a header that the server does not set itself (not ${[...OWN_FIELDS].join(', ')})`);
  }
  if (name.toLowerCase() === 'cache-control') {
    return failure('a header other than Cache-Control, which the cache options set');
  }
  return success([name, value]);
}

/** The media type of files with an extension, which has no dot in front; both in lower case. */
export interface MediaType {
  readonly extension: string;
  readonly type: string;
}

/** `EXT=TYPE`: an extension with or without its dot, and a media type (RFC 9110 §8.3.1). */
export function parseMediaType(text: string): Parsed<MediaType> {
  const [, extension = '', type = '', parameters = ''] = MEDIA_TYPE.exec(text) ?? [];
  return extension === ''
    ? failure('an extension and a media type, like ts=text/javascript or data.gz=application/gzip')
    : success({ extension: extension.toLowerCase(), type: type.toLowerCase() + parameters });
}

/** The name of a character encoding (RFC 2978 §2.3, without what a parameter would have to quote). */
export function parseCharset(text: string): Parsed<string> {
  return CHARSET.test(text) ? success(text) : failure('the name of a character encoding, like windows-1251');
}

/** `*`, or an origin (RFC 6454 §6.2) in the form in which browsers send it. */
export function parseOrigin(text: string): Parsed<string> {
  if (text === '*') return success(text);
  if (!ORIGIN.test(text) || !URL.canParse(text)) {
    return failure('an origin like https://example.org, without a path, or *');
  }
  const { origin, hostname } = new URL(text);
  // The URL standard takes characters that no name in use has: such an origin, a pattern above all, matches nothing.
  if (!ORIGIN_HOST.test(hostname)) {
    return failure(
      'complete origins, one for each name, since patterns are not supported, or * for all origins',
    );
  }
  // Schemes that the URL standard does not know, such as those of app shells, have no origin there.
  return success(origin === 'null' ? text.replace(/\/$/, '') : origin);
}

/** The URL for `healthcheck`. */
export function parseProbeUrl(text: string): Parsed<URL> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const allowed = url && /^https?:$/.test(url.protocol) && url.username + url.password === '';
  return allowed ? success(url) : failure('a URL like https://example.org/health, without a user name');
}

/** The same as `net.isIP`, which pure files do not import; 0 for anything but an address. */
export function ipVersion(text: string): 0 | 4 | 6 {
  if (IPV4.test(text)) return 4;
  return /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`) ? 6 : 0;
}

/** An address, an address block in CIDR notation, or `unix` for peers on a unix socket. */
export function parseTrustedProxy(text: string): Parsed<string> {
  if (text === 'unix') return success(text);
  const [address = '', prefix, ...rest] = text.split('/');
  const version = ipVersion(address);
  const bits = prefix === undefined ? 0 : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  return version !== 0 && rest.length === 0 && bits <= (version === 4 ? 32 : 128)
    ? success(text)
    : failure('an IP address, a block like 10.0.0.0/8 or fd00::/8, or unix');
}

/** Where to listen: empty for every address, an address, a host name, or a socket's path (it has a `/`). */
export function parseHost(text: string): Parsed<string> {
  const rejected = failure(
    `an IPv4 or IPv6 address, a host name, or the path of a unix socket (at most ${MAX_SOCKET_PATH_BYTES} bytes)`,
  );
  if (text === '') return success(text);
  if (text.includes('/')) {
    return !text.includes('\0') && Buffer.byteLength(text) <= MAX_SOCKET_PATH_BYTES
      ? success(text)
      : rejected;
  }
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  // RFC 4007 §11: a link-local address needs its zone, `fe80::1%eth0`.
  if (ipVersion(bare.replace(/%[\w.-]+$/, '')) === 6) return success(bare);
  return ipVersion(text) === 4 || isHostname(text) ? success(text) : rejected;
}

function isHostname(text: string): boolean {
  const labels = text.replace(/\.$/, '').split('.');
  // A name that ends in a number would be read as an IPv4 address (RFC 1123 §2.1).
  const numeric = /^\d+$/.test(labels.at(-1) ?? '');
  return text.length <= MAX_HOSTNAME_CHARS && !numeric && labels.every((label) => HOST_LABEL.test(label));
}

/** The line that `mote hash-password` prints: `user:pbkdf2-sha256:ITERATIONS:SALT:HASH`, base64url. */
export function parseBasicUser(text: string): Parsed<BasicUser> {
  const [user = '', scheme, count = '', salt, hash, ...rest] = text.split(':');
  const iterations = parseQuantity(count, { unit: 'count', min: MIN_ITERATIONS, max: MAX_ITERATIONS });
  const saltBytes = decodeBase64Url(salt ?? '');
  const hashBytes = decodeBase64Url(hash ?? '');
  const shape = user !== '' && !CONTROL.test(user) && scheme === 'pbkdf2-sha256' && rest.length === 0;
  const sizes = saltBytes.length >= MIN_SALT_BYTES && hashBytes.length === SHA256_BYTES;
  return shape && sizes && iterations.ok
    ? success({ user, iterations: iterations.value, salt: saltBytes, hash: hashBytes })
    : failure('user:pbkdf2-sha256:ITERATIONS:SALT:HASH as `mote hash-password` prints it');
}

/** Empty for anything that is not exactly base64url without padding (RFC 4648 §5). */
function decodeBase64Url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : Buffer.alloc(0);
}
