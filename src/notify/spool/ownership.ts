/**
 * Whose a spool is. Who can put a file into it sends messages, and who can swap a folder of it loses them:
 *
 * - the folder that the operator names belongs to the user as whom mote runs, or to root, who may do anything;
 *   the folders and files in it are mote's own
 * - a group may write: Kubernetes hands out volumes so (`fsGroup`), and a umask of 002 goes with groups of one
 * - everybody may write only to a volume, that is, where the spool is a mount of its own: `emptyDir` and many
 *   provisioners hand those out with mode 0777, and nobody sees them but the containers that they are for
 *
 * Pure but for `spoolContextOf`.
 */
import type { Stats } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

type Facts = Pick<Stats, 'uid' | 'mode' | 'isSymbolicLink'>;

export interface SpoolContext {
  /** Whose the folder of messages is, once there is one. */
  readonly owner: number | undefined;
  readonly isVolume: boolean;
}

const ROOT = 0;
const WRITABLE_BY_ALL = 0o002;
/** In such a folder everybody may make something, and nobody move what is another's. */
const STICKY = 0o1000;

/** `own` is whose a file is that this process makes here. All judgements give what is wrong, and what to do. */
export function judgeSpool(
  path: string,
  { uid, mode }: Facts,
  own: number,
  around: SpoolContext,
): string | undefined {
  if (uid !== ROOT) return judgeOwner(path, uid, own) ?? judgeMode(path, mode, around);
  return judgeMode(path, mode, around);
}

/** One of those that mote makes itself. */
export function judgeFolder(
  path: string,
  facts: Facts,
  own: number,
  around: SpoolContext,
): string | undefined {
  if (facts.isSymbolicLink()) return `${path} is a link: remove it, and mote makes a folder`;
  return judgeOwner(path, facts.uid, own) ?? judgeMode(path, facts.mode & ~STICKY, around);
}

/** A file of the spool. */
export function judgeFile({ uid, mode }: Facts, { owner, isVolume }: SpoolContext): string | undefined {
  if (uid !== owner && uid !== ROOT) return `it belongs to user ${uid}, not to ${owner}, whose the spool is`;
  if ((mode & WRITABLE_BY_ALL) !== 0 && !isVolume) return 'everybody may write to it (chmod o-w)';
  return undefined;
}

function judgeOwner(path: string, uid: number, own: number): string | undefined {
  if (uid === own) return undefined;
  return `${path} belongs to user ${uid}, and mote runs as user ${own}: chown -R ${own} ${path}`;
}

function judgeMode(path: string, mode: number, { isVolume }: SpoolContext): string | undefined {
  if ((mode & WRITABLE_BY_ALL) === 0 || (mode & STICKY) !== 0 || isVolume) return undefined;
  return `everybody may write to ${path}: chmod -R o-w ${path}`;
}

export async function spoolContextOf(path: string): Promise<SpoolContext> {
  const [messages, mounts] = await Promise.all([
    stat(join(path, 'new')).catch(() => undefined),
    readFile('/proc/self/mountinfo', 'utf8').catch(() => ''),
  ]);
  return { owner: messages?.uid, isVolume: isMountPoint(await realpath(path), mounts) };
}

/** `mounts` is what `/proc/self/mountinfo` says (proc_pid_mountinfo(5)); its fifth field is where a mount is. */
export function isMountPoint(path: string, mounts: string): boolean {
  const escaped = path.replace(/[\s\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return path !== '/' && mounts.split('\n').some((line) => line.split(' ', 5)[4] === escaped);
}
