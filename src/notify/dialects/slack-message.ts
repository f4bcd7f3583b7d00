/**
 * A message of Slack (text, attachments, blocks) as one title, one link and one text. Pure.
 *
 * The title is that of the first attachment, else the first header, else the first `pretext`. The text has everything
 * else in the order in which Slack shows it; `fallback` counts only where there is nothing else, since it repeats the
 * rest. Names and icons of senders are left out.
 */
import { isObject, type JsonObject } from '../../util/json.ts';
import { MAX_TEXT_BYTES, type MessageInput } from '../api/draft.ts';
import type { FieldMap } from '../api/fields.ts';
import type { Priority } from '../message.ts';
import { codeBlock, inputOf } from './message-input.ts';
import { decodeEntities, fromMrkdwn, fromPlain } from './mrkdwn.ts';

/** What is taken in; validation cuts it exactly. In UTF-16 units. */
const MAX_UNITS = 2 * MAX_TEXT_BYTES;

export function messageOfSlack(fields: FieldMap): MessageInput {
  const attachments = objectsIn(fields.get('attachments'));
  const blocks = objectsIn(fields.get('blocks'));
  const reader = new Reader();
  const isPlain = fields.get('mrkdwn') === false;
  reader.title = decodeEntities(textIn(attachments[0]?.title));
  const text = textIn(fields.get('text'));
  reader.add(isPlain ? fromPlain(text) : fromMrkdwn(text.slice(0, MAX_UNITS)));
  for (const block of blocks) reader.block(block);
  for (const attachment of attachments) reader.attachment(attachment);
  if (reader.isEmpty) for (const { fallback } of attachments) reader.add(fromMrkdwn(textIn(fallback)));
  const isTextOnly = isPlain && blocks.length === 0 && attachments.length === 0;
  return inputOf({
    title: reader.title,
    text: isTextOnly ? decodeEntities(text) : reader.text,
    format: isTextOnly ? 'text' : 'markdown',
    url: reader.url,
    priority: priorityOf(textIn(attachments[0]?.color)),
  });
}

class Reader {
  title = '';
  url = '';
  readonly #parts: string[] = [];
  #units = 0;

  /** As far as a message can hold it. */
  add(part: string): void {
    const text = part.trim();
    if (text === '' || this.#units > MAX_UNITS) return;
    this.#units += text.length;
    this.#parts.push(text);
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0 && this.title === '';
  }

  /** Without what the title says already, and what was said just before. */
  get text(): string {
    const { title } = this;
    const told = this.#parts.filter(
      (part, index, all) => part !== title && part !== `**${title}**` && part !== all[index - 1],
    );
    return told.join('\n\n');
  }

  attachment(attachment: JsonObject): void {
    const { title, title_link: link, pretext, text, fields, blocks, actions } = attachment;
    this.#offer(textIn(link));
    const intro = textIn(pretext);
    if (this.title === '' && intro !== '') this.title = decodeEntities(intro);
    else this.add(fromMrkdwn(intro));
    const name = decodeEntities(textIn(title));
    if (name !== this.title) this.add(name === '' ? '' : `**${fromPlain(textIn(title))}**`);
    this.add(fromMrkdwn(textIn(text)));
    const rows = objectsIn(fields).map((field) => fieldLine(textIn(field.title), textIn(field.value)));
    this.add(rows.filter((row) => row !== '').join('  \n'));
    for (const block of objectsIn(blocks)) this.block(block);
    for (const { url } of objectsIn(actions)) this.#offer(textIn(url));
  }

  block(block: JsonObject): void {
    switch (block.type) {
      case 'header':
        if (this.title === '') this.title = plainOf(block.text);
        else this.add(`**${objectText(block.text)}**`);
        return;
      case 'section':
        this.add(objectText(block.text));
        this.add(objectsIn(block.fields).map(objectText).join('  \n'));
        if (isObject(block.accessory)) this.#offer(textIn(block.accessory.url));
        return;
      case 'context':
        this.add(contextText(objectsIn(block.elements)));
        return;
      case 'markdown':
        this.add(textIn(block.text));
        return;
      case 'rich_text':
        this.add(richText(block));
        return;
      case 'actions':
        for (const { url } of objectsIn(block.elements)) this.#offer(textIn(url));
        return;
      case 'image':
        this.add(fromPlain(textIn(block.alt_text)));
    }
  }

  /** The first link is that of the message. */
  #offer(url: string): void {
    if (this.url === '') this.url = decodeEntities(url);
  }
}

function fieldLine(title: string, value: string): string {
  if (title === '') return fromMrkdwn(value);
  return `${fromPlain(title)}: ${fromMrkdwn(value)}`;
}

/** A text object: mrkdwn or plain; an image has its description. */
function objectText(value: unknown): string {
  if (!isObject(value)) return '';
  if (value.type === 'image') return fromPlain(textIn(value.alt_text));
  const text = textIn(value.text);
  return value.type === 'plain_text' ? fromPlain(text) : fromMrkdwn(text);
}

/** Pictures beside a text are icons. */
function contextText(elements: readonly JsonObject[]): string {
  const texts = elements.filter(({ type }) => type !== 'image');
  return (texts.length > 0 ? texts : elements).map(objectText).join(' ');
}

function plainOf(value: unknown): string {
  return isObject(value) ? decodeEntities(textIn(value.text)) : '';
}

/** The leaves of rich text; its nesting is limited with that of all JSON. */
function richText(node: JsonObject): string {
  const { type, text, url, name } = node;
  if (type === 'link')
    return textIn(text) === '' ? textIn(url) : `[${fromPlain(textIn(text))}](${textIn(url)})`;
  if (type === 'emoji') return `:${textIn(name)}:`;
  if (type === 'broadcast') return `@${textIn(node.range)}`;
  if (type === 'user') return `@${textIn(node.user_id)}`;
  if (typeof text === 'string') return fromPlain(text);
  if (type === 'rich_text_preformatted') return codeBlock(rawText(node));
  const elements = objectsIn(node.elements).map(richText);
  if (type === 'rich_text') return elements.join('\n\n');
  if (type === 'rich_text_list') return elements.map((element) => `- ${element}`).join('\n');
  const section = elements.join('');
  return type === 'rich_text_quote' ? `> ${section.replaceAll('\n', '\n> ')}` : section;
}

function rawText({ elements }: JsonObject): string {
  return objectsIn(elements)
    .map(({ text, url }) => textIn(text) || textIn(url))
    .join('');
}

/** `good`, `warning`, `danger` or a colour; only reds are urgent. */
function priorityOf(color: string): Priority | undefined {
  if (color === 'good') return 2;
  if (color === 'danger') return 4;
  const [, red = '', green = '', blue = ''] = /^#?([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(color) ?? [];
  const [r, g, b] = [red, green, blue].map((part) => Number.parseInt(part, 16)) as [number, number, number];
  return r >= 0xa0 && g < 0x70 && b < 0x70 ? 4 : undefined;
}

function textIn(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.slice(0, MAX_UNITS) : '';
}

function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
