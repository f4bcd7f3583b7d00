/** A message as the parts that WeCom takes, and their delivery one after the other. */
import type { Message } from '../../message.ts';
import type { Attempt, Delivery } from '../channel.ts';
import { paragraphs, plainText, splitText } from '../text/split.ts';

/** Longer texts are cut by WeCom without a word. */
export const TEXT_MAX_BYTES = 2048;

export interface Part {
  /** Which of how many, in which style: what `done` lists. */
  readonly key: string;
  readonly content: string;
}

export type Style = 'text' | 'markdown';

export function partsOf(message: Message, style: Style, maxBytes: number): Part[] {
  const content = style === 'markdown' ? markdownOf(message) : plainText(message);
  const pieces = splitText(content, maxBytes, style);
  return pieces.map((piece, i) => ({ key: `${style} ${i + 1}/${pieces.length}`, content: piece }));
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

/** Those that `done` does not list. */
export function remainingOf<P extends { readonly key: string }>(
  parts: readonly P[],
  done: readonly string[],
): readonly P[] {
  return parts.filter(({ key }) => !done.includes(key));
}

/**
 * Sends those parts that are not in `done`, in order, so that a long text is read from the top. Ends at the
 * first failure.
 */
export async function deliverParts<P extends { readonly key: string }>(
  parts: readonly P[],
  { done, report }: Pick<Attempt, 'done' | 'report'>,
  deliver: (part: P) => Promise<Delivery>,
): Promise<Delivery> {
  if (parts.length === 0) return { kind: 'rejected', reason: 'there is nothing to read in the message' };
  const sent = [...done];
  const ids: string[] = [];
  const notes = new Set<string>();
  for (const part of remainingOf(parts, done)) {
    const delivery = await deliver(part);
    if (delivery.kind === 'retry') return { ...delivery, done: sent };
    if (delivery.kind === 'rejected') {
      if (parts.length === 1) return delivery;
      return { kind: 'rejected', reason: `${delivery.reason} (at part ${part.key})`, done: sent };
    }
    sent.push(part.key);
    if (parts.length > 1) await report?.([...sent]);
    if (delivery.providerId) ids.push(delivery.providerId);
    if (delivery.note) notes.add(delivery.note);
  }
  return {
    kind: 'delivered',
    ...(ids.length > 0 && { providerId: ids.join(' ') }),
    ...(notes.size > 0 && { note: [...notes].join('; ') }),
  };
}
