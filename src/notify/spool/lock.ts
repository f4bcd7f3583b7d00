/**
 * A lock on a folder that the kernel releases when its holder dies, however it dies: a listening unix socket. It also
 * works between containers that share the folder, unlike process ids, but not between hosts that share it over a
 * network.
 *
 * Every contender first listens on a name of its own and then looks for the others. Of two contenders, at least one
 * sees the other, so they never both hold the lock. Sockets without a listener belong to dead processes, and because
 * names are never reused they can be removed without a race.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, unlink } from 'node:fs/promises';
import { createConnection, Server } from 'node:net';
import { join } from 'node:path';

/** `sun_path` of Linux has 108 bytes with the zero at the end (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;
/** Two processes that start together may see each other and both step back. */
const ATTEMPTS = 4;
const MAX_PAUSE_MS = 100;

export type LockResult =
  | { readonly kind: 'held'; release(): Promise<void> }
  /** Another process holds it. */
  | { readonly kind: 'taken' };

/** `folder` is used by the lock only; it is created if missing. Rejects with the system's errors. */
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

/** This removes the file of the socket too. */
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
  // Other errors do not prove that the process is dead.
  return code !== 'ECONNREFUSED' && code !== 'ENOENT';
}

/** The error code, or `undefined` if a process listens. */
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
