/** The notify file: users with their tokens, and channels. */
import type { NotifyUser as User } from '../../notify/auth/access.ts';
import { parseHash } from '../../notify/auth/token.ts';
import { isObject, type JsonObject } from '../../util/json.ts';
import { failure, type Result, success } from '../../util/result.ts';
import { allOf, type Problems, refused, refusedSecret } from '../problems.ts';
import { type HookConfig, hookOf, type TemplatesConfig, templatesOf } from './hooks.ts';
import { type KeyTable, type ReadContext, readConfigKeys, type SecretSources } from './key-table.ts';
import { type ChannelConfig, isKind, kinds } from './kinds.ts';
import type { Kind } from './variables.ts';

/** Everything about notify that is not an option. */
export interface NotifyConfig {
  readonly users: readonly User[];
  readonly channels: readonly ChannelConfig[];
  readonly hooks?: readonly HookConfig[];
  /** The operator's words for alerts. */
  readonly templates?: TemplatesConfig;
}

/** One message each second, after a burst of sixty. */
export const DEFAULT_LIMIT = { burst: 60, perMinute: 60 } as const;
const MAX_RATE = 1_000_000;

export const topKeys = {
  $schema: { type: 'text', doc: 'For editors.' },
  users: { type: 'json', required: true, doc: 'Who may send: an object of users by name.' },
  channels: { type: 'json', required: true, doc: 'Where messages go: an object of channels by name.' },
  hooks: { type: 'json', doc: 'What becomes of POST /notify/hook/NAME: an object of hooks by name.' },
  templates: { type: 'json', doc: 'Templates for alerts: an object of them by dialect.' },
} as const satisfies KeyTable;

export const userKeys = {
  tokens: {
    type: 'texts',
    required: true,
    doc: 'The SHA-256 hashes of the tokens, as `mote token` prints them.',
  },
  channels: { type: 'texts', doc: 'The channels that the user may use; default: all.' },
  burst: {
    type: 'integer',
    min: 1,
    max: MAX_RATE,
    doc: `Messages that one token may send at once; default ${DEFAULT_LIMIT.burst}.`,
  },
  perMinute: {
    type: 'integer',
    min: 1,
    max: MAX_RATE,
    doc: `Messages per minute that one token may send in the long run; default ${DEFAULT_LIMIT.perMinute}.`,
  },
} as const satisfies KeyTable;

/** The hash of the empty string is not allowed either. */
export const HASH_FORM =
  '"sha256:" and 64 hexadecimal digits, the hash of a token, as `mote token` prints it';

/** Names occur in requests, where commas separate them. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';
const NAME = new RegExp(NAME_PATTERN);
const NAME_IN_WORDS = 'up to 64 letters, digits, dots, dashes and underscores';

/** `file` is its name for messages, `value` its content. */
export function readNotifyFile(
  file: string,
  value: unknown,
  secrets: SecretSources,
): Result<NotifyConfig, Problems> {
  if (!isObject(value)) return failure([`${file}: allowed: one JSON object`]);
  const top = readConfigKeys(topKeys, value, { place: file, placeOf: (key) => `${file}: ${key}`, secrets });
  if (!top.ok) return top;
  const sections = top.value;
  const channels = readNamed(file, 'channels', sections.channels, (name, entry) =>
    channelOf(name, entry, contextOf(`${file}: channels.${name}`, secrets)),
  );
  const names = isObject(sections.channels) ? Object.keys(sections.channels) : [];
  const users = readNamed(file, 'users', sections.users, (name, entry) =>
    userOf(name, entry, names, contextOf(`${file}: users.${name}`, secrets)),
  );
  const allUsers = allOf(users);
  const known = { channels: names, users: allUsers.ok ? allUsers.value : undefined };
  const hooks = readOptional(sections.hooks, () =>
    allOf(
      readNamed(file, 'hooks', sections.hooks, (name, entry) =>
        hookOf(name, entry, known, contextOf(`${file}: hooks.${name}`, secrets)),
      ),
    ),
  );
  const templates = readOptional(sections.templates, () =>
    templatesOf(sections.templates, (path) => contextOf(`${file}: ${path}`, secrets)),
  );
  const allChannels = allOf(channels);
  const parts = [allChannels, allUsers, hooks, templates];
  const problems = [...parts.flatMap((part) => (part.ok ? [] : part.error)), ...sharedTokens(file, users)];
  if (problems.length > 0 || !allChannels.ok || !allUsers.ok || !hooks.ok || !templates.ok) {
    return failure(problems);
  }
  return success({
    users: allUsers.value,
    channels: allChannels.value,
    ...(hooks.value && { hooks: hooks.value }),
    ...(templates.value && { templates: templates.value }),
  });
}

