/**
 * Keeps tokens in targets out of logs: what has the shape of one in the paths of dialects, also where it is wrong, and
 * what is somebody's token, wherever it stands: the dialect may not be on yet, or the parameter have another name.
 * `token`, `auth` and the like in queries are struck out by the log itself. Pure.
 */

import { isId } from '../id.ts';
import { MIN_TOKEN_CHARACTERS } from '../token.ts';
import { APPRISE_PATH, RESERVED } from './apprise.ts';
import { type DialectName, decodeSegment } from './dialect.ts';
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

const word = new RegExp(`[^/?&;=#,]{${MIN_TOKEN_CHARACTERS},}`, 'g');
/** Looking each up takes time, and whoever sends more of them has the tokens already. */
const MAX_WORDS = 32;

/** Beyond what shapes show, `isToken` says which words are tokens; see `Access.has`. */
export function createStrike(names: readonly DialectName[], isToken: (text: string) => boolean): Strike {
  const active = new Set(names);
  return (text, method) => strikeKnown(strikeMade(active.size === 0 ? text : strikeShapes(text, method)));

  function strikeKnown(text: string): string {
    let words = 0;
    return text.replace(word, (found) => (words++ < MAX_WORDS ? strikeWord(found) : found));
  }

  function strikeWord(found: string): string {
    const text = decodeSegment(found);
    const name = text.replace(/\.send$/, '');
    if (name !== text && isToken(name)) return `${STARS}.send`;
    // As in `authorization=Bearer+TOKEN`.
    const last = text.split(/[\s+]/).at(-1) ?? '';
    return isToken(text) || (last !== text && isToken(last)) ? STARS : found;
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

/** The origin may be empty; the rest begins with `?` or `#`, if anything. */
function split(text: string): { origin: string; path: string; rest: string } {
  const [, origin = '', path = '', rest = ''] =
    /^([a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)(.*)$/is.exec(text) ?? [];
  return { origin, path, rest };
}
