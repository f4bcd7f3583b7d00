/**
 * Keeps the tokens that dialects have in their paths out of logs. Those in queries (`token`, `auth`, `device_key`) are
 * struck out by the log itself, whatever dialect is on. Pure.
 */

import { isId } from '../id.ts';
import { APPRISE_PATH, RESERVED } from './apprise.ts';
import { type DialectName, decodeSegment, MIN_GET_TOKEN_CHARACTERS } from './dialect.ts';
import { SERVERCHAN_PATH } from './serverchan.ts';

/**
 * Gives a target, or a URL such as a referrer, with `***` in place of tokens in its path. The method, where it is
 * known, tells more of what the path is.
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

/** Beyond what shapes show, `isToken` says which segments are tokens; see `Access.has`. */
export function createStrike(names: readonly DialectName[], isToken: (text: string) => boolean): Strike {
  const active = new Set(names);
  if (active.size === 0) return strikeMade;
  return (text, method) => {
    const { origin, path, rest } = split(text);
    return strikeMade(`${origin}${strikePath(path, method)}${rest}`);
  };

  function strikePath(path: string, method: string | undefined): string {
    const word = SERVERCHAN_PATH.exec(path)?.[1];
    if (active.has('serverchan') && word !== undefined)
      return path.replace(`${word}.send`, () => `${STARS}.send`);
    const key = APPRISE_PATH.exec(path)?.[1];
    if (active.has('apprise') && key !== undefined && !isId(key) && !RESERVED.has(key))
      return `/notify/${STARS}`;
    return active.has('bark') ? strikeBark(path, method) : path;
  }

  function strikeBark(path: string, method: string | undefined): string {
    const first = /^\/([^/]*)/.exec(path)?.[1] ?? '';
    // A topic of ntfy looks like a key, and is struck out with it.
    const isKey = (method === 'POST' && !fixed.has(first)) || isLongToken(first);
    return isKey ? `/${STARS}${path.slice(first.length + 1)}` : path;
  }

  function isLongToken(segment: string): boolean {
    const word = decodeSegment(segment);
    return word.length >= MIN_GET_TOKEN_CHARACTERS && isToken(word);
  }
}

/** The origin may be empty; the rest begins with `?` or `#`, if anything. */
function split(text: string): { origin: string; path: string; rest: string } {
  const [, origin = '', path = '', rest = ''] =
    /^([a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)(.*)$/is.exec(text) ?? [];
  return { origin, path, rest };
}
