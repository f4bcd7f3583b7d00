/** Files that are either complete or absent, even after a power cut: write, fsync, rename, fsync of the folder. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConcurrencyLimiter } from '../../util/semaphore.ts';

/** Readable by the owner only: messages are private. */
export const FILE_MODE = 0o600;
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Each write has a file open, and the number of open files is limited. */
const WRITES_AT_ONCE = 64;

/** One fsync of a folder serves all callers that asked for it before it began. */
class FolderSync {
  readonly #path: string;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when all changes of the folder up to now are on the disk. */
  sync(): Promise<void> {
    this.#next ??= this.#startAfter(this.#running);
    return this.#next;
  }

  async #startAfter(running: Promise<void> | undefined): Promise<void> {
    // This also yields when nothing is running, so that other calls of this turn share the sync.
    await running?.catch(() => undefined);
    this.#running = this.#next;
    this.#next = undefined;
    const folder = await open(this.#path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** Durable changes to files in the folders of one spool. */
export class AtomicFiles {
  readonly #temporary: string;
  readonly #syncs = new Map<string, FolderSync>();
  /** As many wait as the queue has messages. */
  readonly #writes = new ConcurrencyLimiter({
    concurrency: WRITES_AT_ONCE,
    maxWaiting: Number.POSITIVE_INFINITY,
  });

  /** `temporary` is a folder on the same file system, for files that are being written. */
  constructor(temporary: string) {
    this.#temporary = temporary;
  }

  /**
   * Creates or replaces `path` with this text, owned by `owner`. On failure nothing is changed and no temporary file is
   * left.
   */
  async write(path: string, text: string, owner?: Owner): Promise<void> {
    await this.#writes.run(() => this.#replace(path, text, owner));
    await this.sync(dirname(path));
  }

  async #replace(path: string, text: string, owner?: Owner): Promise<void> {
    // Another process may write the same file: `mote spool` beside the server.
    const serial = randomBytes(6).toString('hex');
    const temporary = join(this.#temporary, `${serial}.${basename(path)}`);
    try {
      await writeSynced(temporary, text, owner);
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
  }

  /** The file may be missing. */
  async remove(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      // A read-only file system reports EROFS for missing files too.
      if (await isMissing(path)) return;
      throw error;
    }
    await this.sync(dirname(path));
  }

  /** Makes additions to and removals from `folder` durable. */
  sync(folder: string): Promise<void> {
    let sync = this.#syncs.get(folder);
    if (!sync) {
      sync = new FolderSync(folder);
      this.#syncs.set(folder, sync);
    }
    return sync.sync();
  }
}

async function writeSynced(path: string, text: string, owner?: Owner): Promise<void> {
  const file: FileHandle = await open(path, 'wx', FILE_MODE);
  try {
    if (owner) await giveTo(owner, file);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function giveTo({ uid, gid }: Owner, file: FileHandle): Promise<void> {
  const facts = await file.stat();
  if (facts.uid === uid) return;
  await file.chown(uid, gid).catch((error) => {
    throw new Error(`its files belong to user ${uid}: run this as that user, or as root`, { cause: error });
  });
}

async function isMissing(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === 'ENOENT',
  );
}
