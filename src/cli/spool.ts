/** `mote spool list|show|requeue|purge`: the spool for its operator, also while a server uses it. */
import type { Config } from '../config/options.ts';
import { refused } from '../config/problems.ts';
import type { ChannelProgress } from '../notify/queue/envelope.ts';
import { StoreError } from '../notify/queue/store.ts';
import { type MessageAdmin, SpoolAdmin, type SpoolEntry } from '../notify/spool/spool-admin.ts';
import { printable } from '../util/printable.ts';
import { isRedisUrl } from '../util/redis-url.ts';
import { complain, FAILED, type Io, say } from './io.ts';

/** Titles in lists are cut to this many characters. */
const MAX_TITLE_CHARACTERS = 40;

/** `args` is what follows the word `spool`. Returns the exit code. */
export async function spoolCommand(
  io: Io,
  config: Pick<Config, 'spool' | 'spoolPrefix'>,
  caFile: string,
  args: readonly string[],
): Promise<number> {
  const [action, id] = args;
  if (config.spool === '')
    return complain(io, ['spool: the folder is missing; give it with --spool DIR or MOTE_SPOOL']);
  let admin: MessageAdmin | undefined;
  try {
    admin = await openAdmin(io, config, caFile);
    if (action === 'list' && id === undefined) return await list(io, admin);
    if (action === 'show' && id !== undefined) return await show(io, admin, id);
    if (action === 'requeue' && id !== undefined) return await requeue(io, admin, id);
    if (action === 'purge' && id !== undefined) return await purge(io, admin, id);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    io.stderr.write(`mote: ${printable(error.message)}\n`);
    return FAILED;
  } finally {
    admin?.close();
  }
  return complain(io, [
    refused('spool', args.join(' '), 'list, show ID, requeue ID, or purge ID, AGE or all'),
  ]);
}

async function openAdmin(
  io: Io,
  config: Pick<Config, 'spool' | 'spoolPrefix'>,
  caFile: string,
): Promise<MessageAdmin> {
  const report = (name: string, fault: string) => io.stderr.write(`mote: ${name}: ${fault}; left alone\n`);
  if (!isRedisUrl(config.spool)) return new SpoolAdmin(config.spool, report, Date.now);
  const { openReplicaAdmin } = await import('../app/replicas.ts');
  return openReplicaAdmin(config, caFile, report);
}

async function list(io: Io, admin: MessageAdmin): Promise<number> {
  return say(io, (await admin.list()).map(lineOf).join(''));
}

/** Columns for people and for `cut`: id, folder, user, channels, title. */
function lineOf({ folder, envelope: { message, user, progress } }: SpoolEntry): string {
  const state = folder === 'dead' ? 'dead' : 'waiting';
  const channels = progress.map(({ channel, kind }) => `${channel}:${kind}`).join(',');
  const title = printable(message.title || message.text);
  const cut = title.length > MAX_TITLE_CHARACTERS ? `${title.slice(0, MAX_TITLE_CHARACTERS)}…` : title;
  return `${[message.id, state, new Date(message.acceptedMs).toISOString(), user, channels, cut].join('\t')}\n`;
}

async function show(io: Io, admin: MessageAdmin, id: string): Promise<number> {
  const found = await admin.show(id);
  if (!found) return missing(io, id);
  const { message, user, progress, round } = found.envelope;
  const { title, text, url, priority, format, tags } = message;
  const fields = [
    ['id', message.id],
    ['accepted', new Date(message.acceptedMs).toISOString()],
    ['user', user],
    ...(round > 0 ? [['requeued', round === 1 ? 'once' : `${round} times`]] : []),
    ['title', printable(title)],
    ...(url === undefined ? [] : [['url', url]]),
    ['priority', String(priority)],
    ['format', format],
    ...(tags.length > 0 ? [['tags', tags.join(', ')]] : []),
    ...progress.map((one) => [one.channel, stateOf(one)]),
  ];
  const head = fields.map(([name, value]) => `${name}: ${value}\n`).join('');
  const body = text.split(/\r?\n/).map(printable).join('\n');
  return say(io, `${head}\n${body}\n`);
}

function stateOf(progress: ChannelProgress): string {
  const tried = `${progress.attempts} ${progress.attempts === 1 ? 'attempt' : 'attempts'}`;
  switch (progress.kind) {
    case 'delivered':
      return `delivered ${new Date(progress.atMs).toISOString()}, ${tried}`;
    case 'failed':
      return `failed ${new Date(progress.atMs).toISOString()}, ${tried}: ${progress.reason}`;
    case 'pending': {
      const next = new Date(progress.nextMs).toISOString();
      return `waiting until ${next}, ${tried}${progress.reason === undefined ? '' : `: ${progress.reason}`}`;
    }
  }
}

async function requeue(io: Io, admin: MessageAdmin, id: string): Promise<number> {
  switch (await admin.requeue(id)) {
    case 'requeued':
      return say(io, `${id} will be sent again within a minute, or when a server starts`);
    case 'waiting':
      io.stderr.write(`mote: ${id} is waiting already\n`);
      return FAILED;
    case 'missing':
      return missing(io, id);
  }
}

const DURATION = /^(\d{1,6})([mhd])$/;
const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };

/** `which` is an id, `all`, or an age such as `30d`. */
async function purge(io: Io, admin: MessageAdmin, which: string): Promise<number> {
  const [, count, unit = ''] = DURATION.exec(which) ?? [];
  if (which === 'all' || count !== undefined) {
    const ageMs = count === undefined ? Number.NEGATIVE_INFINITY : Number(count) * (unitsMs[unit] ?? 0);
    return say(io, `${await admin.purgeOlder(ageMs)} messages that were given up were removed`);
  }
  switch (await admin.purge(which)) {
    case 'purged':
      return say(io, `${which} was removed`);
    case 'waiting':
      io.stderr.write(`mote: ${which} is still waiting and was not removed\n`);
      return FAILED;
    case 'missing':
      io.stderr.write(
        `mote: ${refused('spool', which, 'an id that `mote spool list` shows, all, or an age such as 30d')}\n`,
      );
      return FAILED;
  }
}

function missing(io: Io, id: string): number {
  io.stderr.write(`mote: ${refused('spool', id, 'an id that `mote spool list` shows')}\n`);
  return FAILED;
}
