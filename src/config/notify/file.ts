/** The notify file: users with their tokens, and channels. */
import type { NotifyUser as User } from '../../notify/auth/access.ts';
import { parseHash } from '../../notify/auth/token.ts';
import { refused, refusedSecret } from '../source.ts';
import { type Fields, isObject, type Reading, readFields, type Secrets } from './fields.ts';
import { type ChannelConfig, isKind, type Kind, kinds } from './kinds.ts';

/** Everything about notify that is not an option. */
export interface NotifyConfig {
  readonly users: readonly User[];
  readonly channels: readonly ChannelConfig[];
}

/** One message each second, after a burst of sixty. */
export const DEFAULT_LIMIT = { burst: 60, perMinute: 60 } as const;
const MAX_RATE = 1_000_000;

export const topFields = {
  $schema: { type: 'text', doc: 'For editors.' },
  users: { type: 'json', required: true, doc: 'Who may send: an object of users by name.' },
  channels: { type: 'json', required: true, doc: 'The ways out: an object of channels by name.' },
} as const satisfies Fields;

export const userFields = {
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
    doc: `Messages of a token that may come at once; default ${DEFAULT_LIMIT.burst}.`,
  },
  perMinute: {
    type: 'integer',
    min: 1,
    max: MAX_RATE,
    doc: `Messages of a token a minute in the long run; default ${DEFAULT_LIMIT.perMinute}.`,
  },
} as const satisfies Fields;

/** The empty text is no token, and its hash none of one. */
export const HASH_FORM = '"sha256:" and 64 hexadecimal digits, the hash of a token, as `mote token` prints';

/** Names stand in requests, where commas separate them. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';
const NAME = new RegExp(NAME_PATTERN);
const NAME_IN_WORDS = 'up to 64 letters, digits, dots, dashes and underscores';

/** `file` is its name for messages, `value` what it holds. `problems` grows by a line for each mistake. */
export function readNotifyFile(
  file: string,
  value: unknown,
  secrets: Secrets,
  problems: string[],
): NotifyConfig | undefined {
  if (!isObject(value)) return void problems.push(`${file}: allowed: one JSON object`);
  const top: Reading = { place: file, placeOf: (key) => `${file}: ${key}`, secrets, problems };
  const sections = readFields(topFields, value, top);
  if (!sections) return undefined;
  const before = problems.length;
  const channels = readNamed(file, 'channels', sections.channels, problems, (name, entry) =>
    channelOf(name, entry, { place: `${file}: channels.${name}`, secrets, problems }),
  );
  const names = isObject(sections.channels) ? Object.keys(sections.channels) : [];
  const users = readNamed(file, 'users', sections.users, problems, (name, entry) =>
    userOf(name, entry, names, { place: `${file}: users.${name}`, secrets, problems }),
  );
  checkTokens(file, users, problems);
  return problems.length === before ? { users, channels } : undefined;
}

/** The entries of an object of objects that are well-formed; it must have one at least. */
function readNamed<T>(
  file: string,
  section: string,
  value: unknown,
  problems: string[],
  read: (name: string, entry: Readonly<Record<string, unknown>>) => T | undefined,
): T[] {
  const entries = isObject(value) ? Object.entries(value) : [];
  if (entries.length === 0) {
    problems.push(`${file}: ${section}: allowed: an object with one entry at least`);
  }
  return entries.flatMap(([name, entry]) => {
    if (!NAME.test(name)) problems.push(refused(`${file}: name in ${section}`, name, NAME_IN_WORDS));
    else if (!isObject(entry)) problems.push(`${file}: ${section}.${name}: allowed: an object`);
    else return read(name, entry) ?? [];
    return [];
  });
}

type Entry = Omit<Reading, 'placeOf'>;

/** An object within the file. */
function within(entry: Entry): Reading {
  return { ...entry, placeOf: (key) => `${entry.place}.${key}` };
}

function channelOf(
  name: string,
  { kind, ...keys }: Readonly<Record<string, unknown>>,
  entry: Entry,
): ChannelConfig | undefined {
  if (!isKind(kind)) {
    entry.problems.push(refused(`${entry.place}.kind`, kind ?? null, Object.keys(kinds).join(', ')));
    return undefined;
  }
  return readChannel(kind, name, keys, within(entry));
}

/** A channel of this kind from its keys. */
export function readChannel(
  kind: Kind,
  name: string,
  keys: Readonly<Record<string, unknown>>,
  reading: Reading,
): ChannelConfig | undefined {
  const values = readFields<Fields>(kinds[kind].fields, keys, reading);
  // The table pairs them: TypeScript cannot see that through the index.
  return values && ({ kind, name, values } as unknown as ChannelConfig);
}

function userOf(
  name: string,
  keys: Readonly<Record<string, unknown>>,
  channelNames: readonly string[],
  entry: Entry,
): User | undefined {
  const { place, problems } = entry;
  const values = readFields(userFields, keys, within(entry));
  if (!values) return undefined;
  const { tokens, channels = channelNames, burst, perMinute } = values;
  const tokenHashes = tokens.flatMap((text) => parseHash(text) ?? []);
  if (tokenHashes.length < tokens.length) {
    // What stands there instead may be the token itself.
    problems.push(refusedSecret(`${place}.tokens`, HASH_FORM));
  }
  for (const channel of channels.filter((one) => !channelNames.includes(one))) {
    problems.push(refused(`${place}.channels`, channel, `names in channels: ${channelNames.join(', ')}`));
  }
  const limit = {
    burst: burst ?? DEFAULT_LIMIT.burst,
    perMinute: perMinute ?? DEFAULT_LIMIT.perMinute,
  };
  return { name, tokenHashes, channels: [...new Set(channels)], limit };
}

/** The same token for two would leave open who sends. */
function checkTokens(file: string, users: readonly User[], problems: string[]): void {
  const owners = new Map<string, string>();
  for (const { name, tokenHashes } of users) {
    for (const hash of tokenHashes) {
      const key = Buffer.from(hash).toString('hex');
      const owner = owners.get(key);
      if (owner !== undefined) {
        problems.push(
          `${file}: users.${name}.tokens: ${owner === name ? 'holds a token twice' : `shares a token with ${owner}`}; allowed: every token once`,
        );
      }
      owners.set(key, name);
    }
  }
}
