/**
 * A lock on a folder that the kernel lets go of when its holder dies, however it dies: a listening unix socket.
 * Containers that share the folder see it too, which process ids would not give. Hosts that share it over a
 * network do not.
 *
 * Every contender listens on a name of its own first and looks for the others then. Of two, at least one sees
 * the other, so never both hold the lock. Sockets that nobody listens on are of the dead, and because names are
 * not used again they can be removed without a race.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, unlink } from 'node:fs/promises';
import { createConnection, Server } from 'node:net';
import { join } from 'node:path';

/** `sun_path` of Linux has 108 bytes with the zero at the end (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;
/** Two that start together may see each other and both step back. */
const ATTEMPTS = 4;
const MAX_PAUSE_MS = 100;

export type LockResult =
  | { readonly kind: 'held'; release(): Promise<void> }
  /** Somebody else has it. */
  | { readonly kind: 'taken' };

/** `folder` belongs to the lock alone; it is made if missing. Rejects with the system's errors. */
export async function lockFolder(folder: string): Promise<LockResult> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await pause(Math.random() * MAX_PAUSE_MS);
    const name = randomBytes(6).toString('hex');
    const server = await listen(join(folder, name));
    if (await isAlone(folder, name)) return { kind: 'held', release: () => close(server) };
    await close(server);
  }
  return { kind: 'taken' };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function listen(path: string): Promise<Server> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    return Promise.reject(new Error(`the path ${path} is longer than ${MAX_SOCKET_PATH_BYTES} bytes`));
  }
  return new Promise((resolve, reject) => {
    const server = new Server((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => resolve(server.unref()));
  });
}

/** Takes the socket's file away too. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

async function isAlone(folder: string, own: string): Promise<boolean> {
  const others = (await readdir(folder)).filter((name) => name !== own && /^[0-9a-f]{12}$/.test(name));
  const living = await Promise.all(others.map((name) => isAlive(join(folder, name))));
  return !living.includes(true);
}

async function isAlive(path: string): Promise<boolean> {
  const code = await connectCode(path);
  if (code === 'ECONNREFUSED') await unlink(path).catch(() => undefined);
  // Whatever else goes wrong is no proof of death.
  return code !== 'ECONNREFUSED' && code !== 'ENOENT';
}

/** The error's code, or `undefined` if somebody listens. */
function connectCode(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
  });
}
