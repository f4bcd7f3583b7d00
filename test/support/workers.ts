/** What the tests of several workers share: which worker gets a connection, and what becomes of one that is killed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type Client, connect, eventually } from './raw.ts';
import type { Server } from './target.ts';

const PATIENCE_MS = 20_000;

/** A connection to the worker with this `pid`, while the others are halted. */
export async function connectTo(server: Server, pid: number): Promise<Client> {
  const others = server.workers.filter((other) => other !== pid);
  assert.ok(server.workers.includes(pid), `${pid} is a worker`);
  for (const other of others) process.kill(other, 'SIGSTOP');
  try {
    for (const other of others)
      await eventually(
        PATIENCE_MS,
        () => stateOf(other),
        (state) => state === 'T',
      );
    const client = await connect(server);
    // The response says that the connection was accepted.
    assert.equal((await client.get('/healthz')).status, 200);
    return client;
  } finally {
    for (const other of others) process.kill(other, 'SIGCONT');
  }
}

function stateOf(pid: number): string {
  return / (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/, ''))?.[1] ?? '';
}

/** Kills a worker; resolves when another one has taken its place. */
export async function replaceWorker(server: Server, pid: number): Promise<void> {
  const before = server.workers;
  process.kill(pid, 'SIGKILL');
  await eventually(
    PATIENCE_MS,
    () => server.workers,
    (now) => !now.includes(pid) && now.length === before.length,
  );
}

/** The value of a sample of the metrics. */
export async function sampleOf(server: Server, sample: string): Promise<number> {
  const client = await connect(server);
  const value = await sampleBy(client, sample);
  client.destroy();
  return value;
}

/** The same by a connection that is open. */
export async function sampleBy(client: Client, sample: string): Promise<number> {
  const { text } = await client.get('/metrics');
  const line = text.split('\n').find((one) => one.startsWith(`${sample} `));
  return Number(line?.slice(sample.length));
}
