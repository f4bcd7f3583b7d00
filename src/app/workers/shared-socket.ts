/**
 * Sockets that workers listen on together: the kernel gives each connection to the first worker that takes it, and none
 * is lost with a worker. The leader binds them and keeps them, so that a worker which replaces another one finds them
 * as they were; it never accepts a connection itself.
 */
import net from 'node:net';
import { constants } from 'node:os';
import { type Address, type BoundAddress, boundTo, listen } from '../../http/listen.ts';

export interface SharedSocket {
  readonly fd: number;
  /** Closes it here; it goes on where workers have it. */
  close(): void;
}

interface BoundHandle {
  readonly fd: number;
  close(): void;
}

/**
 * Not documented, but what `node:cluster` is made of: a public server of Node accepts as soon as it is bound. Returns
 * the number of an error where it fails.
 */
type Bind = (
  address: string,
  port: number,
  type: number,
  fd?: number,
  flags?: number,
) => BoundHandle | number;

const PIPE = -1;

/** Rejects with the system's error. */
export async function bindShared(address: Exclude<Address, { fd: number }>): Promise<SharedSocket> {
  // A server that listens for a moment resolves names, removes dead sockets, and tells whether the port is free.
  const trial = new net.Server((connection) => connection.destroy());
  await listen(trial, address);
  const bound = boundTo(trial);
  await new Promise((resolve) => trial.close(resolve));
  const handle = bind(bound);
  return { fd: handle.fd, close: () => handle.close() };
}

function bind(address: BoundAddress): BoundHandle {
  const { _createServerHandle: create } = net as unknown as { readonly _createServerHandle: Bind };
  const handle =
    'path' in address
      ? create(address.path, PIPE, PIPE)
      : create(address.host, address.port, address.host.includes(':') ? 6 : 4);
  if (typeof handle !== 'number') return handle;
  const [code = 'EINVAL'] = Object.entries(constants.errno).find(([, number]) => number === -handle) ?? [];
  throw Object.assign(new Error(`the socket cannot be bound (${code})`), { code });
}
