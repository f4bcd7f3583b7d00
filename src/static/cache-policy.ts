/** `Cache-Control` (RFC 9111 §5.2.2) by the kind of file: pages, fingerprinted assets, other files. Pure. */

/** Field values, sent unchanged. */
export interface CachePolicy {
  readonly cacheHtml: string;
  /** For files whose name changes whenever their content does. */
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
 * that receives an old one stops.
 */
const PLAYLIST = /\.(?:m3u8|mpd)$/i;
const PAGE = /^(?:text\/html|application\/xhtml\+xml)(?:;|$)/;

/**
 * Whether a build tool put a hash of the content into the name.
 *
 * A false positive freezes a file in every browser for a year; a false negative costs a revalidation each time. So
 * the token must look like no name that a person would choose, at the price of missing hashes that do: it stands at
 * the end of the name, has a length to which tools truncate hashes, and its kinds of characters alternate more often
 * than those of words and numbers. Documents and data never count as assets: their names contain dates, versions,
 * and identifiers of things that change.
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
/** The extension, and what tools insert before it. */
const EXTENSIONS = /(?:\.(?:js|mjs|cjs|css|min|chunk|bundle|module))*\.[^.]+$/;
/** What follows the last separator, which must not be at the start. */
const TOKEN = /[^.][.\-_]([A-Za-z0-9]+)$/;
/** The same for base64url, whose alphabet contains two of the separators. */
const BASE64URL_TOKEN = /[^.][.-]([\w-]{8})$/;
/** Identifies an object, not its content. */
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Parcel 8, gulp-rev 10, Django 12, Next.js 16, webpack 20, MD5 32, SHA-1 40, SHA-256 64. */
const HEX_HASH_LENGTHS: ReadonlySet<number> = new Set([8, 10, 12, 16, 20, 32, 40, 64]);
/** `cafe2024` has two runs of letters or digits, and so has `20240115ab`; 91% of 8-digit hashes have three. */
const MIN_HEX_RUNS = 3;

function isHexHash(token: string): boolean {
  return (
    HEX_HASH_LENGTHS.has(token.length) &&
    /^[0-9a-f]+$/.test(token) &&
    countRuns(token) >= MIN_HEX_RUNS &&
    !DATE.test(token)
  );
}

/** A leading yyyymmdd, or one of the two month names that consist of hexadecimal digits: `15dec24b`. */
const DATE = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|\d(?:dec|feb)\d/;

/** `ES6Array` has three runs. 80% of the hashes of Vite have four or more. */
const MIN_MIXED_RUNS = 4;
/** Only words, numbered or not: `Vec3Mat4`, `MyAppUi1` have four runs. Nobody writes names with five. */
const WORDS = /^(?:[A-Z]?[a-z]+\d*)+$/;
/** `MP3toMP4`, `CO2vsH2O`: written by people, and as mixed as a hash. */
const JOINED_NAMES = /[A-Z\d](?:to|vs|in|or)[A-Z\d]/;
/** esbuild's name for shared code; no other tool names chunks in base32. */
const ESBUILD_CHUNK = /^chunk-[A-Z2-7]{8}$/;

/** esbuild's base32, or the base64url of Rollup (and so Vite) and Rolldown, all truncated to 8 characters. */
function isLettersHash(stem: string): boolean {
  if (ESBUILD_CHUNK.test(stem)) return true;
  const token = BASE64URL_TOKEN.exec(stem)?.[1];
  if (token === undefined || !/[A-Z]/.test(token)) return false;
  // Only capitals, as in base32: `TOP5LIST` looks alike, but such names of code are rare.
  if (/^[A-Z2-7]+$/.test(token)) return /\d[A-Z]/.test(token) && countRuns(token) >= MIN_HEX_RUNS;
  const runs = /[a-z]/.test(token) && !JOINED_NAMES.test(token) ? countRuns(token) : 0;
  return runs > MIN_MIXED_RUNS || (runs === MIN_MIXED_RUNS && !WORDS.test(token));
}

/** The number of words and numbers that a person would see; a capitalised word counts once. */
function countRuns(token: string): number {
  return token.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]|\d+/g)?.length ?? 0;
}
