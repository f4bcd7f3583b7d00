/**
 * Keeps tokens in targets out of logs: what has the shape of one in the paths of dialects, also where it is wrong, and
 * what is somebody's token, wherever it stands, in base64 too: the dialect may not be on yet, or the parameter have
 * another name. `token`, `auth` and the like in queries are struck out by the log itself. Pure.
 */

import { MIN_TOKEN_CHARACTERS } from '../auth/token.ts';
import { isId } from '../id.ts';
import { APPRISE_PATH, RESERVED } from './apprise.ts';
import { type DialectName, decodeSegment } from './dialect.ts';
import { SERVERCHAN_PATH } from './serverchan.ts';

/**
 * Gives a target, a URL such as a referrer, or another text of a client with `***` in place of tokens. The method,
 * where it is known, tells more of what the path is.
 */
export type Strike = (text: string, method?: string) => string;

const STARS = '***';
/** First segments that are never keys of Bark. */
const fixed: ReadonlySet<string> = new Set(['', 'push', 'message', 'notify']);
/** What `mote token` makes is struck out wherever it stands: that is no name of a file. */
const madeToken = /mote_[\w-]{43}/g;

function strikeMade(text: string): string {
  return text.includes('mote_') ? text.replace(madeToken, STARS) : text;
}

const word = new RegExp(`[^/?&;=#,]{${MIN_TOKEN_CHARACTERS},}`, 'g');
/** Looking each up takes time, and whoever sends more of them has the tokens already. */
const MAX_WORDS = 32;
const MAX_LOOKUPS = 64;
const MAX_RUN_LOOKUPS = 48;
/** What stands around a token, as in `Bearer+TOKEN`, `user:TOKEN` or `(TOKEN)`. */
const around = /[^\w.~-]+/;
/** Tokens made by `openssl rand -base64` have signs that part words. */
const run = new RegExp(`[\\w+/=-]{${MIN_TOKEN_CHARACTERS},}`, 'g');
/** Parts of a run that may be one token: one of 44 characters has more once in a thousand times. */
const MAX_PARTS = 5;
const base64 = /^[\w+/-]{16,}={0,2}$/;
/** ntfy's `auth` is base64 of `Basic` and base64. */
const MAX_LAYERS = 2;

/** Beyond what shapes show, `isToken` says which words are tokens; see `Access.has`. */
export function createStrike(names: readonly DialectName[], isToken: (text: string) => boolean): Strike {
  const active = new Set(names);
  return (text, method) => strikeKnown(strikeMade(active.size === 0 ? text : strikeShapes(text, method)));

  function strikeKnown(text: string): string {
    let words = 0;
    const look = bounded(MAX_LOOKUPS);
    const lookAtRun = bounded(MAX_RUN_LOOKUPS);
    const rest = text.replace(run, (found) => strikeRun(found, lookAtRun));
    return rest.replace(word, (found) => (words++ < MAX_WORDS ? strikeWord(found, look) : found));
  }

  function bounded(most: number): typeof isToken {
    let lookups = 0;
    return (piece) => lookups++ < most && isToken(piece);
  }

  function strikeWord(found: string, look: typeof isToken): string {
    const text = decodeSegment(found);
    const name = text.replace(/\.send$/, '');
    if (name !== text && look(name)) return `${STARS}.send`;
    return holdsToken(text, look, MAX_LAYERS) ? STARS : found;
  }

  function strikeShapes(text: string, method: string | undefined): string {
    const { origin, path, rest } = split(text);
    return `${origin}${strikePath(path, method)}${rest}`;
  }

  function strikePath(path: string, method: string | undefined): string {
    const sendKey = SERVERCHAN_PATH.exec(path)?.[1];
    if (active.has('serverchan') && sendKey !== undefined)
      return path.replace(`${sendKey}.send`, () => `${STARS}.send`);
    const key = APPRISE_PATH.exec(path)?.[1];
    if (active.has('apprise') && key !== undefined && !isId(key) && !RESERVED.has(key))
      return `/notify/${STARS}`;
    return active.has('bark') ? strikeBark(path, method) : path;
  }

  function strikeBark(path: string, method: string | undefined): string {
    const first = /^\/([^/]*)/.exec(path)?.[1] ?? '';
    // A topic of ntfy looks like a key, and is struck out with it.
    const isKey = method === 'POST' && !fixed.has(first);
    return isKey ? `/${STARS}${path.slice(first.length + 1)}` : path;
  }
}

/** Each part ends with its sign; a slash at the end may belong to the path. */
function strikeRun(found: string, look: (piece: string) => boolean): string {
  const parts = found.split(/(?<=[/=])/);
  for (let first = 0; first < parts.length; first++) {
    for (let end = Math.min(first + MAX_PARTS, parts.length); end > first; end--) {
      const text = parts.slice(first, end).join('');
      const inside = text.endsWith('/') ? text.slice(0, -1) : text;
      if (inside.length < MIN_TOKEN_CHARACTERS || !/[/=]/.test(inside)) break;
      if (look(inside) || (inside !== text && look(text)))
        parts.splice(first, end - first, STARS, text.slice(inside.length));
    }
  }
  return parts.join('');
}

/** `layers` of base64 are looked into. */
function holdsToken(text: string, look: (piece: string) => boolean, layers: number): boolean {
  if (text.length < MIN_TOKEN_CHARACTERS) return false;
  if (look(text) || strikeMade(text) !== text) return true;
  const pieces = text.split(around).filter((piece) => piece.length >= MIN_TOKEN_CHARACTERS && piece !== text);
  if (pieces.some(look)) return true;
  return layers > 0 && [text, ...pieces].some((piece) => holdsToken(fromBase64(piece), look, layers - 1));
}

/** The text inside, or nothing where it is not text. */
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
