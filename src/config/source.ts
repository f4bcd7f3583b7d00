/** What the command line, the environment and the JSON file have in common. */
import { nearest } from './nearest.ts';
import type { NamedOption } from './options.ts';

/** An option as one source gave it, not yet parsed. */
export interface Setting {
  /** How the source names it, for example `--port` or `MOTE_PORT`. */
  readonly origin: string;
  /** The entries of a list; exactly one text for every other option. */
  readonly texts: readonly string[];
}

/** Everything that one source says. */
export interface Source {
  readonly settings: Map<NamedOption, Setting>;
  /** One line each, complete. */
  readonly problems: string[];
}

/** The separators of a list in a text, for which flags, variables and files have no arrays. */
const LINES = /\r?\n/;
const LINES_AND_COMMAS = /\r?\n|,/;

/** Received values are shown up to this many characters. */
const MAX_SHOWN_CHARS = 100;

/** The texts of a setting from one string: the entries of a list, or the string as it stands. */
export function textsOf(option: NamedOption, text: string): string[] {
  if (option.kind !== 'list') return [text];
  const entries = text.split(option.commas ? LINES_AND_COMMAS : LINES);
  // Only spaces and tabs: other white space is no separator, and some of it is dangerous in headers.
  return entries.map((entry) => entry.replace(/^[ \t]+|[ \t]+$/g, '')).filter((entry) => entry !== '');
}

/** A problem with a value. JSON quoting keeps it to one line. */
export function refused(origin: string, received: unknown, allowed: string): string {
  return `${origin}: received ${shown(received)}; allowed: ${allowed}`;
}

/** A problem with a value that must not be shown. */
export function refusedSecret(origin: string, allowed: string): string {
  return `${origin}: received a value that is not shown because it is secret; allowed: ${allowed}`;
}

/** A problem with a value that may be a secret which stands in the wrong place. */
export function refusedUnseen(origin: string, allowed: string): string {
  return `${origin}: received a value that is not shown because it could be a secret; allowed: ${allowed}`;
}

/** The system's code for an error in brackets, or nothing. */
export function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? ` (${code})` : '';
}

/** The text of a file that holds a secret, without the line break at its end. Throws the system's error. */
export function readSecret(path: string, readFile: (path: string) => string): string {
  return readFile(path).replace(/\r?\n$/, '');
}

/** A problem with the file that `variable` names. Its path is not shown: it may be the secret, set in the wrong variable. */
export function unreadableSecret(variable: string, error: unknown): string {
  return `${variable}: names a file that cannot be read${reasonOf(error)}; allowed: a readable file`;
}

/** A problem with a name that no option has. `where` says what kind of name it is. */
export function unknownName(name: string, where: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  return `${shownName(name)}: no such ${where}; ${guess ? `did you mean ${guess}?` : '`mote --help` lists them'}`;
}

/** What `mote token` makes is a secret wherever it was put. */
const madeToken = /mote_[\w-]{43}/g;

function shown(received: unknown): string {
  const text = JSON.stringify(received).replace(madeToken, '***');
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

/** An ordinary name or path as it is, another one quoted. */
export function shownName(name: string): string {
  return /^[\w./-]+$/.test(name) ? name.replace(madeToken, '***') : shown(name);
}
