/** What the leader and its workers know of each other. */
import type { KeyPair } from '../../http/engine/tls/front.ts';
import type { BoundAddress } from '../../http/listen.ts';
import type { StartFailure } from './failure.ts';

/** The descriptor of the link in a worker. */
export const LINK_DESCRIPTOR = 3;
/** Those of the sockets follow. */
export const FIRST_SOCKET_DESCRIPTOR = 4;
/** A worker that has not begun to serve by then is killed. */
export const START_TIMEOUT_MS = 30_000;

/** What a worker is started with: it reads nothing itself, so that all workers have the same configuration. */
export interface StartOrder {
  readonly argv: readonly string[];
  /** The files of the configuration, by their paths. */
  readonly texts: Readonly<Record<string, string>>;
  /** How many workers there are. */
  readonly workers: number;
  readonly sockets: number;
  /** They were there before the program started. */
  readonly isInherited: boolean;
  /** The last socket is that of the redirects to HTTPS. */
  readonly redirects: boolean;
  /** For HTTPS: only the leader reads the files, so that all workers have the same. */
  readonly keyPair: PackedKeyPair | undefined;
}

/** A {@link KeyPair} as JSON. */
export type PackedKeyPair = Omit<KeyPair, 'ticketKeys'> & { readonly ticketKeys: string };

export function packKeyPair({ cert, key, ticketKeys }: KeyPair): PackedKeyPair {
  return { cert, key, ticketKeys: ticketKeys.toString('base64') };
}

export function unpackKeyPair(data: unknown): KeyPair {
  const { cert, key, ticketKeys } = data as PackedKeyPair;
  return { cert, key, ticketKeys: Buffer.from(ticketKeys, 'base64') };
}

/** The reply of a worker: where it serves, or why it does not. */
export type Started = { readonly boundTo: readonly BoundAddress[] } | { readonly failure: StartFailure };
