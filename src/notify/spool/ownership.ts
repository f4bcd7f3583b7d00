/**
 * Who owns a spool. Whoever can put a file into it can send messages, and whoever can replace one of its folders can
 * make them disappear:
 *
 * - the folder that the operator names must belong to the user that mote runs as, or to root;
 *   the folders and files in it are mote's own
 * - group write permission is allowed: Kubernetes sets up volumes that way (`fsGroup`), and a umask of 002 usually goes
 *   with a group per user
 * - write permission for everybody is allowed only on a volume, that is, where the spool is a mount of its own:
 *   `emptyDir` and many provisioners use mode 0777, and only the containers that mount such a volume see it
 *
 * Pure except for `spoolContextOf`.
 */
import type { Stats } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

type Facts = Pick<Stats, 'uid' | 'mode' | 'isSymbolicLink'>;

export interface SpoolContext {
  /** The owner of the folder of messages, once it exists. */
  readonly owner: number | undefined;
  readonly isVolume: boolean;
}

const ROOT = 0;
const WRITABLE_BY_ALL = 0o002;
/** In such a folder everybody may create files, and only their owner may rename them. */
const STICKY = 0o1000;

/** `own` is the owner of files that this process creates here. All checks return the problem and its remedy. */
export function spoolProblem(
  path: string,
  { uid, mode }: Facts,
  own: number,
  around: SpoolContext,
): string | undefined {
  if (uid !== ROOT) return ownerProblem(path, uid, own) ?? modeProblem(path, mode, around);
  return modeProblem(path, mode, around);
}

/** A folder that mote creates itself. */
export function folderProblem(
  path: string,
  facts: Facts,
  own: number,
  around: SpoolContext,
): string | undefined {
  if (facts.isSymbolicLink()) return `${path} is a link: remove it, and mote makes a folder`;
  return ownerProblem(path, facts.uid, own) ?? modeProblem(path, facts.mode & ~STICKY, around);
}

/** A file of the spool. */
export function fileProblem({ uid, mode }: Facts, { owner, isVolume }: SpoolContext): string | undefined {
  if (uid !== owner && uid !== ROOT) return `it belongs to user ${uid}, not to ${owner}, whose the spool is`;
  if ((mode & WRITABLE_BY_ALL) !== 0 && !isVolume) return 'everybody may write to it (chmod o-w)';
  return undefined;
}

function ownerProblem(path: string, uid: number, own: number): string | undefined {
  if (uid === own) return undefined;
  return `${path} belongs to user ${uid}, and mote runs as user ${own}: chown -R ${own} ${path}`;
}

function modeProblem(path: string, mode: number, { isVolume }: SpoolContext): string | undefined {
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
