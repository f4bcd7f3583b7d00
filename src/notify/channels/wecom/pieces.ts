/** A message as the pieces that WeCom takes, and their delivery one after the other. */
import type { Message } from '../../message.ts';
import type { Attempt, Delivery, EndedPart, GivenUpPart } from '../channel.ts';
import { deliverEachPart, remainingParts } from '../partial-delivery.ts';
import { paragraphs, plainText, splitText } from '../text/split.ts';

/** Longer texts are cut by WeCom without a word. */
export const TEXT_MAX_BYTES = 2048;

export interface Piece {
  /** Which of how many, in which style: the name of the part. */
  readonly key: string;
}

export interface TextPiece extends Piece {
  readonly content: string;
}

export type Style = 'text' | 'markdown';

export function piecesOf(message: Message, style: Style, maxBytes: number): TextPiece[] {
  const content = style === 'markdown' ? markdownOf(message) : plainText(message);
  const texts = splitText(content, maxBytes, style);
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

/** The pieces whose turn has not come, or that failed for now. */
export function remainingPieces<P extends Piece>(pieces: readonly P[], done: readonly EndedPart[]): P[] {
  const remaining = new Set(
    remainingParts(
      pieces.map(({ key }) => key),
      done,
    ),
  );
  return pieces.filter(({ key }) => remaining.has(key));
}

/** Piece by piece, so that a long text is read from the top. */
export async function deliverPieces<P extends Piece>(
  pieces: readonly P[],
  attempt: Attempt,
  deliver: (piece: P) => Promise<Delivery>,
): Promise<Delivery> {
  if (pieces.length === 0) return { kind: 'rejected', reason: 'there is nothing to read in the message' };
  const byKey = new Map(pieces.map((piece) => [piece.key, piece]));
  return deliverEachPart([...byKey.keys()], attempt, {
    deliver: (key) => deliver(byKey.get(key) as P),
    onRejected: 'stop',
    summaries: { ofSome: listPieces },
  });
}

function listPieces(givenUp: readonly GivenUpPart[]): string {
  return givenUp.map(({ part, reason }) => `part ${part}: ${reason}`).join(', ');
}
