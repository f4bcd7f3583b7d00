/**
 * Files on disk: the only module of the file server that uses the file system.
 *
 * A path is opened first and checked afterwards, by its open descriptor. So no link that is swapped between a check
 * and its use can lead out of the root.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve, sep } from 'node:path';
import { HttpError } from '../http/errors.ts';
import { systemCode } from '../util/system-code.ts';
import {
  dateOf,
  type FileSource,
  type FolderEntry,
  type FolderListing,
  type Found,
  SETTLE_MS,
  type SourceFile,
} from './source.ts';

/** Entries of one folder that a listing shows at most. */
const MAX_LISTED_ENTRIES = 10_000;
/** Entries that are examined at a time: reads of files need the same thread pool. */
const ENTRIES_AT_A_TIME = 16;

export interface DiskRules {
  /** Serve names that begin with a dot. `.well-known` (RFC 8615) is always served. */
  readonly dotfiles: boolean;
  /** Follow links out of the root. */
  readonly symlinks: boolean;
}

/**
 * How long, and at which interval, a request waits until another program gives up its lease on a file (an oplock of
 * Samba, a delegation of NFS), which the attempt to open it requests. The kernel breaks a lease after 45 s.
 */
const LEASE_WAIT_MS = 2000;
const LEASE_POLL_MS = 25;

/** O_NONBLOCK: opening a FIFO without a writer must not hang. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const missing: Found = { kind: 'missing' };
const badLink: Found = { kind: 'missing', isBadLink: true };
const folder: Found = { kind: 'folder' };
const nothing: FolderListing = { entries: [], notUtf8: 0, beyond: 0 };

/** A folder as a source. */
export function diskFolder(root: string, rules: DiskRules): FileSource {
  return {
    open: (segments) => retryIfStale(() => openInside(root, segments, rules)),
    list: (segments) => retryIfStale(() => listInside(root, segments, rules)),
  };
}

/** One file as a source: at the root, and under its name. */
export function diskFile(path: string, name: string): FileSource {
  return {
    async open(segments) {
      if (segments.length > 1 || (segments.length === 1 && segments[0] !== name)) return missing;
      const look = () => openAndDescribe(path, name, async () => true);
      return (await retryIfStale(look)) ?? missing;
    },
    list: async () => nothing,
  };
}

/**
 * `path` independent of the working folder, which a build may remove and create again. `named` is the shell's name of
 * that folder (`PWD`): unlike the kernel's name it keeps links, which a deployment switches. It is used if it leads to
 * the same folder.
 */
export async function absolutePath(path: string, named: string | undefined): Promise<string> {
  if (isAbsolute(path)) return path;
  const isSame = named !== undefined && isAbsolute(named) && (await isSameFolder(named, '.'));
  return isSame ? join(named, path) : resolve(path);
}

async function isSameFolder(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)));
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

/** Whether PATH of the command line is a file or a folder. @throws the system's error if it cannot be read. */
export async function kindOfPath(path: string): Promise<'file' | 'folder'> {
  const handle = await open(path, openFlags);
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) return 'folder';
    if (stats.isFile()) return 'file';
    throw Object.assign(new Error('neither a file nor a folder'), { code: 'EINVAL' });
  } finally {
    await handle.close();
  }
}

async function openInside(root: string, segments: readonly string[], rules: DiskRules): Promise<Found> {
  if (!rules.dotfiles && segments.some(isHidden)) return missing;
  const path = join(root, ...segments);
  // Tried again if it is outside: a deployment may have switched the root between the opening and the check.
  const found = (await openAndCheck(path, root, rules)) ?? (await openAndCheck(path, root, rules));
  return found ?? badLink;
}

const openAndCheck = (path: string, root: string, rules: DiskRules): Promise<Found | undefined> =>
  openAndDescribe(path, basename(path), (handle) => mayServe(handle, path, root, rules));

/** `undefined` if the opened file may not be served. */
async function openAndDescribe(
  path: string,
  name: string,
  isAllowed: (handle: FileHandle) => Promise<boolean>,
): Promise<Found | undefined> {
  const handle = await openOrMissing(path);
  if (!handle) return missing;
  try {
    if (await isAllowed(handle)) return await describe(handle, name);
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

function isHidden(segment: string): boolean {
  return segment.startsWith('.') && segment !== '.well-known';
}

async function openOrMissing(path: string): Promise<FileHandle | undefined> {
  for (let waitedMs = 0; ; waitedMs += LEASE_POLL_MS) {
    try {
      return await open(path, openFlags);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' || waitedMs >= LEASE_WAIT_MS) return clientError(error as NodeJS.ErrnoException);
    }
    await new Promise((resolve) => setTimeout(resolve, LEASE_POLL_MS));
  }
}

/** A handle of NFS is stale when its file was replaced on the server; the next attempt finds the new one. */
async function retryIfStale<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (systemCode(error) !== 'ESTALE') throw error;
    return look();
  }
}

/** Translates an error of open(2) for the client; `undefined` if the file does not exist for anybody. */
function clientError(error: NodeJS.ErrnoException): undefined {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'ELOOP':
    case 'ENXIO':
    case 'ENODEV':
      return undefined;
    case 'EACCES':
    case 'EPERM':
      throw new HttpError('forbidden');
    case 'EMFILE':
    case 'ENFILE':
    case 'EAGAIN':
      throw new HttpError('unavailable', ['Retry-After', '1'], error);
    default:
      throw error;
  }
}

