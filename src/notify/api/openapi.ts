/**
 * The API in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), from the tables that the code itself reads: fields and
 * their limits, statuses, the catalogue of errors. Examples of requests and of responses belong together by their names.
 * Pure; loaded when somebody asks for it.
 */
import { type ErrorCode, reasonPhrase, statusOf } from '../../http/errors.ts';
import { MAX_TOKEN_CHARACTERS, MIN_TOKEN_CHARACTERS } from '../auth/token.ts';
import { MAX_RECENT } from '../notifier.ts';
import {
  MAX_KEY_BYTES,
  MAX_TAG_BYTES,
  MAX_TAGS,
  MAX_TEXT_BYTES,
  MAX_TITLE_BYTES,
  MAX_URL_BYTES,
} from './draft.ts';
import { MAX_MESSAGE_BODY_BYTES } from './effort.ts';
import { type FieldName, PRIORITIES, TEXT_NAMES } from './input.ts';
import { MAX_FIELD_PROBLEMS } from './problem.ts';
import { type MessageState, STATUSES } from './response.ts';

/** Goes up when a client would have to change. */
const API_VERSION = '1';

type Json = Readonly<Record<string, unknown>>;

const text = { type: 'string' };
const time = { type: 'string', format: 'date-time' };
const texts = { type: 'array', items: text };
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Json, examples?: Json) => ({
  'application/json': { schema, ...(examples && { examples }) },
});
const alias = { ...text, description: 'The same as text: give only one of them.' };

const fields: Readonly<Record<FieldName, Json>> = {
  title: { ...text, description: `One line; cut at ${MAX_TITLE_BYTES} bytes.` },
  text: {
    ...text,
    description: `Cut at ${MAX_TEXT_BYTES} bytes, where it says so. A text, a title, or both are required.`,
  },
  message: alias,
  body: alias,
  format: { enum: ['text', 'markdown'], default: 'text' },
  url: {
    ...text,
    maxLength: MAX_URL_BYTES,
    description: 'A link, http or https, that accompanies the message.',
  },
  priority: { enum: PRIORITIES, default: 3, description: '1 may wait, 3 is normal, 5 wakes people.' },
  channels: { ...texts, minItems: 1, description: 'Some channels of the token; all without this field.' },
  tags: { type: 'array', items: { ...text, maxLength: MAX_TAG_BYTES }, maxItems: MAX_TAGS },
  idempotencyKey: {
    ...text,
    minLength: 1,
    maxLength: MAX_KEY_BYTES,
    description:
      'A repeated request with the same key sends nothing twice. Also as the field Idempotency-Key.',
  },
  token: {
    ...text,
    minLength: MIN_TOKEN_CHARACTERS,
    maxLength: MAX_TOKEN_CHARACTERS,
    description: 'Where no header field has it.',
  },
};

const oneText = TEXT_NAMES.map((name) => ({ required: [name] }));

const channelState = {
  type: 'object',
  required: ['channel', 'status', 'attempts'],
  properties: {
    channel: text,
    status: { enum: ['delivered', 'failed', 'waiting', 'retrying'] },
    attempts: { type: 'integer', minimum: 0 },
    at: time,
    nextAttempt: time,
    reason: text,
    providerId: text,
    note: text,
  },
};

const status = {
  type: 'object',
  required: ['id', 'status', 'channels'],
  properties: {
    id: text,
    status: { enum: Object.keys(STATUSES) },
    repeated: { const: true, description: 'The message was accepted with an earlier equal request.' },
    channels: { type: 'array', items: ref('Channel') },
  },
};

const schemas = {
  Message: {
    type: 'object',
    properties: fields,
    additionalProperties: false,
    anyOf: [{ required: ['title'] }, ...oneText],
  },
  Channel: channelState,
  Status: status,
  Summary: {
    allOf: [ref('Status')],
    required: ['title', 'acceptedAt'],
    properties: { title: { ...text, description: 'Or the first line of the text, cut.' }, acceptedAt: time },
  },
  Problem: {
    type: 'object',
    description: 'RFC 9457',
    required: ['type', 'title', 'status', 'code', 'detail'],
    properties: {
      type: text,
      title: text,
      status: { type: 'integer' },
      code: text,
      detail: { ...text, description: 'What is wrong and what to do about it.' },
      errors: {
        type: 'array',
        maxItems: MAX_FIELD_PROBLEMS,
        items: { type: 'object', required: ['field', 'detail'], properties: { field: text, detail: text } },
      },
    },
  },
};

