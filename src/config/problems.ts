/** How problems with the configuration are worded, and how those of several values become one result. */
import { failure, type Result, success } from '../util/result.ts';
import { refusedFeature } from './refused-features.ts';
import { closestName } from './suggestion.ts';
import type { ReadFile } from './system.ts';

/** One complete line for each problem: where, what was received unless it is secret, and what is allowed. */
export type Problems = readonly string[];

/** Received values are shown up to this many characters. */
const MAX_SHOWN_CHARS = 100;

/** The values of all results, or the problems of all that failed. */
export function allOf<T>(results: readonly Result<T, Problems>[]): Result<T[], Problems> {
  const problems = results.flatMap((result) => (result.ok ? [] : result.error));
  return problems.length > 0
    ? failure(problems)
    : success(results.flatMap((result) => (result.ok ? [result.value] : [])));
}

/** A problem with a value. JSON quoting keeps it to one line. */
export function refused(origin: string, received: unknown, allowed: string): string {
  return `${origin}: received ${shown(received)}; allowed: ${allowed}`;
}

/** A problem with a value that must not be shown. */
export function refusedSecret(origin: string, allowed: string): string {
  return `${origin}: received a value that is not shown because it is secret; allowed: ${allowed}`;
}

/** A problem with a value that may be a secret in the wrong place. */
export function refusedUnseen(origin: string, allowed: string): string {
  return `${origin}: received a value that is not shown because it could be a secret; allowed: ${allowed}`;
}

/** The system's code for an error in brackets, or nothing. */
export function bracketedCode(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? ` (${code})` : '';
}

/** The text of a file that holds a secret, without the line break at its end. Throws the system's error. */
export function readSecretFile(path: string, readFile: ReadFile): string {
  return readFile(path).replace(/\r?\n$/, '');
}

/**
 * A problem with the file that `variable` names. Its path is not shown: it may be the secret, set in the wrong
 * variable.
 */
export function unreadableSecret(variable: string, error: unknown): string {
  return `${variable}: names a file that cannot be read${bracketedCode(error)}; allowed: a readable file`;
}

/** A problem with a name that does not exist. `kind` says what it was taken for, such as `flag`. */
export function unknownName(name: string, kind: string, known: readonly string[]): string {
  const refused = refusedFeature(name);
  if (refused) return `${shownName(name)}: mote has no ${refused.name}, on purpose: ${refused.instead}`;
  const guess = closestName(name, known);
  return `${shownName(name)}: no such ${kind}; ${guess ? `did you mean ${guess}?` : '`mote --help` lists them'}`;
}

/** A token of `mote token` is a secret wherever it was put. */
const madeToken = /mote_[\w-]{43}/g;

function shown(received: unknown): string {
  const text = JSON.stringify(received).replace(madeToken, '***');
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

/** An ordinary name or path as it is, another one quoted. */
export function shownName(name: string): string {
  return /^[\w./-]+$/.test(name) ? name.replace(madeToken, '***') : shown(name);
}
