/**
 * Loads replicas that share a Redis server: `npm run load:replicas`. As many senders as there are connections send one
 * message after the other; a webhook takes every message. For memory, a folder, and 1, 2 and 4 replicas it prints what was
 * accepted and delivered in a second, the processor time of all servers for a message, and what the server had to do for it;
 * then the bytes of a message that waits in the server. Nothing is pinned to a core: only ratios carry over.
 *
 *   --seconds 8  --connections 32  --fsync always  --program redis-server  --target 'dist/mote'
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Redis, startRedis } from '../../test/support/redis.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { configure, drain, type Server, send, startReceiver, startServer, stop } from './load.ts';
import { coreMs } from './process.ts';

const ALL_CORES = '0-1';
const WAITING = 1000;
/** Nobody listens there, so that messages wait. */
const NO_PORT = 9;

interface Settings {
  readonly command: readonly string[];
  readonly seconds: number;
  readonly connections: number;
  readonly fsync: string;
  readonly program: string;
}

interface Outcome {
  readonly accepted: number;
  readonly acceptedPerSecond: number;
  readonly deliveredPerSecond: number;
  /** Of all processes of mote. */
  readonly microsecondsEach: number;
}

/** Runs `use` with so many servers that have the same arguments. */
async function withServers<T>(
  { command }: Settings,
  count: number,
  args: readonly string[],
  receiverPort: number,
  use: (servers: readonly Server[]) => Promise<T>,
): Promise<T> {
  const folders = Array.from({ length: count }, () => mkdtempSync(join(tmpdir(), 'mote-load-')));
  const servers: Server[] = [];
  try {
    for (const folder of folders) {
      const all = configure({ name: '', perSecond: 0, args }, folder, receiverPort);
      servers.push(await startServer(command, all, ALL_CORES));
    }
    return await use(servers);
  } finally {
    await Promise.all(servers.map(({ child }) => stop(child)));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

async function load(settings: Settings, count: number, args: readonly string[]): Promise<Outcome> {
  const receiver = await startReceiver();
  const agent = new Agent({ keepAlive: true, maxSockets: settings.connections });
  try {
    return await withServers(settings, count, args, receiver.port, async (servers) => {
      const spent = () => servers.reduce((sum, { child }) => sum + coreMs(child.pid ?? 0), 0);
      const [began, spentMs] = [performance.now(), spent()];
      const accepted = await sendAll(servers, agent, settings);
      const acceptedMs = performance.now() - began;
      await drain(receiver.counts, accepted);
      const deliveredMs = performance.now() - began;
      assert.equal(receiver.counts.size, accepted, 'everything was delivered');
      assert.ok(
        [...receiver.counts.values()].every((times) => times === 1),
        'nothing twice',
      );
      return {
        accepted,
        acceptedPerSecond: (accepted / acceptedMs) * 1000,
        deliveredPerSecond: (accepted / deliveredMs) * 1000,
        microsecondsEach: ((spent() - spentMs) / accepted) * 1000,
      };
    });
  } finally {
    agent.destroy();
    receiver.close();
  }
}

/** Each sender sends when its message before was answered, to one server after the other. */
async function sendAll(
  servers: readonly Server[],
  agent: Agent,
  { seconds, connections }: Pick<Settings, 'seconds' | 'connections'>,
  most = Number.POSITIVE_INFINITY,
): Promise<number> {
  const untilMs = performance.now() + seconds * 1000;
  let number = 0;
  const sender = async (): Promise<void> => {
    while (performance.now() < untilMs && number < most) {
      number += 1;
      const { port } = servers[number % servers.length] as Server;
      const status = await send(agent, port, number);
      assert.ok(status >= 200 && status < 300, `refused with ${status}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  return number;
}

/** Calls of commands since the last reset. What a script calls counts as well. */
function callsOf(redis: Redis): Map<string, number> {
  const lines = redis.cli('info', 'commandstats').matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm);
  return new Map([...lines].map(([, name = '', calls]) => [name, Number(calls)]));
}

async function measure(settings: Settings, name: string, count: number, base?: Outcome): Promise<Outcome> {
  const isShared = name === 'redis';
  const redis = isShared
    ? await startRedis(['--appendfsync', settings.fsync], { program: settings.program })
    : undefined;
  try {
    redis?.cli('config', 'resetstat');
    const args = redis ? [`--spool ${redis.url}`] : name === 'folder' ? ['--spool FOLDER/spool'] : [];
    const outcome = await load(
      settings,
      count,
      args.flatMap((arg) => arg.split(' ')),
    );
    const [accepted, delivered] = [outcome.acceptedPerSecond, outcome.deliveredPerSecond];
    const ratio = base ? `, ${(delivered / base.deliveredPerSecond).toFixed(2)} of memory` : '';
    const label = isShared ? `${count} × redis (${settings.fsync})` : name;
    const line = `${label}: ${accepted.toFixed(0)} accepted/s, ${delivered.toFixed(0)} delivered/s${ratio}, ${outcome.microsecondsEach.toFixed(0)} µs each`;
    process.stdout.write(`${line}${redis ? commandsFor(redis, outcome.accepted) : ''}\n`);
    return outcome;
  } finally {
    await redis?.stop();
  }
}

function commandsFor(redis: Redis, messages: number): string {
  const calls = callsOf(redis);
  const scripts = (calls.get('evalsha') ?? 0) + (calls.get('eval') ?? 0);
  const asked = ['config|resetstat', 'info', 'ping', 'evalsha', 'eval'];
  const inner = [...calls].reduce((sum, [name, count]) => sum + (asked.includes(name) ? 0 : count), 0);
  const usec = /^cmdstat_evalsha:calls=\d+,usec=(\d+)/m.exec(redis.cli('info', 'commandstats'))?.[1];
  return `; ${(scripts / messages).toFixed(2)} scripts and ${(inner / messages).toFixed(1)} commands within them for a message, ${(Number(usec) / messages).toFixed(0)} µs of the server`;
}

/** With a state each, as after a first attempt that failed. */
async function measureBytes(settings: Settings): Promise<void> {
  const redis = await startRedis([], { program: settings.program });
  const agent = new Agent({ keepAlive: true, maxSockets: settings.connections });
  const used = () => Number(/^used_memory:(\d+)/m.exec(redis.cli('info', 'memory'))?.[1]);
  try {
    await withServers(settings, 1, ['--spool', redis.url], NO_PORT, async (servers) => {
      const before = used();
      await sendAll(servers, agent, { seconds: 60, connections: settings.connections }, WAITING);
      const states = () => Number(redis.cli('hlen', '{mote}:states'));
      const until = performance.now() + 30_000;
      while (states() < WAITING && performance.now() < until) await new Promise((go) => setTimeout(go, 100));
      const bytes = ((used() - before) / WAITING).toFixed(0);
      const text = redis.cli('hvals', '{mote}:messages').split('\n')[0]?.length;
      process.stdout.write(
        `a message that waits after its first attempt: ${bytes} bytes of the server's memory, ${text} of them its text as JSON\n`,
      );
    });
  } finally {
    agent.destroy();
    await redis.stop();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '8' },
      connections: { type: 'string', default: '32' },
      fsync: { type: 'string', default: 'always' },
      program: { type: 'string', default: 'redis-server' },
      target: { type: 'string' },
    },
  });
  const settings: Settings = {
    command: values.target?.split(' ') ?? [process.execPath, join(REPOSITORY, 'src/cli/bin.ts')],
    seconds: Number(values.seconds),
    connections: Number(values.connections),
    fsync: values.fsync,
    program: values.program,
  };
  process.stdout.write(`load of the machine before: ${loadavg()[0]?.toFixed(1)}\n`);
  const memory = await measure(settings, 'memory', 1);
  await measure(settings, 'folder', 1, memory);
  for (const count of [1, 2, 4]) await measure(settings, 'redis', count, memory);
  await measureBytes(settings);
}

if (import.meta.main) await main();
