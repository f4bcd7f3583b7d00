/** `Cache-Control` (RFC 9111 §5.2.2) by the kind of file: pages, fingerprinted assets, the rest. */

/** Field values, each sent as it is. */
export interface CachePolicy {
  readonly cacheHtml: string;
  /** For names that change whenever the content does. */
  readonly cacheFingerprinted: string;
  readonly cacheOther: string;
}

/** The value of `Cache-Control` for a file name without its folder. */
export function cacheControl(fileName: string, contentType: string, policy: CachePolicy): string {
  if (PAGE.test(contentType)) return policy.cacheHtml;
  if (PLAYLIST.test(fileName)) return 'no-cache';
  return isFingerprinted(fileName, contentType) ? policy.cacheFingerprinted : policy.cacheOther;
}

/**
 * HLS (RFC 8216 §6.2.1) and DASH: while a stream is live its playlist is rewritten every few seconds, and a player
 * that is given an old one stops.
 */
const PLAYLIST = /\.(?:m3u8|mpd)$/i;
const PAGE = /^(?:text\/html|application\/xhtml\+xml)(?:;|$)/;

/**
 * Whether a build tool put a hash of the content into the name.
 *
 * A wrong yes freezes a file in every browser for a year; a wrong no costs a revalidation each time. So this
 * wants proof that no name made by a person gives, and lets go of the hashes that happen to look like one: a
 * token at the end of the name, of a length that tools cut hashes to, whose kinds of characters alternate more
 * often than words and numbers do. Documents and data are never taken for assets: their names carry dates,
 * versions, and the ids of things that change.
 */
function isFingerprinted(fileName: string, contentType: string): boolean {
  const code = CODE_OR_FONT.test(contentType) || fileName.endsWith('.map');
  if (!code && !MEDIA.test(contentType)) return false;
  const stem = fileName.replace(EXTENSIONS, '');
  if (UUID.test(stem)) return false;
  return isHexHash(TOKEN.exec(stem)?.[1] ?? '') || (code && isLettersHash(stem));
}

const CODE_OR_FONT =
  /^(?:text\/(?:css|javascript)|application\/(?:wasm|vnd\.ms-fontobject)|font\/[\w-]+)(?:;|$)/;
const MEDIA = /^(?:image|audio|video)\//;
/** The extension, and what tools put before it. */
const EXTENSIONS = /(?:\.(?:js|mjs|cjs|css|min|chunk|bundle|module))*\.[^.]+$/;
/** What follows the last separator, which in turn follows something. */
const TOKEN = /[^.][.\-_]([A-Za-z0-9]+)$/;
/** The same for base64url, which has two of the separators among its characters. */
const BASE64URL_TOKEN = /[^.][.-]([\w-]{8})$/;
/** Names the thing, not its content. */
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Parcel 8, gulp-rev 10, Django 12, Next.js 16, webpack 20, MD5 32, SHA-1 40, SHA-256 64. */
const HEX_HASH_LENGTHS: ReadonlySet<number> = new Set([8, 10, 12, 16, 20, 32, 40, 64]);
/** `cafe2024` has two runs of letters or digits, `20240115ab` too; 91 of 100 hashes of 8 digits have three. */
const MIN_HEX_RUNS = 3;

function isHexHash(token: string): boolean {
  return (
    HEX_HASH_LENGTHS.has(token.length) &&
    /^[0-9a-f]+$/.test(token) &&
    countRuns(token) >= MIN_HEX_RUNS &&
    !DATE.test(token)
  );
}

/** A leading yyyymmdd, or one of the two months that are written in hexadecimal digits: `15dec24b`. */
const DATE = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|\d(?:dec|feb)\d/;

/** `ES6Array` has three runs. Four of five hashes of Vite pass. */
const MIN_MIXED_RUNS = 4;
/** Nothing but words, numbered or not: `Vec3Mat4`, `MyAppUi1` have four runs. With five, no person wrote them. */
const WORDS = /^(?:[A-Z]?[a-z]+\d*)+$/;
/** `MP3toMP4`, `CO2vsH2O`: made by people, and as mixed as a hash. */
const JOINED_NAMES = /[A-Z\d](?:to|vs|in|or)[A-Z\d]/;
/** esbuild's name for shared code; nobody else numbers chunks in base32. */
const ESBUILD_CHUNK = /^chunk-[A-Z2-7]{8}$/;

/** esbuild's base32, or the base64url of Rollup (so Vite) and Rolldown, which all cut to 8 characters. */
function isLettersHash(stem: string): boolean {
  if (ESBUILD_CHUNK.test(stem)) return true;
  const token = BASE64URL_TOKEN.exec(stem)?.[1];
  if (token === undefined || !/[A-Z]/.test(token)) return false;
  // All in capitals, as base32 is: `TOP5LIST` looks alike, but few give such names to code.
  if (/^[A-Z2-7]+$/.test(token)) return /\d[A-Z]/.test(token) && countRuns(token) >= MIN_HEX_RUNS;
  const runs = /[a-z]/.test(token) && !JOINED_NAMES.test(token) ? countRuns(token) : 0;
  return runs > MIN_MIXED_RUNS || (runs === MIN_MIXED_RUNS && !WORDS.test(token));
}

/** How many words and numbers a person would see; a capitalised word is one. */
function countRuns(token: string): number {
  return token.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]|\d+/g)?.length ?? 0;
}
