/** What a process does that was started as a worker (`WORKER_NAME`): it serves until its leader has had enough. */
import { Socket } from 'node:net';
import { packFailure } from '../app/workers/failure.ts';
import { Link } from '../app/workers/link.ts';
import { LINK_DESCRIPTOR, type Started, type StartOrder, unpackKeyPair } from '../app/workers/protocol.ts';
import { createWorker, type WorkerApp } from '../app/workers/worker.ts';
import { loadLazily } from '../config/load.ts';
import type { Env } from '../config/system.ts';
import { checkDescriptors } from './descriptor-limit.ts';
import { type Io, OK } from './io.ts';

/** Resolves to the exit code when the leader closes the link, or has ended. */
export async function work(env: Env, io: Io): Promise<number> {
  // They are for the leader, although a terminal and an init send them to all processes.
  io.onSignal(() => undefined);
  let app: WorkerApp | undefined;
  let opening: Promise<WorkerApp> | undefined;
  const link: Link = new Link(new Socket({ fd: LINK_DESCRIPTOR }), {
    start: async (data) => {
      try {
        opening = open(data as StartOrder, env, io, link);
        app = await opening;
        return { data: { boundTo: await app.start() } satisfies Started };
      } catch (error) {
        return { data: { failure: packFailure(error) } satisfies Started };
      }
    },
    counts: () => ({ data: app?.counts() }),
    certificate: async (data) => {
      (await opening)?.renew(unpackKeyPair(data));
      return {};
    },
    gone: async (data) => ({ data: (await app?.isGone(data as number)) ?? true }),
    drain: async () => ({ data: (await app?.stop()) ?? 0 }),
  });
  await link.closed;
  return OK;
}

async function open(order: StartOrder, env: Env, io: Io, link: Link): Promise<WorkerApp> {
  checkDescriptors();
  const loaded = await loadLazily(order.argv, env, (path) => textOf(order, path));
  // The leader has read the same without a problem.
  if (!loaded.ok) throw new Error(`the configuration of the leader is invalid here: ${loaded.error[0]}`);
  const { config, origins, notify, files, caFile } = loaded.value;
  const options = { origins, notify, files, caFile, workingFolder: env.PWD };
  return createWorker(config, io.stdout, options, link, order);
}

function textOf({ texts }: StartOrder, path: string): string {
  const text = texts[path];
  if (text === undefined)
    throw Object.assign(new Error(`the leader has not read ${path}`), { code: 'ENOENT' });
  return text;
}
