/** What the command line, the environment and the JSON file have in common. */
import type { Result } from '../util/result.ts';
import type { NamedOption } from './options.ts';
import type { Problems } from './problems.ts';

/** An option as one source gives it, not yet parsed. */
export interface Setting {
  /** How the source names it, for example `--port` or `MOTE_PORT`. */
  readonly origin: string;
  /** The entries of a list; exactly one text for every other option. */
  readonly texts: readonly string[];
}

/**
 * Everything that one source says. This is not a `Result`: the settings are parsed even where there are problems, so
 * that all problems are reported at once.
 */
export interface SettingSource {
  readonly settings: ReadonlyMap<NamedOption, Setting>;
  readonly problems: Problems;
}

/** The separators of a list in a text, for which flags, variables and files have no arrays. */
const LINES = /\r?\n/;
const LINES_AND_COMMAS = /\r?\n|,/;

/** The texts of a setting from one string: the entries of a list, or the string as it stands. */
export function textsOf(option: NamedOption, text: string): string[] {
  if (option.kind !== 'list') return [text];
  const entries = text.split(option.commas ? LINES_AND_COMMAS : LINES);
  // Only spaces and tabs: other white space is no separator, and some of it is dangerous in headers.
  return entries.map((entry) => entry.replace(/^[ \t]+|[ \t]+$/g, '')).filter((entry) => entry !== '');
}

/** The source that gives these options; `problems` are those that concern no option. */
export function sourceOf(
  given: readonly (readonly [option: NamedOption, setting: Result<Setting, string>])[],
  problems: Problems,
): SettingSource {
  return {
    settings: new Map(given.flatMap(([option, setting]) => (setting.ok ? [[option, setting.value]] : []))),
    problems: [...given.flatMap(([, setting]) => (setting.ok ? [] : setting.error)), ...problems],
  };
}
