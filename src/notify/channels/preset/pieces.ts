/** A message as the pieces that a provider takes, each with the values of its template. Pure. */
import type { JsonValue } from '../../../util/json.ts';
import type { Steps } from '../../../util/turns.ts';
import type { Message } from '../../message.ts';
import type { Piece } from '../pieces.ts';
import { asText, cutText, type Measure, paragraphs, splitText } from '../text/split.ts';
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
/** What closes and reopens a block of code is measured without the encoding of JSON, and bold marks are not at all. */
const RESERVE = 16;

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
  const body = bodyOf(preset, isMarkdown, { ...values, title: fieldOf(' (99/99)'), text: '' });
  const room = Math.max(MIN_ROOM, roomIn(preset.limit, body) - RESERVE);
  const texts = yield* splitText(content, room, message.format, measureOf(preset.limit, style));
  const pieces: PresetPiece[] = [];
  for (const [i, text] of texts.entries()) {
    const suffix = texts.length > 1 ? ` (${i + 1}/${texts.length})` : '';
    const begins = i === 0 && title !== '' && (text === title || text.startsWith(`${title}\n\n`));
    const rest = begins ? text.slice(title.length) : text;
    pieces.push({
      key: `${message.format} ${i + 1}/${texts.length}`,
      plain: text,
      values: {
        ...values,
        id: i === 0 ? message.id : `${message.id}-${i + 1}`,
        title: fieldOf(suffix),
        text: (begins ? style.bold(title) : '') + style.write(rest),
      },
    });
    yield;
  }
  return pieces;
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

function roomIn({ max, of }: Limit, body: JsonValue | undefined): number {
  const measure = jsonMeasures[of];
  return measure ? max - measure(JSON.stringify(body)) : max;
}

const jsonMeasures: Readonly<Partial<Record<Limit['of'], (json: string) => number>>> = {
  json: Buffer.byteLength,
  // It writes these as \u003c and the like.
  'go json': (json) => Buffer.byteLength(json.replace(/[<>&]/g, '\\u003c')),
};

/** A character as it is sent. */
function measureOf({ of }: Limit, { write }: TextStyle): Measure {
  if (of === 'source') return (character) => character.length;
  const json = jsonMeasures[of];
  const known = new Map<string, number>();
  const count = (sent: string): number => {
    if (json) return json(JSON.stringify(sent)) - 2;
    return of === 'units' ? sent.length : Buffer.byteLength(sent);
  };
  return (character) => {
    const before = known.get(character);
    if (before !== undefined) return before;
    const length = count(write(character));
    known.set(character, length);
    return length;
  };
}
