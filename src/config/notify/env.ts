/**
 * One user, configured by the environment alone: `MOTE_NOTIFY_TOKEN` and the variables of one or more channels.
 * Every secret may stand in a file that `NAME_FILE` names.
 */
import type { User } from '../../notify/auth/access.ts';
import { faultOfToken, hashToken, parseHash } from '../../notify/auth/token.ts';
import { parseJson } from '../json-syntax.ts';
import { parseBoolean } from '../parse.ts';
import { readSecret, refusedSecret, unreadableSecret } from '../source.ts';
import type { Field, Secrets } from './fields.ts';
import { DEFAULT_LIMIT, HASH_FORM, type NotifyConfig, readChannel } from './file.ts';
import { type ChannelConfig, type Kind, kinds, variableOf } from './kinds.ts';

export const TOKEN_VARIABLE = 'MOTE_NOTIFY_TOKEN';
/** The variables that begin with `MOTE_` and are no options. */
export const notifyVariables = [TOKEN_VARIABLE, `${TOKEN_VARIABLE}_FILE`] as const;
const USER_NAME = 'default';

/** `undefined` without a token, and after a complaint in `problems`. */
export function readNotifyEnv(secrets: Secrets, problems: string[]): NotifyConfig | undefined {
  const token = secretVariable(TOKEN_VARIABLE, secrets, problems);
  if (token === undefined) return undefined;
  const hash = hashOf(token);
  if (typeof hash === 'string') return void problems.push(refusedSecret(TOKEN_VARIABLE, hash));
  const before = problems.length;
  const channels = (Object.keys(kinds) as Kind[]).flatMap((kind) => channelOf(kind, secrets, problems) ?? []);
  if (problems.length > before) return undefined;
  if (channels.length === 0) {
    return void problems.push(
      `${TOKEN_VARIABLE}: set without a channel; set the variables of one too, for example SMTP_URL, SMTP_FROM and SMTP_TO`,
    );
  }
  const user: User = {
    name: USER_NAME,
    tokenHashes: [hash],
    limit: DEFAULT_LIMIT,
    channels: channels.map(({ name }) => name),
  };
  return { users: [user], channels };
}

/** The variables of channels that are set, in the order of the table. Without a token they do nothing. */
export function channelVariablesIn(env: Secrets['env']): string[] {
  const names = (Object.keys(kinds) as Kind[]).flatMap((kind) =>
    Object.entries<Field>(kinds[kind].fields).flatMap(([key, field]) => {
      const name = variableOf(kind, key);
      return 'secret' in field ? [name, fileVariableOf(name)] : [name];
    }),
  );
  return names.filter((name) => env[name]);
}

/** The variable that names a file with what `name` would hold. */
function fileVariableOf(name: string): string {
  return `${name}_FILE`;
}

/** The hash of a token, or what is wrong with it. */
function hashOf(token: string): Uint8Array | string {
  if (token.startsWith('sha256:')) return parseHash(token) ?? HASH_FORM;
  return faultOfToken(token) ?? hashToken(token);
}

/** A variable, or the text of the file that its twin names. */
function secretVariable(name: string, { env, readFile }: Secrets, problems: string[]): string | undefined {
  const fileVariable = fileVariableOf(name);
  const path = env[fileVariable];
  if (!path) return env[name] || undefined;
  if (env[name]) {
    return void problems.push(`${name}: set together with ${fileVariable}; allowed: one of the two`);
  }
  try {
    const text = readSecret(path, readFile);
    if (text !== '') return text;
    return void problems.push(`${fileVariable}: names a file that is empty; allowed: one with the secret`);
  } catch (error) {
    return void problems.push(unreadableSecret(fileVariable, error));
  }
}

/** The channel of a kind if any of its variables is set. */
function channelOf(kind: Kind, secrets: Secrets, problems: string[]): ChannelConfig | undefined {
  const keys: Record<string, unknown> = {};
  const before = problems.length;
  for (const [key, field] of Object.entries<Field>(kinds[kind].fields)) {
    const name = variableOf(kind, key);
    const isSecret = 'secret' in field;
    const text = isSecret ? secretVariable(name, secrets, problems) : secrets.env[name] || undefined;
    if (text === undefined) continue;
    const fault = faultOfJson(field, text);
    if (fault === undefined) keys[key] = fromText(field, text);
    else problems.push(`${name}: ${fault}`);
  }
  if (problems.length > before || Object.keys(keys).length === 0) return undefined;
  const placeOf = (key: string): string => variableOf(kind, key);
  return readChannel(kind, kind, keys, { place: `channel ${kind}`, placeOf, secrets, problems });
}

/** Says where, and shows nothing: there may be a secret inside. */
function faultOfJson({ type }: Field, text: string): string | undefined {
  const isJson = type === 'record' || type === 'json' || (type === 'texts' && text.startsWith('['));
  const parsed = isJson ? parseJson(text) : undefined;
  return typeof parsed === 'string' ? parsed : undefined;
}

/** What the text of a variable would be in the file; what it cannot be is left as it is, to be refused. */
function fromText(field: Field, text: string): unknown {
  switch (field.type) {
    case 'text':
      return text;
    case 'integer':
      return /^\d+$/.test(text) ? Number(text) : text;
    case 'boolean': {
      const value = parseBoolean(text);
      return value.ok ? value.value : text;
    }
    case 'texts':
      return text.startsWith('[') ? fromJson(text) : itemsOf(text);
    case 'integers':
      return itemsOf(text).map((item) => (/^\d+$/.test(item) ? Number(item) : item));
    case 'record':
    case 'json':
    case 'scalar':
      return fromJson(text);
  }
}

function itemsOf(text: string): string[] {
  return text
    .split(/\r?\n|,/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function fromJson(text: string): unknown {
  const parsed = parseJson(text);
  return typeof parsed === 'string' ? text : parsed.value;
}
