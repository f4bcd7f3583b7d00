/** What the two files of rules have in common: they are read line by line, and a bad line concerns no other. Pure. */

import type { Steps } from '../../util/turns.ts';

/** Characters of one line. */
const MAX_LINE_CHARS = 2000;
const MAX_SHOWN_CHARS = 60;
const LINES_OF_A_STEP = 100;

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
  /** Why it cannot be read; it still says what kind of line it is. */
  readonly fault: string | undefined;
}

/** What decoding puts in the place of bytes that are not UTF-8. */
const NOT_UTF8 = '\ufffd';

/** The lines that are neither empty nor a comment. */
export function* readLines(text: string): Steps<RuleLine[]> {
  const lines: RuleLine[] = [];
  const contents = text.replace(/^\ufeff/, '').split(/\r\n?|\n/);
  for (const [index, content] of contents.entries()) {
    if (index % LINES_OF_A_STEP === 0) yield;
    const one = content.trim();
    if (one !== '' && !one.startsWith('#')) lines.push({ line: index + 1, text: one, fault: faultOf(one) });
  }
  return lines;
}

function faultOf(text: string): string | undefined {
  if (text.length > MAX_LINE_CHARS) return `it has more than ${MAX_LINE_CHARS} characters`;
  const [beforeComment = ''] = text.split(/\s#/, 1);
  return beforeComment.includes(NOT_UTF8) ? 'it is not UTF-8' : undefined;
}

/** For messages. */
export function shownText(text: string): string {
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}
