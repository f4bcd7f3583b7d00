/** The fields of mote's own API: from names and values to typed input. Pure. */
import type { RequestFacts } from '../../http/types.ts';
import { failure, type Result, success } from '../../util/result.ts';
import type { Format, Priority } from '../message.ts';
import { type MessageInput, validate } from './draft.ts';
import type { FieldMap } from './fields.ts';
import { type FieldProblem, invalidFields, type NotifyProblem } from './problem.ts';

export const FIELD_NAMES = [
  'title',
  'text',
  'message',
  'body',
  'format',
  'url',
  'priority',
  'channels',
  'tags',
  'idempotencyKey',
  'token',
] as const;
export type FieldName = (typeof FIELD_NAMES)[number];
const names: readonly string[] = FIELD_NAMES;
/** Synonyms for the text. */
export const TEXT_NAMES: readonly string[] = ['text', 'message', 'body'];
export const PRIORITIES: readonly Priority[] = [1, 2, 3, 4, 5];

/** `headerKey` is what {@link idempotencyKeyOf} gives. Reports all invalid fields at once, those of validation too. */
export function parseInput(
  fields: FieldMap,
  headerKey: string | undefined,
): Result<MessageInput, NotifyProblem> {
  const parser = new FieldParser(fields);
  for (const name of fields.keys()) {
    if (!names.includes(name)) parser.report(name, `is unknown; the fields are ${names.join(', ')}`);
  }
  const input: MessageInput = {
    title: parser.text('title'),
    text: parser.text(textNameOf(parser, fields)),
    format: formatOf(parser),
    url: parser.text('url'),
    priority: priorityOf(parser),
    tags: parser.list('tags'),
    channels: parser.list('channels'),
    idempotencyKey: keyOf(parser, headerKey),
  };
  const { problems } = parser;
  return problems.length === 0
    ? success(input)
    : failure(invalidFields([...problems, ...others(input, problems)]));
}

/** The header field is a string of RFC 9651, in quotes; most clients send it without. */
export function idempotencyKeyOf(headers: RequestFacts['headers']): string | undefined {
  return headers['idempotency-key']?.trim().replace(/^"(.*)"$/, '$1');
}

/** What validation finds in the fields that could be parsed. */
function others(input: MessageInput, problems: readonly FieldProblem[]): readonly FieldProblem[] {
  const validated = validate(input);
  if (validated.ok) return [];
  // A title or text that could not be parsed is not missing.
  const isGiven = problems.some(({ field }) => field === 'title' || TEXT_NAMES.includes(field));
  return validated.error.filter(({ field }) => !(isGiven && field === 'text'));
}

/** Reads values by type and collects the problems. */
class FieldParser {
  readonly problems: FieldProblem[] = [];
  readonly #fields: FieldMap;

  constructor(fields: FieldMap) {
    this.#fields = fields;
  }

  report(field: string, detail: string): undefined {
    this.problems.push({ field, detail });
  }

  raw(field: string): unknown {
    return this.#fields.get(field);
  }

  text(field: string): string | undefined {
    const value = this.raw(field);
    if (value === undefined || typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    return this.report(field, Array.isArray(value) ? 'must be given once' : 'must be a string');
  }

  /** An array of strings, or one string with commas. */
  list(field: string): readonly string[] | undefined {
    const value = this.raw(field);
    if (value === undefined) return undefined;
    const given: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!given.every((item) => typeof item === 'string')) {
      return this.report(field, 'must be an array of strings');
    }
    const items = given.flatMap((item) => item.split(',')).map((item) => item.trim());
    return items.filter((item) => item !== '');
  }
}

function textNameOf(parser: FieldParser, fields: FieldMap): string {
  const [name = 'text', other] = TEXT_NAMES.filter((one) => fields.has(one));
  if (other !== undefined) parser.report(other, `means the same as ${name}: give only one of them`);
  return name;
}

function formatOf(parser: FieldParser): Format | undefined {
  const value = parser.raw('format');
  if (value === undefined || value === 'text' || value === 'markdown') return value;
  return parser.report('format', 'must be text or markdown');
}

/** A number, or its digit, as forms have it. */
function priorityOf(parser: FieldParser): Priority | undefined {
  const value = parser.raw('priority');
  if (value === undefined) return undefined;
  const priority = PRIORITIES.find((one) => value === one || value === String(one));
  return priority ?? parser.report('priority', 'must be an integer from 1 to 5');
}

function keyOf(parser: FieldParser, headerKey: string | undefined): string | undefined {
  const key = parser.text('idempotencyKey');
  if (key === undefined || headerKey === undefined || key === headerKey) return key ?? headerKey;
  return parser.report(
    'idempotencyKey',
    'differs from the header field Idempotency-Key: give only one of them',
  );
}
