/** Splits and truncates text to the limits of providers. Pure. */
import type { Steps } from '../../../util/turns.ts';
import type { Message } from '../../message.ts';
import { boundaryUpTo, isBoundary } from './characters.ts';
import { emphases, readableOf } from './readable.ts';

/** Parts that are not cut if they fit into a piece, in plain text and in Markdown. */
const links = [
  // Ends before a character that no URL contains; includes letters of all scripts, as browsers display them.
  /\b[a-z][a-z\d+.-]{1,20}:\/\/[!#-;=?-~]+/gi,
  /\b[a-z][a-z\d+.-]{1,20}:\/\/[^\s<>"'\u00ab\u00bb\u201c\u201d\u3001\u3002\u3008-\u3011\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]+/gi,
];
const marks = [
  /!?\[[^[\]\n]*\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:[ \t]+"[^"\n]*")?\)/g,
  ...emphases,
  /`[^`\n]+`/g,
  /<[^<>\n]+>(?:[^<>\n]*<\/[a-z]+>)?/gi,
];
/** A block of code, possibly without its closing fence. */
const fences =
  /^ {0,3}(`{3,8}|~{3,8})[^\n`]*\n(?:[^\n]*\n)*? {0,3}\1[ \t]*$|^ {0,3}(?:`{3,8}|~{3,8})[^\n`]*\n[\s\S]*/gm;

/** Smaller pieces have no room for the lines that close and reopen a block of code. */
const MIN_LENGTH_WITH_FENCES = 64;

/** Invisible characters count as blank, too. */
const visible = /[^\s\u200b-\u200f\u2060\ufeff]/;

interface Block {
  readonly start: number;
  readonly end: number;
  /** The fence that closes and reopens the block. */
  readonly fence: string;
}

/** How much of a piece a code point takes; at least 1 for each of its UTF-16 units. */
export type Measure = (character: string) => number;

/** Where a text may be cut. */
interface SplitPlan {
  /** For each index: 1 inside a part that should stay whole. */
  readonly whole: Uint8Array;
  /** Blocks of code that are longer than a piece. */
  readonly blocks: readonly Block[];
}

/**
 * The pieces of `text` in order, none of them blank or longer than `max` by `measure`: bytes of UTF-8 unless it says
 * otherwise. They add up to the
 * text, except that blank pieces are dropped, and that a block of code across pieces is closed at the end of
 * a piece and reopened in the next. A cut follows a line or a word if one ends in the second half of the
 * piece, and never splits a character, nor a link or other mark that fits into a piece. `max` is at
 * least as long as the longest code point: 4 in bytes.
 */
export function* splitText(
  text: string,
  max: number,
  format: Message['format'] = 'text',
  measure: Measure = Buffer.byteLength,
): Steps<string[]> {
  if (lengthBy(measure, text) <= max) return visible.test(text) ? [text] : [];
  yield;
  const plan = yield* planOf(text, max, format, measure);
  const pieces: string[] = [];
  let open = '';
  for (let start = 0; start < text.length; ) {
    const reserve = plan.blocks.length > 0 ? FENCE_RESERVE : 0;
    const limit = endWithin(text, start, max - open.length - reserve, measure);
    const end = limit === text.length ? limit : niceEnd(text, start, limit, plan);
    const block = plan.blocks.find((one) => one.start < end && end < one.end);
    const piece = text.slice(start, end);
    if (visible.test(piece)) pieces.push(open + (block ? closed(piece, block) : piece));
    open = block ? `${block.fence}\n` : '';
    start = end;
    yield;
  }
  return pieces;
}

/** The length of a line break and the longest fence. */
const FENCE_RESERVE = 9;

export function lengthBy(measure: Measure, text: string): number {
  if (measure === Buffer.byteLength) return Buffer.byteLength(text);
  let length = 0;
  for (const character of text) length += measure(character);
  return length;
}

function closed(piece: string, { fence }: Block): string {
  return piece.endsWith('\n') ? piece + fence : `${piece}\n${fence}`;
}

function* planOf(text: string, max: number, format: Message['format'], measure: Measure): Steps<SplitPlan> {
  const whole = new Uint8Array(text.length + 1);
  const keep = (pattern: RegExp, maxLength: number): RegExpExecArray[] => {
    const matches = [...text.matchAll(pattern)];
    const fits = ([match]: RegExpExecArray) =>
      match.length <= maxLength && lengthBy(measure, match) <= maxLength;
    for (const match of matches.filter(fits)) whole.fill(1, match.index + 1, match.index + match[0].length);
    return matches.filter((match) => !fits(match));
  };
  for (const pattern of links) {
    keep(pattern, max);
    yield;
  }
  if (format === 'text' || max < MIN_LENGTH_WITH_FENCES) return { whole, blocks: [] };
  const room = max - 2 * FENCE_RESERVE;
  for (const pattern of marks) {
    keep(pattern, room);
    yield;
  }
  const blocks = keep(fences, room).map(({ 0: match, index }) => {
    const block = match.trimEnd();
    const end = index + block.length;
    // No cut after the opening line or before the closing line, which would leave an empty block.
    const [opening = ''] = block.split('\n', 1);
    if (opening.length < room) whole.fill(1, index + 1, index + opening.length + 2);
    const closing = /\n {0,3}[`~]{3,8}$/.exec(block);
    if (closing) whole.fill(1, index + closing.index + 1, end);
    return { start: index, end, fence: /`{3,8}|~{3,8}/.exec(opening)?.[0] ?? '' };
  });
  return { whole, blocks };
}

/** The end of the longest part from `start` on that has at most `max` and ends with a whole code point. */
function endWithin(text: string, start: number, max: number, measure: Measure): number {
  const most = Math.min(text.length, start + max);
  // Most text is ASCII, of which everything fits; at `most` there may be the middle of a surrogate pair.
  const isWhole = (text.codePointAt(most - 1) ?? 0) <= 0xffff;
  if (isWhole && measure(text.slice(start, most)) === most - start) return most;
  let length = 0;
  let end = start;
  // One unit more, so that the slice splits no surrogate pair that fits.
  for (const character of text.slice(start, start + max + 1)) {
    length += measure(character);
    if (length > max) break;
    end += character.length;
  }
  return end;
}

/** The best place for a cut after `start` and up to `limit`. */
function niceEnd(text: string, start: number, limit: number, { whole }: SplitPlan): number {
  const mayCut = (end: number) => whole[end] === 0 && isBoundary(text, end, start);
  const half = start + (limit - start) / 2;
  for (const separator of ['\n', ' ']) {
    for (let end = limit; end > half; end--) if (text[end - 1] === separator && mayCut(end)) return end;
  }
  for (let end = limit; end > start; end--) {
    if (whole[end] !== 0) continue;
    const found = boundaryUpTo(text, end, start);
    if (whole[found] === 0) return found;
    end = found;
  }
  return boundaryUpTo(text, limit, start);
}

/** `text`, truncated with an ellipsis to at most `maxUnits` UTF-16 units. */
export function cutText(text: string, maxUnits: number): string {
  if (text.length <= maxUnits) return text;
  return `${text.slice(0, boundaryUpTo(text, maxUnits - 1))}…`;
}

/** Title, text and URL as paragraphs, without empty ones. */
export function paragraphs({ title, text, url }: Pick<Message, 'title' | 'text' | 'url'>): string {
  return [title, text, url].filter((part) => part).join('\n\n');
}

/** The same for channels that render nothing: Markdown becomes readable text. */
export function* plainText(message: Pick<Message, 'title' | 'text' | 'url' | 'format'>): Steps<string> {
  return paragraphs(yield* asText(message));
}

/** The message with its Markdown converted to readable text. */
export function* asText<M extends Pick<Message, 'text' | 'format'>>(message: M): Steps<M> {
  const { text, format } = message;
  if (format !== 'markdown') return message;
  // Markdown that consists of marks alone would become empty.
  return { ...message, text: (yield* readableOf(text)) || text };
}
