/** A message as the pieces that WeCom takes. */
import type { Steps } from '../../../util/turns.ts';
import type { Message } from '../../message.ts';
import type { Piece } from '../pieces.ts';
import { paragraphs, plainText, splitText } from '../text/split.ts';

/** Longer texts are cut by WeCom without a word. */
export const TEXT_MAX_BYTES = 2048;

export interface TextPiece extends Piece {
  readonly content: string;
}

export type Style = 'text' | 'markdown';

export function* piecesOf(message: Message, style: Style, maxBytes: number): Steps<TextPiece[]> {
  const content = style === 'markdown' ? markdownOf(message) : yield* plainText(message);
  const texts = yield* splitText(content, maxBytes, style);
  return texts.map((text, i) => ({ key: `${style} ${i + 1}/${texts.length}`, content: text }));
}

/** A longer link could not be kept in one piece, and shows as a link by itself. */
const MAX_LINK_UNITS = 512;

function markdownOf({ title, text, url }: Message): string {
  const isLink = url !== undefined && url.length <= MAX_LINK_UNITS && !/[()]/.test(url);
  return paragraphs({
    title: title && `**${title}**`,
    text,
    ...(url && { url: isLink ? `[${url}](${url})` : url }),
  });
}
