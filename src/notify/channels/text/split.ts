/** Text cut to what providers take. */
import type { Message } from '../../message.ts';

/**
 * The pieces of `text` in order, none of them empty or longer than `maxBytes` in UTF-8; joined they are the
 * text. Cut after a line or a word where one ends in the second half of a piece, never inside a character.
 * `maxBytes` is at least 4, the longest character.
 */
export function splitText(text: string, maxBytes: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest !== '') {
    const fitting = prefixWithin(rest, maxBytes);
    const piece = fitting.length === rest.length ? rest : fitting.slice(0, niceEnd(fitting));
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  return pieces;
}

/** The longest beginning that has at most `maxBytes` in UTF-8 and ends with a whole character. */
function prefixWithin(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  // A pair of surrogates that this slice cuts counts 3 bytes, which never fit.
  for (const character of text.slice(0, maxBytes)) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** At most `maxUnits` UTF-16 units; where something is missing it ends with an ellipsis. */
export function cutText(text: string, maxUnits: number): string {
  if (text.length <= maxUnits) return text;
  const end = isHighSurrogate(text.charCodeAt(maxUnits - 2)) ? maxUnits - 2 : maxUnits - 1;
  return `${text.slice(0, end)}…`;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function niceEnd(piece: string): number {
  const half = piece.length / 2;
  const ends = [piece.lastIndexOf('\n') + 1, piece.lastIndexOf(' ') + 1];
  return ends.find((end) => end > half) ?? piece.length;
}

/** Title, text and URL as paragraphs, those that there are. */
export function plainText({ title, text, url }: Pick<Message, 'title' | 'text' | 'url'>): string {
  return [title, text, url].filter((part) => part).join('\n\n');
}