const states: Readonly<Record<MessageState, string>> = {
  delivered: "Every channel's provider has accepted the message.",
  pending: 'The message is accepted and safe; at least one channel is still trying.',
  partial: 'Delivery failed for good on some channels.',
  failed: 'Delivery failed for good on all channels.',
};

const requests = {
  minimal: { value: { text: 'web1 is full' } },
  complete: {
    value: {
      title: 'Disk',
      text: '**web1** is full',
      format: 'markdown',
      url: 'https://example.org/web1',
      priority: 4,
      tags: ['disk'],
    },
  },
  withoutText: { summary: 'refused', value: { priority: 3 } },
  wrongPriority: { summary: 'refused', value: { text: 'web1 is full', priority: 9 } },
};

const sent = { status: 'delivered', channels: [{ channel: 'phone', status: 'delivered', attempts: 1 }] };
const delivered = { value: { id: '0mwr5x2k1a1b2c3d4e5f60718293a', ...sent } };

const refused = (field: string, detail: string) => ({
  value: {
    type: '/errors#unprocessable_content',
    title: reasonPhrase(422),
    status: 422,
    code: 'unprocessable_content',
    detail: `${field}: ${detail}`,
    errors: [{ field, detail }],
  },
});

const refusals = {
  withoutText: refused('text', 'is missing: give a text, a title, or both'),
  wrongPriority: refused('priority', 'must be an integer from 1 to 5'),
};

/** What each operation may refuse with. */
const readCodes: readonly ErrorCode[] = ['unauthorized', 'forbidden', 'too_many_requests'];
const queryCodes: readonly ErrorCode[] = [
  ...readCodes,
  'bad_body',
  'conflict',
  'field_too_large',
  'unprocessable_content',
  'unavailable',
];
const sendCodes: readonly ErrorCode[] = [...queryCodes, 'content_too_large', 'unsupported_media_type'];
/** A hook refuses no body for what it says. */
const hookCodes: readonly ErrorCode[] = [...readCodes, 'not_found', 'content_too_large', 'unavailable'];

/** Statuses that say when to come again. */
const RETRY_STATUSES: readonly number[] = [429, 503];
const retryAfter = { 'Retry-After': { schema: { type: 'integer' }, description: 'In seconds.' } };

/** Codes that share a status share a response. */
function refusedBy(codes: readonly ErrorCode[]): Json {
  const statuses = new Set(codes.map(statusOf));
  return Object.fromEntries(
    Array.from(statuses, (code) => {
      const names = codes.filter((one) => statusOf(one) === code).join(', ');
      const schema = ref('Problem');
      const content = {
        'application/problem+json': { schema, ...(code === 422 && { examples: refusals }) },
      };
      const headers = RETRY_STATUSES.includes(code) && { headers: retryAfter };
      return [code, { description: `${reasonPhrase(code)}: ${names}`, ...headers, content }];
    }),
  );
}

function sentResponses(codes: readonly ErrorCode[], examplesOfDelivered?: Json): Json {
  const accepted = Object.entries(STATUSES).map(([state, code]) => {
    const examples = state === 'delivered' ? examplesOfDelivered : undefined;
    const headers = { Location: { schema: text, description: 'Where its status is.' } };
    return [
      code,
      { description: states[state as MessageState], headers, content: json(ref('Status'), examples) },
    ];
  });
  return { ...Object.fromEntries(accepted), ...refusedBy(codes) };
}

function reading(
  operationId: string,
  summary: string,
  schema: Json,
  codes: readonly ErrorCode[],
  parameters: readonly Json[] = [],
): Json {
  const responses = { 200: { description: 'OK', content: json(schema) }, ...refusedBy(codes) };
  return { get: { operationId, summary, ...(parameters.length > 0 && { parameters }), responses } };
}