/**
 * Whether the opened file is inside the root, wherever links led on the way to it. They may pass through hidden
 * folders, as in every volume of Kubernetes (`index.html` → `..data/index.html` → `..2025_1/index.html`), but not lead
 * to a hidden file.
 */
async function mayServe(handle: FileHandle, path: string, root: string, rules: DiskRules): Promise<boolean> {
  if (rules.symlinks) return true;
  const [real, base] = await Promise.all([realPathOf(handle, path), realpath(root).catch(clientError)]);
  if (real === undefined || base === undefined || !isInside(real, base)) return false;
  return rules.dotfiles || !isHidden(basename(real)) || (await handle.stat()).isDirectory();
}

function isInside(real: string, base: string): boolean {
  return real === base || real.startsWith(base.endsWith(sep) ? base : base + sep);
}

/** The real path of the open file: from /proc if it is available, else by `path` if that still leads to the file. */
async function realPathOf(handle: FileHandle, path: string): Promise<string | undefined> {
  const known = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
  if (known !== undefined) return known;
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return undefined;
  const [opened, found] = [await handle.stat(), await lstat(real).catch(() => undefined)];
  return opened.ino === found?.ino && opened.dev === found.dev ? real : undefined;
}

/** Takes ownership of `handle`: closes it unless it becomes part of the result. */
async function describe(handle: FileHandle, name: string): Promise<Found> {
  const stats = await handle.stat({ bigint: true });
  if (stats.isFile()) return { kind: 'file', file: fileOf(handle, name, stats) };
  await handle.close();
  return stats.isDirectory() ? folder : missing;
}

type BigStats = Awaited<ReturnType<typeof bigStat>>;
const bigStat = (handle: FileHandle) => handle.stat({ bigint: true });

let unsettled = 0;

/**
 * Programs cannot set the ctime, so that it also reveals a change with an old mtime. Another change could hide within
 * the same tick of the clock: until that has passed, no version equals any other.
 */
function versionOf({ dev, ino, size, mtimeNs, ctimeNs, ctimeMs }: BigStats): string {
  const version = `${dev}-${ino}-${size}-${mtimeNs}-${ctimeNs}`;
  if (Math.abs(Date.now() - Number(ctimeMs)) >= SETTLE_MS) return version;
  unsettled += 1;
  return `${version}-${unsettled}`;
}

function fileOf(handle: FileHandle, name: string, stats: BigStats): SourceFile {
  return {
    name,
    size: Number(stats.size),
    modifiedMs: dateOf(Number(stats.mtimeMs)),
    changedMs: Number(stats.ctimeMs),
    version: versionOf(stats),
    currentVersion: async () => versionOf(await bigStat(handle)),
    read: async (target, position) => (await handle.read(target, 0, target.length, position)).bytesRead,
    close: () => handle.close(),
  };
}

async function listInside(
  root: string,
  segments: readonly string[],
  rules: DiskRules,
): Promise<FolderListing> {
  if (!rules.dotfiles && segments.some(isHidden)) return nothing;
  const path = join(root, ...segments);
  const [names, base, real] = await Promise.all([
    readdir(path).catch(clientError),
    realpath(root).catch(clientError),
    realpath(path).catch(clientError),
  ]);
  if (!names || base === undefined || real === undefined) return nothing;
  if (!rules.symlinks && !isInside(real, base)) return nothing;
  const visible = names.filter((name) => rules.dotfiles || !isHidden(name));
  const looked = visible.slice(0, MAX_LISTED_ENTRIES);
  const found: (FolderEntry | undefined)[] = [];
  for (let i = 0; i < looked.length; i += ENTRIES_AT_A_TIME) {
    const some = looked.slice(i, i + ENTRIES_AT_A_TIME).map((name) => entryOf(path, name, base, rules));
    found.push(...(await Promise.all(some)));
  }
  return {
    entries: found.filter((entry) => entry !== undefined),
    // readdir replaces what is not UTF-8, so that nothing is found under such a name.
    notUtf8: looked.filter((name, i) => found[i] === undefined && name.includes('\ufffd')).length,
    beyond: visible.length - looked.length,
  };
}

/** The entry of a listing for `name`; `undefined` if a request for it would get a 404. */
async function entryOf(
  folderPath: string,
  name: string,
  base: string,
  rules: DiskRules,
): Promise<FolderEntry | undefined> {
  try {
    const path = join(folderPath, name);
    const own = await lstat(path);
    // An entry that is not a link is inside its folder; realpath would cost more than everything else here.
    const isLink = own.isSymbolicLink();
    const real = isLink && !rules.symlinks ? await realpath(path) : path;
    if (isLink && !rules.symlinks && !isInside(real, base)) return undefined;
    const stats = isLink ? await stat(path) : own;
    const shown = stats.isDirectory() || (stats.isFile() && (rules.dotfiles || !isHidden(basename(real))));
    if (!shown) return undefined;
    return { name, directory: stats.isDirectory(), size: stats.size, modifiedMs: dateOf(stats.mtimeMs) };
  } catch {
    return undefined; // gone or unreadable since the folder was read
  }
}
