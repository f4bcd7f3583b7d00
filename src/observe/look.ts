/** What the log looks like: for a person at a terminal, or for programs. */

type Env = Readonly<Record<string, string | undefined>>;

/** Standard output, as far as its looks depend on it. */
export interface Look {
  readonly isTerminal: boolean;
  readonly colors: boolean;
}

/** What nobody looks at. */
export const PLAIN_LOOK: Look = { isTerminal: false, colors: false };

/**
 * Colours are for terminals that have them. `FORCE_COLOR` decides before `NO_COLOR`, as in Node and what is made with
 * it; either counts only if it is not empty (no-color.org).
 */
export function lookOf(isTerminal: boolean, { FORCE_COLOR, NO_COLOR, TERM }: Env): Look {
  if (FORCE_COLOR) return { isTerminal, colors: !/^(0|false)$/i.test(FORCE_COLOR) };
  return { isTerminal, colors: isTerminal && !NO_COLOR && TERM !== 'dumb' };
}

/** The formats of `--log-format`; `auto` is `pretty` at a terminal and `combined` elsewhere. */
export type ChosenFormat = 'auto' | 'pretty' | 'combined' | 'json' | 'off';

/**
 * `combined` is the format of Apache and nginx, `json` one object per line, `off` no access log, `pretty` is for
 * people, `colored` the same with colours.
 */
export type LogFormat = 'combined' | 'json' | 'off' | 'pretty' | 'colored';

export function logFormatOf(chosen: ChosenFormat, { isTerminal, colors }: Look): LogFormat {
  if (chosen !== 'auto' && chosen !== 'pretty') return chosen;
  if (chosen === 'auto' && !isTerminal) return 'combined';
  return colors ? 'colored' : 'pretty';
}
