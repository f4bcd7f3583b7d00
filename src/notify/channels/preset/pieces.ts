/** A message as the pieces that a provider takes, each with the values of its template. Pure. */
import type { JsonValue } from '../../../util/json.ts';
import type { Steps } from '../../../util/turns.ts';
import type { Message } from '../../message.ts';
import type { Piece } from '../pieces.ts';
import { asText, cutText, lengthBy, type Measure, paragraphs, splitText } from '../text/split.ts';
import type { Limit, Preset, Values } from './row.ts';
import { styles, type TextStyle } from './styles.ts';
import { fillTemplate } from './template.ts';

export interface PresetPiece extends Piece {
  readonly values: Values;
  /** Its text without any marks. */
  readonly plain: string;
}

/** A title that is made of a text. */
const MAX_EXCERPT_UNITS = 64;
/** A piece has room for at least this, whatever else is in its body. */
const MIN_ROOM = 64;
/**
 * What each of several pieces has besides: its number in title and id, and what closes and reopens a block of code, as
 * far as it is longer in JSON.
 */
const RESERVE = 32;
/** What some providers get at the end of a block of code that nobody has closed. */
const CLOSING_UNITS = 8;

/** `configured` are the values of the channel. */
export function* presetPieces(preset: Preset, configured: Values, given: Message): Steps<PresetPiece[]> {
  const isMarkdown = given.format === 'markdown' && preset.markdown !== undefined;
  const message = isMarkdown ? given : yield* asText(given);
  const style: TextStyle = styles[(isMarkdown && preset.markdown) || preset.text];
  const { title, content } = partsOf(preset, message);
  const values: Values = {
    ...configured,
    id: message.id,
    link: preset.hasLink ? message.url : undefined,
    tags: message.tags.length > 0 ? message.tags : undefined,
    format: preset.formats?.[isMarkdown ? 1 : 0],
    priority: preset.priorities?.[message.priority - 1],
  };
  const fieldOf = (suffix: string) => titleField(preset, style, title, suffix);
  const begins = content.startsWith(title) ? title : '';
  const body = bodyOf(preset, isMarkdown, { ...values, title: fieldOf(''), text: '' });
  const { max, measure } = roomOf(preset.limit, style, body, begins);
  const isWhole = lengthBy(measure, content) + (isMarkdown ? CLOSING_UNITS : 0) <= max;
  const texts = yield* splitText(
    content,
    isWhole ? max : Math.max(MIN_ROOM, max - RESERVE),
    message.format,
    measure,
  );
  const pieces: PresetPiece[] = [];
  for (const [i, text] of texts.entries()) {
    const suffix = texts.length > 1 ? ` (${i + 1}/${texts.length})` : '';
    pieces.push({
      key: `${message.format} ${i + 1}/${texts.length}`,
      plain: text,
      values: {
        ...values,
        id: i === 0 ? message.id : `${message.id}-${i + 1}`,
        title: fieldOf(suffix),
        text: i === 0 ? firstText(text, title, style) : style.write(text),
      },
    });
    yield;
  }
  return pieces;
}

/** The title that it begins with is bold. */
function firstText(text: string, title: string, style: TextStyle): string {
  const begins = title !== '' && (text === title || text.startsWith(`${title}\n\n`));
  return begins ? style.bold(title) + style.write(text.slice(title.length)) : style.write(text);
}

export function bodyOf(preset: Preset, isMarkdown: boolean, values: Values): JsonValue | undefined {
  return fillTemplate((isMarkdown && preset.markdownBody) || preset.body, values);
}

interface Parts {
  readonly title: string;
  /** All that has no place of its own. */
  readonly content: string;
}

function partsOf({ maxTitleUnits = 0, hasLink, needsTitle }: Preset, message: Message): Parts {
  const url = hasLink ? undefined : message.url?.toWellFormed();
  const [title, text] = [message.title.toWellFormed(), message.text.toWellFormed()];
  const isInText = title.length > maxTitleUnits;
  const content = paragraphs({ title: isInText ? title : '', text, ...(url && { url }) });
  if (content.trim() === '') return { title: needsTitle ? title : '', content: title };
  const excerpt = cutText(text.trim().split('\n', 1)[0] || content, MAX_EXCERPT_UNITS);
  return { title: title || (needsTitle ? excerpt : ''), content };
}

/** `$title`, with which piece it is of. */
function titleField(
  { maxTitleUnits }: Preset,
  style: TextStyle,
  title: string,
  suffix: string,
): string | undefined {
  if (title === '') return undefined;
  if (maxTitleUnits === undefined) return cutText(title, MAX_EXCERPT_UNITS);
  const { field = (text: string) => text } = style;
  return field(cutText(title, maxTitleUnits - suffix.length) + suffix);
}

interface Room {
  /** What the text of a piece may have. */
  readonly max: number;
  /** A character as it is sent. */
  readonly measure: Measure;
}

/** The room for a text beside the rest of the body; `begins` is the title that it begins with, in bold. */
function roomOf(limit: Limit, { write, bold }: TextStyle, body: JsonValue | undefined, begins: string): Room {
  const { max, of, maxJsonBytes } = limit;
  if (of === 'source') return { max, measure: (character) => character.length };
  const rest = JSON.stringify(body) ?? '';
  const json = jsonMeasures[of];
  const ofJson = maxJsonBytes === undefined ? 0 : max / (maxJsonBytes - Buffer.byteLength(rest));
  const count = (sent: string): number => {
    if (json) return json(JSON.stringify(sent)) - 2;
    const length = of === 'units' ? sent.length : Buffer.byteLength(sent);
    // What fits by the greater of the two fits by both.
    return ofJson === 0 ? length : Math.max(length, ofJson * (Buffer.byteLength(JSON.stringify(sent)) - 2));
  };
  const known = new Map<string, number>();
  const measure = (character: string): number => {
    const before = known.get(character);
    if (before !== undefined) return before;
    const length = count(write(character));
    known.set(character, length);
    return length;
  };
  const growth = Math.max(0, count(bold(begins)) - lengthBy(measure, begins));
  return { max: (json ? max - json(rest) : max) - (begins === '' ? 0 : growth), measure };
}

const jsonMeasures: Readonly<Partial<Record<Limit['of'], (json: string) => number>>> = {
  json: Buffer.byteLength,
  // It writes these as \u003c and the like.
  'go json': (json) => Buffer.byteLength(json.replace(/[<>&]/g, '\\u003c')),
};