const inPath = (name: string) => ({ name, in: 'path', required: true, schema: text });

const message = ref('Message');
/** Or the token is a field. */
const anyPlace: readonly Json[] = [{ bearer: [] }, { header: [] }, {}];

function sending(): Json {
  return {
    operationId: 'send',
    summary: 'Sends a message.',
    parameters: [{ name: 'Idempotency-Key', in: 'header', schema: fields.idempotencyKey }],
    requestBody: {
      required: true,
      description: `At most ${MAX_MESSAGE_BODY_BYTES} bytes with a good token in the header.`,
      content: {
        ...json(message, requests),
        'application/x-www-form-urlencoded': { schema: message },
        'multipart/form-data': { schema: message },
        'text/plain': { schema: { ...text, description: 'The text of the message.' } },
      },
    },
    security: anyPlace,
    responses: sentResponses(sendCodes, { minimal: delivered, complete: delivered }),
  };
}

function querying(): Json {
  return {
    operationId: 'sendByQuery',
    summary: 'Sends a message; URLs end up in logs and histories.',
    parameters: Object.entries(fields).map(([name, schema]) => ({ name, in: 'query', schema })),
    security: anyPlace,
    responses: sentResponses(queryCodes),
  };
}

/** By either method, in words of the sender's own. */
function hook(): Json {
  const taking = (operationId: string) => ({
    operationId,
    summary: 'Sends what a service says in its own words, by the settings of the hook of this name.',
    parameters: [inPath('name')],
    requestBody: { content: { '*/*': {} } },
    security: anyPlace,
    responses: { ...sentResponses(hookCodes), 204: { description: 'The settings say to ignore this.' } },
  });
  return { post: taking('postHook'), put: taking('putHook') };
}

const owner = {
  type: 'object',
  required: ['user', 'channels'],
  properties: {
    user: text,
    channels: texts,
    kinds: {
      type: 'object',
      additionalProperties: text,
      description: 'What each channel is, by its name.',
    },
  },
};

const summaries = {
  type: 'object',
  required: ['messages'],
  properties: { messages: { type: 'array', items: ref('Summary'), maxItems: MAX_RECENT } },
};

const description = {
  get: {
    operationId: 'description',
    summary: 'This document.',
    security: [],
    responses: { 200: { description: 'OK', content: json({ type: 'object' }) } },
  },
};

/** See `NotifyOptions`. */
export interface Described {
  readonly allowQuery: boolean;
  readonly hasHooks?: boolean;
}

export function describeApi({ allowQuery, hasHooks = false }: Described): Json {
  // What is forbidden to who reads is only the token in the URL.
  const codes = readCodes.filter((code) => code !== 'forbidden' || !allowQuery);
  const statusCodes: readonly ErrorCode[] = [...codes, 'not_found', 'unavailable'];
  return {
    openapi: '3.1.0',
    info: { title: 'mote', version: API_VERSION, description: 'One HTTP request in, a message out.' },
    // As seen from this document, also behind a proxy that strips a prefix.
    servers: [{ url: '..' }],
    security: [{ bearer: [] }, { header: [] }, ...(allowQuery ? [{ query: [] }] : [])],
    paths: {
      '/notify': { post: sending(), ...(allowQuery && { get: querying() }) },
      '/notify/channels': reading(
        'channels',
        'Whose the token is, and which channels it may name.',
        owner,
        codes,
      ),
      '/notify/messages': reading(
        'messages',
        'The latest messages of the token that the server remembers.',
        summaries,
        codes,
      ),
      '/notify/{id}': reading('status', 'What became of a message.', ref('Status'), statusCodes, [
        inPath('id'),
      ]),
      ...(hasHooks && { '/notify/hook/{name}': hook() }),
      '/notify/openapi.json': description,
    },
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        header: { type: 'apiKey', in: 'header', name: 'X-Token' },
        ...(allowQuery && { query: { type: 'apiKey', in: 'query', name: 'token' } }),
      },
    },
  };
}
