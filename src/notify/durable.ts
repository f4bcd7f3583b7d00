/** Files that are whole or not there, also after a power cut: write, fsync, rename, fsync of the folder. */
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** For the eyes of the owner: messages are private. */
const FILE_MODE = 0o600;

/** One fsync of a folder serves all who asked for it before it began. */
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
    // Also without a predecessor: others of this turn come along.
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
export class DurableFiles {
  readonly #temporary: string;
  readonly #syncs = new Map<string, FolderSync>();
  #serial = 0;

  /** `temporary` is a folder on the same file system, where files are while they are being written. */
  constructor(temporary: string) {
    this.#temporary = temporary;
  }

  /** Makes `path`, or replaces it, with this text. On failure nothing is changed and nothing is left over. */
  async write(path: string, text: string): Promise<void> {
    this.#serial += 1;
    const temporary = join(this.#temporary, `${this.#serial}.${path.slice(path.lastIndexOf('/') + 1)}`);
    try {
      await writeSynced(temporary, text);
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
    await this.sync(dirname(path));
  }

  /** It need not be there. */
  async remove(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    await this.sync(dirname(path));
  }

  /** Makes what was added to and taken from `folder` durable. */
  sync(folder: string): Promise<void> {
    let sync = this.#syncs.get(folder);
    if (!sync) {
      sync = new FolderSync(folder);
      this.#syncs.set(folder, sync);
    }
    return sync.sync();
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file: FileHandle = await open(path, 'wx', FILE_MODE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
