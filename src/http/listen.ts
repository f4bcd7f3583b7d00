/** Listening on a port or a unix socket. */
import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';

export type Address =
  | { readonly host?: string; readonly port: number }
  | { readonly path: string }
  /** A descriptor of a socket that is bound already. */
  | { readonly fd: number };

/** An address as the system knows it. The path is empty where a unix socket was inherited: Node cannot tell it. */
export type BoundAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** Where a server listens. */
export function boundTo(server: Server): BoundAddress {
  const address = server.address();
  return typeof address === 'object' && address
    ? { host: address.address, port: address.port }
    : { path: address ?? '' };
}

/** Connections that the kernel queues before they are accepted. */
const ACCEPT_BACKLOG = 1024;

/**
 * Resolves when connections are accepted; rejects with the system's error. The socket file of a killed server is
 * removed, but only if nobody listens on it.
 */
export async function listen(server: Server, address: Address): Promise<void> {
  try {
    await attempt(server, address);
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (!taken || !('path' in address) || !(await isDeadSocket(address.path))) throw error;
    await unlink(address.path);
    await attempt(server, address);
  }
}

function attempt(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...address, backlog: ACCEPT_BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Connecting to a regular file is refused as well; and only ECONNREFUSED proves that nobody listens. */
async function isDeadSocket(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isSocket() === true && (await isRefused(path));
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path }, () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
