/** The JSON Schema of the notify file, made from the tables that check it; `scripts/generate/usage.ts` writes it. */
import type { Field, Fields } from '../../src/config/notify/fields.ts';
import { NAME_PATTERN, topFields, userFields } from '../../src/config/notify/file.ts';
import { kinds } from '../../src/config/notify/kinds.ts';

type Schema = Readonly<Record<string, unknown>>;

const text = { type: 'string', minLength: 1 };
const secret = { $ref: '#/$defs/secret' };

/** The schema (draft 2020-12), as the text of its file. */
export function notifySchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The notify file of mote',
    ...objectOf(topFields, { users: named('#/$defs/user'), channels: named('#/$defs/channel') }),
    $defs: {
      secret: {
        description: 'A secret, or where it is.',
        oneOf: [text, objectOf({ file: textField }), objectOf({ env: textField })],
      },
      user: objectOf(userFields, {
        tokens: {
          type: 'array',
          minItems: 1,
          items: { type: 'string', pattern: '^(sha256:)?[0-9A-Fa-f]{64}$' },
        },
      }),
      channel: {
        type: 'object',
        required: ['kind'],
        properties: { kind: { enum: Object.keys(kinds) } },
        allOf: Object.entries(kinds).map(([kind, { doc, fields }]) => ({
          if: { properties: { kind: { const: kind } } },
          // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so
          then: channelOf(kind, doc, fields),
        })),
      },
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

const textField = { type: 'text', required: true, doc: '' } as const;

function channelOf(kind: string, doc: string, fields: Fields): Schema {
  const { properties, ...rest } = objectOf(fields) as { properties: Schema };
  return { description: doc, ...rest, properties: { kind: { const: kind }, ...properties } };
}

/** An object of entries by name. */
function named(entry: string): Schema {
  return {
    type: 'object',
    minProperties: 1,
    propertyNames: { pattern: NAME_PATTERN },
    additionalProperties: { $ref: entry },
  };
}

/** `known` are the properties that say more than their field does. */
function objectOf(fields: Fields, known: Readonly<Record<string, Schema>> = {}): Schema {
  const required = Object.keys(fields).filter((key) => fields[key]?.required);
  const properties = Object.entries(fields).map(([key, field]) => [
    key,
    { ...(field.doc !== '' && { description: field.doc }), ...(known[key] ?? schemaOf(field)) },
  ]);
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(properties),
  };
}

function schemaOf(field: Field): Schema {
  switch (field.type) {
    case 'text':
      if (field.words) return { enum: field.words };
      return field.secret ? secret : text;
    case 'integer':
      return { type: 'integer', minimum: field.min, maximum: field.max };
    case 'boolean':
      return { type: 'boolean' };
    case 'texts':
      return { type: 'array', minItems: 1, items: text };
    case 'integers':
      return {
        type: 'array',
        minItems: 1,
        items: { type: 'integer', minimum: field.min, maximum: field.max },
      };
    case 'record':
      return { type: 'object', additionalProperties: field.secret ? secret : text };
    case 'json':
      return { type: ['object', 'array'] };
    case 'scalar':
      return { type: ['null', 'boolean', 'number', 'string'] };
  }
}
