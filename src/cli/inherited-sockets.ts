/**
 * Sockets that listen already when the program starts: socket activation as systemd, and podman for containers, have it
 * (sd_listen_fds(3)). Pure.
 */
import type { Env } from '../config/system.ts';

/** The first three are standard input, output and error. */
const FIRST_DESCRIPTOR = 3;
/** More would be a mistake of the environment. */
const MAX_SOCKETS = 64;

/** Their descriptors, or nothing where none are meant for process `pid`. Their names (`LISTEN_FDNAMES`) do not matter. */
export function inheritedSockets(
  { LISTEN_PID: forPid, LISTEN_FDS: text = '' }: Env,
  pid: number,
): readonly number[] | undefined {
  const count = /^[1-9]\d?$/.test(text) ? Number(text) : 0;
  if (forPid !== String(pid) || count === 0 || count > MAX_SOCKETS) return undefined;
  return Array.from({ length: count }, (_, index) => FIRST_DESCRIPTOR + index);
}