function readOptional<T>(value: unknown, read: () => Result<T, Problems>): Result<T | undefined, Problems> {
  return value === undefined ? success(undefined) : read();
}

function contextOf(place: string, secrets: SecretSources): ReadContext {
  return { place, placeOf: (key) => `${place}.${key}`, secrets };
}

/** The entries of an object of objects; at least one is required. */
function readNamed<T>(
  file: string,
  section: string,
  value: unknown,
  read: (name: string, entry: JsonObject) => Result<T, Problems>,
): Result<T, Problems>[] {
  const entries = isObject(value) ? Object.entries(value) : [];
  if (entries.length === 0) {
    return [failure([`${file}: ${section}: allowed: an object with at least one entry`])];
  }
  return entries.map(([name, entry]) => {
    if (!NAME.test(name)) return failure([refused(`${file}: name in ${section}`, name, NAME_IN_WORDS)]);
    if (!isObject(entry)) return failure([`${file}: ${section}.${name}: allowed: an object`]);
    return read(name, entry);
  });
}

function channelOf(
  name: string,
  { kind, ...received }: JsonObject,
  context: ReadContext,
): Result<ChannelConfig, Problems> {
  if (isKind(kind)) return readChannel(kind, name, received, context);
  return failure([refused(`${context.place}.kind`, kind ?? null, Object.keys(kinds).join(', '))]);
}

/** A channel of this kind from its keys. */
export function readChannel(
  kind: Kind,
  name: string,
  received: JsonObject,
  context: ReadContext,
): Result<ChannelConfig, Problems> {
  const values = readConfigKeys<KeyTable>(kinds[kind].keys, received, context);
  // The table pairs them: TypeScript cannot see that through the index.
  return values.ok ? success({ kind, name, values: values.value } as unknown as ChannelConfig) : values;
}

function userOf(
  name: string,
  received: JsonObject,
  channelNames: readonly string[],
  context: ReadContext,
): Result<User, Problems> {
  const { place } = context;
  const values = readConfigKeys(userKeys, received, context);
  if (!values.ok) return values;
  const { tokens, channels = channelNames, burst, perMinute } = values.value;
  const tokenHashes = tokens.flatMap((text) => parseHash(text) ?? []);
  const problems = channels
    .filter((one) => !channelNames.includes(one))
    .map((one) => refused(`${place}.channels`, one, `names in channels: ${channelNames.join(', ')}`));
  // A text that is no hash may be the token itself.
  if (tokenHashes.length < tokens.length) problems.unshift(refusedSecret(`${place}.tokens`, HASH_FORM));
  if (problems.length > 0) return failure(problems);
  const limit = {
    burst: burst ?? DEFAULT_LIMIT.burst,
    perMinute: perMinute ?? DEFAULT_LIMIT.perMinute,
  };
  return success({ name, tokenHashes, channels: [...new Set(channels)], limit });
}

/** A token that two users share would leave open who sends: a problem for each. */
function sharedTokens(file: string, users: readonly Result<User, Problems>[]): string[] {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const { name, tokenHashes } of users.flatMap((user) => (user.ok ? [user.value] : []))) {
    for (const hash of tokenHashes) {
      const key = Buffer.from(hash).toString('hex');
      const owner = owners.get(key);
      if (owner !== undefined) {
        const problem = owner === name ? 'contains a token twice' : `shares a token with ${owner}`;
        problems.push(`${file}: users.${name}.tokens: ${problem}; allowed: every token once`);
      }
      owners.set(key, name);
    }
  }
  return problems;
}
