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
  /** Why it cannot be read; it still says what kind of line it is. */
  readonly fault: string | undefined;
}

/** What decoding puts in the place of bytes that are not UTF-8. */
const NOT_UTF8 = '\ufffd';

/** The lines that are neither empty nor a comment. */
export function readLines(text: string): RuleLine[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r\n?|\n/)
    .map((content, index) => ({ line: index + 1, text: content.trim() }))
    .filter((one) => one.text !== '' && !one.text.startsWith('#'))
    .map((one) => ({ ...one, fault: faultOf(one.text) }));
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
