/** What the two files of rules have in common: they are read line by line, and a bad line concerns no other. Pure. */

import { failure, type Result } from '../../util/result.ts';
import type { Steps } from '../../util/turns.ts';

/** Characters of one line. */
const MAX_LINE_CHARS = 2000;
const MAX_SHOWN_CHARS = 60;
const LINES_OF_A_STEP = 20;

const tooLong = failure(`it has more than ${MAX_LINE_CHARS} characters`);

/** A line that is skipped, and why. */
export interface BadLine {
  /** From 1; 0: the whole file. */
  readonly line: number;
  readonly reason: string;
}

export interface RuleLine {
  /** From 1. */
  readonly line: number;
  /** Without blanks around it. */
  readonly text: string;
}

/** Gives the lines to `read` that are neither empty nor a comment; the result is what is wrong, in their order. */
export function* readLines(
  text: string,
  read: (line: RuleLine) => Result<unknown, string>,
): Steps<BadLine[]> {
  const badLines: BadLine[] = [];
  for (const [index, content] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n?|\n/)
    .entries()) {
    if (index % LINES_OF_A_STEP === 0) yield;
    const one = { line: index + 1, text: content.trim() };
    if (one.text === '' || one.text.startsWith('#')) continue;
    const result = one.text.length > MAX_LINE_CHARS ? tooLong : read(one);
    if (!result.ok) badLines.push({ line: one.line, reason: result.error });
  }
  return badLines;
}

/** For messages. */
export function shownText(text: string): string {
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}
