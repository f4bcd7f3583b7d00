/** Text cut to what providers take. Pure. */
import type { Message } from '../../message.ts';
import { boundaryUpTo, isBoundary } from './characters.ts';
import { emphases, readableOf } from './readable.ts';

/** What is not cut in two where it fits into a piece, in any text and in Markdown. */
const links = [
  // Up to what no URL holds; and with the letters of all scripts, as browsers show URLs.
  /\b[a-z][a-z\d+.-]{1,20}:\/\/[!#-;=?-~]+/gi,
  /\b[a-z][a-z\d+.-]{1,20}:\/\/[^\s<>"'«»“”、。〈-】！（），：；？]+/gi,
];
const marks = [
  /!?\[[^[\]\n]*\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:[ \t]+"[^"\n]*")?\)/g,
  ...emphases,
  /`[^`\n]+`/g,
  /<[^<>\n]+>(?:[^<>\n]*<\/[a-z]+>)?/gi,
];
/** A block of code, which may lack its end. */
const fences =
  /^ {0,3}(`{3,8}|~{3,8})[^\n`]*\n(?:[^\n]*\n)*? {0,3}\1[ \t]*$|^ {0,3}(?:`{3,8}|~{3,8})[^\n`]*\n[\s\S]*/gm;

/** Below this there is no room for the lines that end a block of code and begin it again. */
const MIN_BYTES_WITH_FENCES = 64;

/** An invisible character is nothing to read either. */
const visible = /[^\s\u200b-\u200f\u2060\ufeff]/;

interface Block {
  readonly start: number;
  readonly end: number;
  /** What ends it, and begins it again. */
  readonly fence: string;
}

/** Where a text may be cut. */
interface Plan {
  /** By index: 1 within what is to stay whole. */
  readonly whole: Uint8Array;
  /** Blocks of code that do not fit into a piece. */
  readonly blocks: readonly Block[];
}

/**
 * The pieces of `text` in order, none of them empty, blank or longer than `maxBytes` in UTF-8. Joined they are the
 * text, but for white space between pieces that would be a piece of its own, and for lines that close a block of code
 * at the end of a piece and open it again in the next. Cut after a line or a word where one ends in the second half
 * of a piece; never within a character, nor within a link or other mark that fits into a piece. `maxBytes` is at
 * least 4, the longest code point.
 */
export function splitText(text: string, maxBytes: number, format: Message['format'] = 'text'): string[] {
  if (Buffer.byteLength(text) <= maxBytes) return visible.test(text) ? [text] : [];
  const plan = planOf(text, maxBytes, format);
  const pieces: string[] = [];
  let open = '';
  for (let start = 0; start < text.length; ) {
    const reserve = plan.blocks.length > 0 ? FENCE_RESERVE_BYTES : 0;
    const limit = endWithin(text, start, maxBytes - open.length - reserve);
    const end = limit === text.length ? limit : niceEnd(text, start, limit, plan);
    const block = plan.blocks.find((one) => one.start < end && end < one.end);
    const piece = text.slice(start, end);
    if (visible.test(piece)) pieces.push(open + (block ? closed(piece, block) : piece));
    open = block ? `${block.fence}\n` : '';
    start = end;
  }
  return pieces;
}

/** A line break and the longest fence. */
const FENCE_RESERVE_BYTES = 9;

function closed(piece: string, { fence }: Block): string {
  return piece.endsWith('\n') ? piece + fence : `${piece}\n${fence}`;
}

function planOf(text: string, maxBytes: number, format: Message['format']): Plan {
  const whole = new Uint8Array(text.length + 1);
  const keep = (pattern: RegExp, maxLength: number): RegExpExecArray[] => {
    const matches = [...text.matchAll(pattern)];
    const fits = ([match]: RegExpExecArray) =>
      match.length <= maxLength && Buffer.byteLength(match) <= maxLength;
    for (const match of matches.filter(fits)) whole.fill(1, match.index + 1, match.index + match[0].length);
    return matches.filter((match) => !fits(match));
  };
  for (const pattern of links) keep(pattern, maxBytes);
  if (format === 'text' || maxBytes < MIN_BYTES_WITH_FENCES) return { whole, blocks: [] };
  const room = maxBytes - 2 * FENCE_RESERVE_BYTES;
  for (const pattern of marks) keep(pattern, room);
  const blocks = keep(fences, room).map(({ 0: match, index }) => {
    const block = match.trimEnd();
    const end = index + block.length;
    // Neither behind the line that opens it nor before the one that closes it: that would leave an empty block.
    const [opening = ''] = block.split('\n', 1);
    if (opening.length < room) whole.fill(1, index + 1, index + opening.length + 2);
    const closing = /\n {0,3}[`~]{3,8}$/.exec(block);
    if (closing) whole.fill(1, index + closing.index + 1, end);
    return { start: index, end, fence: /`{3,8}|~{3,8}/.exec(opening)?.[0] ?? '' };
  });
  return { whole, blocks };
}

/** The end of the longest part from `start` on that has at most `maxBytes` in UTF-8 and ends with a whole code point. */
function endWithin(text: string, start: number, maxBytes: number): number {
  let bytes = 0;
  let end = start;
  // A pair of surrogates that this slice cuts counts 3 bytes, which never fit.
  for (const character of text.slice(start, start + maxBytes)) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return end;
}

/** The best place for a cut behind `start` and not behind `limit`. */
function niceEnd(text: string, start: number, limit: number, { whole }: Plan): number {
  const mayCut = (end: number) => whole[end] === 0 && isBoundary(text, end, start);
  const half = start + (limit - start) / 2;
  for (const separator of ['\n', ' ']) {
    for (let end = limit; end > half; end--) if (text[end - 1] === separator && mayCut(end)) return end;
  }
  for (let end = limit; end > start; end--) if (mayCut(end)) return end;
  return boundaryUpTo(text, limit, start);
}

/** At most `maxUnits` UTF-16 units; where something is missing it ends with an ellipsis. */
export function cutText(text: string, maxUnits: number): string {
  if (text.length <= maxUnits) return text;
  return `${text.slice(0, boundaryUpTo(text, maxUnits - 1))}…`;
}

/** Title, text and URL as paragraphs, those that there are. */
export function paragraphs({ title, text, url }: Pick<Message, 'title' | 'text' | 'url'>): string {
  return [title, text, url].filter((part) => part).join('\n\n');
}

/** The same for where nothing is rendered: Markdown as text that reads well. */
export function plainText(message: Pick<Message, 'title' | 'text' | 'url' | 'format'>): string {
  return paragraphs(asText(message));
}

/** The message with a text that reads well as it is. */
export function asText<M extends Pick<Message, 'text' | 'format'>>(message: M): M {
  const { text, format } = message;
  // Of marks alone nothing would be left.
  return format === 'markdown' ? { ...message, text: readableOf(text) || text } : message;
}
