/** The JSON Schema of the notify file, made from the tables that check it; `scripts/generate/usage.ts` writes it. */
import { NAME_PATTERN, topKeys, userKeys } from '../../src/config/notify/file.ts';
import { hookKeys, templateKeys, templatesKeys } from '../../src/config/notify/hooks.ts';
import type { ConfigKey, KeyTable } from '../../src/config/notify/key-table.ts';
import { kinds } from '../../src/config/notify/kinds.ts';

type Schema = Readonly<Record<string, unknown>>;

const text = { type: 'string', minLength: 1 };
const secret = { $ref: '#/$defs/secret' };
const templates = { $ref: '#/$defs/templates' };
const scalar = { type: ['null', 'boolean', 'number', 'string'] };

/** The schema (draft 2020-12), as the text of its file. */
export function notifySchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The notify file of mote',
    ...objectOf(topKeys, {
      users: named('#/$defs/user'),
      channels: named('#/$defs/channel'),
      hooks: named('#/$defs/hook'),
      templates: objectOf(templatesKeys, { alertmanager: templates, grafana: templates }),
    }),
    $defs: {
      secret: {
        description: 'A secret, or where it is.',
        oneOf: [text, objectOf({ file: textKey }), objectOf({ env: textKey })],
      },
      user: objectOf(userKeys, {
        tokens: {
          type: 'array',
          minItems: 1,
          items: { type: 'string', pattern: '^(sha256:)?[0-9A-Fa-f]{64}$' },
        },
      }),
      hook: {
        ...objectOf(hookKeys),
        dependentRequired: { user: ['secret'], signature: ['secret'], signatureHeader: ['secret'] },
      },
      templates: objectOf(templateKeys),
      channel: {
        type: 'object',
        required: ['kind'],
        properties: { kind: { enum: Object.keys(kinds) } },
        allOf: Object.entries(kinds).map(([kind, { doc, keys }]) => ({
          if: { properties: { kind: { const: kind } } },
          // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so
          then: channelOf(kind, doc, keys),
        })),
      },
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

const textKey = { type: 'text', required: true, doc: '' } as const;

function channelOf(kind: string, doc: string, keys: KeyTable): Schema {
  const { properties, ...rest } = objectOf(keys) as { properties: Schema };
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

/** `known` are the properties that say more than their key does. */
function objectOf(keys: KeyTable, known: Readonly<Record<string, Schema>> = {}): Schema {
  const required = Object.keys(keys).filter((key) => keys[key]?.required);
  const properties = Object.entries(keys).map(([key, spec]) => [
    key,
    { ...(spec.doc !== '' && { description: spec.doc }), ...(known[key] ?? schemaOf(spec)) },
  ]);
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(properties),
  };
}

function schemaOf(spec: ConfigKey): Schema {
  switch (spec.type) {
    case 'text':
      if (spec.words) return { enum: spec.words };
      return spec.secret ? secret : text;
    case 'integer':
      return { type: 'integer', minimum: spec.min, maximum: spec.max };
    case 'boolean':
      return { type: 'boolean' };
    case 'texts':
      return { type: 'array', minItems: 1, items: text };
    case 'integers':
      return {
        type: 'array',
        minItems: 1,
        items: { type: 'integer', minimum: spec.min, maximum: spec.max },
      };
    case 'record':
      return { type: 'object', additionalProperties: spec.secret ? secret : text };
    case 'json':
      return { type: ['object', 'array'] };
    case 'scalar':
      return scalar;
    case 'levels':
      return {
        type: 'object',
        additionalProperties: { type: 'integer', minimum: spec.min, maximum: spec.max },
      };
    case 'conditions':
      return {
        type: 'object',
        additionalProperties: { anyOf: [scalar, { type: 'array', minItems: 1, items: scalar }] },
      };
  }
}
