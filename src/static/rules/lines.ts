/** What the two files of rules have in common: they are read line by line, and a bad line concerns no other. Pure. */

/** Characters of one line. */
const MAX_LINE_CHARS = 2000;
const MAX_SHOWN_CHARS = 60;

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

/** The lines that are neither empty nor a comment, and those that are too long. */
export function readLines(text: string): { readonly lines: RuleLine[]; readonly tooLong: BadLine[] } {
  const all = text
    .replace(/^\ufeff/, '')
    .split(/\r\n?|\n/)
    .map((content, index): RuleLine => ({ line: index + 1, text: content.trim() }))
    .filter((one) => one.text !== '' && !one.text.startsWith('#'));
  return {
    lines: all.filter((one) => one.text.length <= MAX_LINE_CHARS),
    tooLong: all
      .filter((one) => one.text.length > MAX_LINE_CHARS)
      .map(({ line }) => ({ line, reason: `it has more than ${MAX_LINE_CHARS} characters` })),
  };
}

/** For messages. */
export function shownText(text: string): string {
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}
