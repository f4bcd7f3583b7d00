/**
 * Keeps tokens out of logs: in the paths of hooks and dialects everything in the place of a token, even a wrong one, and everywhere
 * else every valid token, in base64 too, since the dialect may be off or the parameter have another name. `token`, `auth`
 * and the like in queries are redacted by the log itself. Pure.
 */
import { MIN_TOKEN_CHARACTERS } from '../auth/token.ts';
import { isId } from '../id.ts';
import { APPRISE_PATH, RESERVED_KEYS } from './apprise.ts';
import { type DialectName, decodeSegment } from './dialect.ts';
import { SERVERCHAN_PATH } from './serverchan.ts';
import { SLACK_PATH } from './slack.ts';

/**
 * Replaces the tokens in a target, a URL such as a referrer, or another text from a client by `***`. The method, if
 * known, helps to recognise paths.
 */
export type Redactor = (text: string, method?: string) => string;

const STARS = '***';
/** First segments that are never keys of Bark. */
const reservedSegments: ReadonlySet<string> = new Set(['', 'push', 'message', 'notify']);
/** Tokens that `mote token` generated are redacted everywhere, valid or not: no file has such a name. */
const generatedToken = /mote_[\w-]{43}/g;

function redactGenerated(text: string): string {
  return text.includes('mote_') ? text.replace(generatedToken, STARS) : text;
}

/** Behind the name of a hook. */
const hookToken = /(\/notify\/hook\/[^/?#\s]+\/)[^/?#\s]+/g;

function redactHook(text: string): string {
  return text.includes('/notify/hook/') ? text.replace(hookToken, `$1${STARS}`) : text;
}

const word = new RegExp(`[^/?&;=#,]{${MIN_TOKEN_CHARACTERS},}`, 'g');
/** Each lookup takes time, and hardly any honest request has more words that could be tokens: those are not shown. */
const MAX_WORDS = 32;
const MAX_LOOKUPS = 64;
const MAX_RUN_LOOKUPS = 256;
/** Around a token, as in `Bearer+TOKEN`, `user:TOKEN` or `(TOKEN)`. */
const delimiters = /[^\w.~-]+/;
/** Tokens made by `openssl rand -base64` have characters that separate words. */
const base64Run = new RegExp(`[\\w+/=-]{${MIN_TOKEN_CHARACTERS},}`, 'g');
/** Parts of a run that may be one token: one of 44 characters has more once in a thousand times. */
const MAX_PARTS = 5;
const base64 = /^[\w+/-]{16,}={0,2}$/;
/** ntfy's `auth` is base64 of `Basic` and base64. */
const MAX_LAYERS = 2;

/** `names` are the dialects that are on. For `isToken` see `Access.isToken`. */
export function createRedactor(names: readonly DialectName[], isToken: (text: string) => boolean): Redactor {
  const active = new Set(names);
  return (text, method) =>
    redactValid(redactGenerated(redactHook(active.size === 0 ? text : redactTarget(text, method))));

  function redactValid(text: string): string {
    let words = 0;
    const lookUp = bounded(MAX_LOOKUPS);
    const lookUpRun = bounded(MAX_RUN_LOOKUPS);
    const rest = text.replace(base64Run, (found) => redactRun(found, lookUpRun));
    return rest.replace(word, (found) => (words++ < MAX_WORDS ? redactWord(found, lookUp) : STARS));
  }

  /** What could be a token counts as one when there were too many. */
  function bounded(most: number): typeof isToken {
    let lookups = 0;
    return (piece) => lookups++ >= most || isToken(piece);
  }

  function redactWord(found: string, lookUp: typeof isToken): string {
    const text = decodeSegment(found);
    const name = text.replace(/\.send$/, '');
    if (name !== text && lookUp(name)) return `${STARS}.send`;
    return holdsToken(text, lookUp, MAX_LAYERS) ? STARS : found;
  }

  function redactTarget(text: string, method: string | undefined): string {
    const { origin, path, rest } = split(text);
    return `${origin}${redactPath(path, method)}${rest}`;
  }

  function redactPath(path: string, method: string | undefined): string {
    const sendKey = SERVERCHAN_PATH.exec(path)?.[1];
    if (active.has('serverchan') && sendKey !== undefined)
      return path.replace(`${sendKey}.send`, () => `${STARS}.send`);
    const key = APPRISE_PATH.exec(path)?.[1];
    if (active.has('apprise') && key !== undefined && !isId(key) && !RESERVED_KEYS.has(key))
      return `/notify/${STARS}`;
    const hook = active.has('slack') ? SLACK_PATH.exec(path)?.[1] : undefined;
    if (hook !== undefined) return `${path.slice(0, path.lastIndexOf(hook))}${STARS}`;
    return active.has('bark') ? redactBark(path, method) : path;
  }

  function redactBark(path: string, method: string | undefined): string {
    const first = /^\/([^/]*)/.exec(path)?.[1] ?? '';
    // A topic of ntfy looks like a key and is redacted too.
    const isKey = method === 'POST' && !reservedSegments.has(first);
    return isKey ? `/${STARS}${path.slice(first.length + 1)}` : path;
  }
}

/** Each part ends with its separator; a slash at the end may belong to the path. */
function redactRun(found: string, lookUp: (piece: string) => boolean): string {
  const parts = found.split(/(?<=[/=])/);
  for (let first = 0; first < parts.length; first++) {
    for (let end = Math.min(first + MAX_PARTS, parts.length); end > first; end--) {
      const text = parts.slice(first, end).join('');
      const inside = text.endsWith('/') ? text.slice(0, -1) : text;
      if (inside.length < MIN_TOKEN_CHARACTERS || !/[/=]/.test(inside)) break;
      if (lookUp(inside) || (inside !== text && lookUp(text)))
        parts.splice(first, end - first, STARS, text.slice(inside.length));
    }
  }
  return parts.join('');
}

/** Decodes up to `layers` of base64. */
function holdsToken(text: string, lookUp: (piece: string) => boolean, layers: number): boolean {
  if (text.length < MIN_TOKEN_CHARACTERS) return false;
  if (lookUp(text) || redactGenerated(text) !== text) return true;
  const pieces = text
    .split(delimiters)
    .filter((piece) => piece.length >= MIN_TOKEN_CHARACTERS && piece !== text);
  if (pieces.some(lookUp)) return true;
  return layers > 0 && [text, ...pieces].some((piece) => holdsToken(fromBase64(piece), lookUp, layers - 1));
}

/** The text inside, or an empty one where it is not ASCII text. */
function fromBase64(piece: string): string {
  const text = base64.test(piece) ? Buffer.from(piece, 'base64').toString('latin1') : '';
  return /^[ -~]+$/.test(text) ? text : '';
}

/** The origin may be empty; the rest begins with `?` or `#`, if anything. */
function split(text: string): { origin: string; path: string; rest: string } {
  const [, origin = '', path = '', rest = ''] =
    /^([a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)(.*)$/is.exec(text) ?? [];
  return { origin, path, rest };
}
