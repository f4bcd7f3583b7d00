/**
 * One user, configured by the environment alone: `MOTE_NOTIFY_TOKEN` and the variables of one or more channels.
 * Every secret may stand in a file that `NAME_FILE` names.
 */
import type { NotifyUser as User } from '../../notify/auth/access.ts';
import { faultOfToken, hashToken, parseHash } from '../../notify/auth/token.ts';
import { failure, type Result, success } from '../../util/result.ts';
import { parseJson } from '../json-syntax.ts';
import { parseBoolean } from '../parse.ts';
import { allOf, type Problems, readSecretFile, refusedSecret, unreadableSecret } from '../problems.ts';
import type { Env } from '../system.ts';
import { DEFAULT_LIMIT, HASH_FORM, type NotifyConfig, readChannel } from './file.ts';
import type { ConfigKey, SecretSources } from './key-table.ts';
import { type ChannelConfig, kinds, variableOf } from './kinds.ts';
import { type Kind, kindNames, TOKEN_VARIABLE } from './variables.ts';

const USER_NAME = 'default';

/** `undefined` without a token. */
export function readNotifyEnv(secrets: SecretSources): Result<NotifyConfig | undefined, Problems> {
  const token = secretVariable(TOKEN_VARIABLE, secrets);
  if (!token.ok) return failure([token.error]);
  if (token.value === undefined) return success(undefined);
  const hash = hashOf(token.value);
  if (!hash.ok) return failure([refusedSecret(TOKEN_VARIABLE, hash.error)]);
  const read = allOf(kindNames.map((kind) => channelOf(kind, secrets)));
  if (!read.ok) return read;
  const channels = read.value.filter((channel) => channel !== undefined);
  if (channels.length === 0) {
    return failure([
      `${TOKEN_VARIABLE}: set without a channel; set the variables of one too, for example SMTP_URL, SMTP_FROM and SMTP_TO`,
    ]);
  }
  const user: User = {
    name: USER_NAME,
    tokenHashes: [hash.value],
    limit: DEFAULT_LIMIT,
    channels: channels.map(({ name }) => name),
  };
  return success({ users: [user], channels });
}

/** The variables of channels that are set, in the order of the table. Without a token they do nothing. */
export function channelVariablesIn(env: Env): string[] {
  const names = kindNames.flatMap((kind) =>
    Object.entries<ConfigKey>(kinds[kind].keys).flatMap(([key, spec]) => {
      const name = variableOf(kind, key);
      return 'secret' in spec ? [name, fileVariableOf(name)] : [name];
    }),
  );
  return names.filter((name) => env[name]);
}

/** The variable that names a file with what `name` would hold. */
function fileVariableOf(name: string): string {
  return `${name}_FILE`;
}

/** The hash of a token, or what is allowed instead. */
function hashOf(token: string): Result<Uint8Array, string> {
  if (token.startsWith('sha256:')) {
    const hash = parseHash(token);
    return hash ? success(hash) : failure(HASH_FORM);
  }
  const problem = faultOfToken(token);
  return problem === undefined ? success(hashToken(token)) : failure(problem);
}

/** A variable. Quotes around its value are left by engines that take the lines of an `--env-file` as they are. */
function variable(name: string, env: Env, quotes = /^(["']).*\1$/s): Result<string | undefined, string> {
  const text = env[name] || undefined;
  if (text === undefined || !quotes.test(text)) return success(text);
  return failure(
    `${name}: is in quotes, which an --env-file makes a part of the value; write it without them`,
  );
}

/** A variable, or the text of the file that `NAME_FILE` names; `undefined` where neither is set. */
function secretVariable(
  name: string,
  { env, readFile }: SecretSources,
  quotes?: RegExp,
): Result<string | undefined, string> {
  const fileVariable = fileVariableOf(name);
  const path = env[fileVariable];
  if (!path) return variable(name, env, quotes);
  if (env[name]) return failure(`${name}: set together with ${fileVariable}; allowed: one of the two`);
  try {
    const text = readSecretFile(path, readFile);
    if (text !== '') return success(text);
    return failure(`${fileVariable}: names a file that is empty; allowed: a file that contains the secret`);
  } catch (error) {
    return failure(unreadableSecret(fileVariable, error));
  }
}

/** The channel of a kind if any of its variables is set. */
function channelOf(kind: Kind, secrets: SecretSources): Result<ChannelConfig | undefined, Problems> {
  const entries = allOf(
    Object.entries<ConfigKey>(kinds[kind].keys).map(([key, spec]) => entryOf(kind, key, spec, secrets)),
  );
  if (!entries.ok) return entries;
  const received = entries.value.flat();
  if (received.length === 0) return success(undefined);
  const placeOf = (key: string): string => variableOf(kind, key);
  return readChannel(kind, kind, Object.fromEntries(received), {
    place: `channel ${kind}`,
    placeOf,
    secrets,
  });
}

/** Texts of JSON have double quotes of their own. */
function isJson({ type }: ConfigKey): boolean {
  return type === 'record' || type === 'json' || type === 'scalar';
}

/** A key with its value, or none where its variable is not set. */
function entryOf(
  kind: Kind,
  key: string,
  spec: ConfigKey,
  secrets: SecretSources,
): Result<(readonly [key: string, value: unknown])[], Problems> {
  const name = variableOf(kind, key);
  const quotes = isJson(spec) ? /^'.*'$/s : undefined;
  const text = 'secret' in spec ? secretVariable(name, secrets, quotes) : variable(name, secrets.env, quotes);
  if (!text.ok) return failure([text.error]);
  if (text.value === undefined) return success([]);
  const value = fromText(spec, text.value);
  // Says where, and shows nothing: the text may contain a secret.
  return value.ok ? success([[key, value.value]]) : failure([`${name}: ${value.error}`]);
}

/**
 * What the text of a variable would be in the file, or where it is not valid JSON. A text of the wrong type stays as
 * it is, and is refused like a value of the file.
 */
function fromText(spec: ConfigKey, text: string): Result<unknown, string> {
  switch (spec.type) {
    case 'text':
      return success(text);
    case 'integer':
      return success(integerOr(text));
    case 'boolean': {
      const parsed = parseBoolean(text);
      return success(parsed.ok ? parsed.value : text);
    }
    case 'texts':
      return text.startsWith('[') ? parseJson(text) : success(itemsOf(text));
    case 'integers':
      return success(itemsOf(text).map(integerOr));
    case 'record':
    case 'json':
    case 'levels':
    case 'conditions':
      return parseJson(text);
    case 'scalar': {
      const parsed = parseJson(text);
      return success(parsed.ok ? parsed.value : text);
    }
  }
}

function integerOr(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function itemsOf(text: string): string[] {
  return text
    .split(/\r?\n|,/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
