/** The sections of the notify file for requests in other words: hooks, and templates for alerts. */

import type { NotifyUser } from '../../notify/auth/access.ts';
import { isObject, type JsonObject } from '../../util/json.ts';
import { failure, type Result, success } from '../../util/result.ts';
import { allOf, type Problems, refused } from '../problems.ts';
import { type KeyTable, type KeyValues, type ReadContext, readConfigKeys } from './key-table.ts';

const text = { type: 'text' } as const;
const format = { ...text, words: ['text', 'markdown'], doc: 'What the text is; default text.' } as const;

export const hookKeys = {
  title: {
    ...text,
    doc: 'A template for the title; default: title or subject of what was sent, or the name of the hook.',
  },
  text: { ...text, doc: 'A template for the text; default: text, message, msg, body or description.' },
  format,
  url: { ...text, doc: 'A template for the link; default: url or link.' },
  priority: { ...text, doc: 'A template for a number from 1 to 5, or a word such as warning.' },
  priorities: {
    type: 'levels',
    min: 1,
    max: 5,
    doc: 'What the words of priority mean: {"failure": 5, "success": 2}.',
  },
  tags: { type: 'texts', doc: 'Tags of every message.' },
  idempotencyKey: {
    ...text,
    doc: 'A template; the same message with the same key is sent once: {{header:X-GitHub-Delivery}}.',
  },
  match: {
    type: 'conditions',
    doc: 'Only what fulfils all of these is sent: {"/eventType": ["Grab", "Download"]}.',
  },
  ignore: {
    type: 'conditions',
    doc: 'What fulfils one of these is not sent: {"header:X-GitHub-Event": "ping"}.',
  },
  channels: { type: 'texts', doc: 'Where its messages go; default: all channels of the user.' },
  tokenInUrl: {
    type: 'boolean',
    doc: 'Also takes the token in the URL, as /notify/hook/NAME/TOKEN or ?token=TOKEN, for senders without header fields.',
  },
  secret: {
    ...text,
    secret: true,
    doc: 'The secret by which the sender signs (HMAC-SHA256); unsigned requests get 401.',
  },
  signature: {
    ...text,
    words: ['github', 'gitea', 'stripe', 'standard'],
    doc: 'The form of the signature; default github.',
  },
  signatureHeader: { ...text, doc: 'The header with the signature; default: that of the form.' },
  user: { ...text, doc: 'In whose name signed requests are sent; without it they need a token too.' },
} as const satisfies KeyTable;

export type HookConfig = KeyValues<typeof hookKeys> & { readonly name: string };

/** Templates for the alerts of one dialect. */
export const templateKeys = {
  title: { ...text, doc: 'A template for the title.' },
  text: { ...text, doc: 'A template for the text.' },
  format,
} as const satisfies KeyTable;

export const templatesKeys = {
  alertmanager: { type: 'json', doc: 'For Alertmanager.' },
  grafana: { type: 'json', doc: 'For Grafana.' },
} as const satisfies KeyTable;

export type TemplatesConfig = Readonly<
  Partial<Record<keyof typeof templatesKeys, KeyValues<typeof templateKeys>>>
>;

/** What a hook may name. */
export interface Known {
  readonly channels: readonly string[];
  /** `undefined` where they could not be read. */
  readonly users: readonly Pick<NotifyUser, 'name' | 'channels'>[] | undefined;
}

export function hookOf(
  name: string,
  received: JsonObject,
  known: Known,
  context: ReadContext,
): Result<HookConfig, Problems> {
  const values = readConfigKeys(hookKeys, received, context);
  if (!values.ok) return values;
  const problems = hookProblems(values.value, known, context.placeOf);
  return problems.length > 0 ? failure(problems) : success({ name, ...values.value });
}

function hookProblems(
  { channels = [], user: name, secret, signature, signatureHeader }: Omit<HookConfig, 'name'>,
  { channels: names, users }: Known,
  placeOf: ReadContext['placeOf'],
): string[] {
  const user = users?.find((one) => one.name === name);
  const allowed = user?.channels ?? names;
  const problems = channels
    .filter((one) => !allowed.includes(one))
    .map((one) => refused(placeOf('channels'), one, `names in channels: ${allowed.join(', ')}`));
  if (name !== undefined && users && !user) {
    problems.push(
      refused(placeOf('user'), name, `names in users: ${users.map((one) => one.name).join(', ')}`),
    );
  }
  if (secret !== undefined) return problems;
  if (name !== undefined) {
    problems.push(
      `${placeOf('user')}: set without secret, so everybody could send; set secret too, or let senders use a token`,
    );
  }
  if (signature !== undefined || signatureHeader !== undefined) {
    const key = signature === undefined ? 'signatureHeader' : 'signature';
    problems.push(`${placeOf(key)}: set without secret; set secret too, or leave it out`);
  }
  return problems;
}

export function templatesOf(
  received: unknown,
  contextOf: (path: string) => ReadContext,
): Result<TemplatesConfig, Problems> {
  const context = contextOf('templates');
  if (!isObject(received)) return failure([`${context.place}: allowed: an object`]);
  const sections = readConfigKeys(templatesKeys, received, context);
  if (!sections.ok) return sections;
  const read = Object.entries(sections.value).map(([name, section]) => {
    const place = contextOf(`templates.${name}`);
    if (!isObject(section)) return failure([`${place.place}: allowed: an object`]);
    const values = readConfigKeys(templateKeys, section, place);
    return values.ok ? success([name, values.value] as const) : values;
  });
  const all = allOf(read);
  return all.ok ? success(Object.fromEntries(all.value)) : all;
}
