/** The folders and files of a spool, and their error messages. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Result } from '../../util/result.ts';
import { systemCode } from '../../util/system-code.ts';
import { isId } from '../id.ts';
import type { Envelope, Receipt } from '../queue/envelope.ts';
import { StoreError } from '../queue/store.ts';
import { AtomicFiles, FILE_MODE } from './atomic-file.ts';
import { parseEnvelope, parseReceipt } from './format.ts';
import type { JournalOptions } from './journal.ts';
import { fileProblem, folderProblem, type SpoolContext, spoolContextOf, spoolProblem } from './ownership.ts';

/** Far larger than any file that mote writes for an accepted message. */
const MAX_FILE_BYTES = 1024 * 1024;
/** Start-up with thousands of messages should not take seconds. */
export const READS_AT_ONCE = 32;
/** The same for the notes of attempts. */
const MAX_NOTES_BYTES = 64 * 1024 * 1024;
const FOLDER_MODE = 0o700;
/** Opening a pipe must not block, and a link must not lead out of the spool. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const FOLDERS = ['tmp', 'new', 'dead', 'done', 'attempts', 'lock'] as const;
export type Folder = 'new' | 'dead' | 'done';

/** Reports a file that was left alone to the operator, once per file. */
export type Report = (path: string, fault: string) => void;

/**
 * Creates missing parents too. The `recursive` of `mkdir` never ends where a folder is there and nothing can be made in it:
 * below /proc, or in a working folder that was removed.
 */
async function makeFolder(path: string): Promise<void> {
  const isMissing = await makeOne(path);
  if (!isMissing) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  if (await makeOne(path)) throw isMissing;
}

/**
 * The owner of files that this process creates in `folder`: on a network file system this need not be the user that it
 * runs as.
 */
async function ownerHere(folder: string): Promise<number> {
  // An empty file needs no space, so that a server starts on a full disk too.
  const path = join(folder, `.mote-${randomBytes(6).toString('hex')}`);
  const probe = await open(path, 'wx', FILE_MODE);
  try {
    return (await probe.stat()).uid;
  } finally {
    await probe.close();
    await unlink(path);
  }
}

/** Gives the error if a folder above it is missing. */
async function makeOne(path: string): Promise<Error | undefined> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return error as Error;
    if (code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
  return undefined;
}

/** Who uses a spool, for the advice in its error messages: the server has to own it, its operator does not. */
export type SpoolUser = 'server' | 'operator';

export class SpoolFiles {
  readonly path: string;
  readonly #user: SpoolUser;
  readonly #files: AtomicFiles;
  readonly #report: Report;
  readonly #reported = new Set<string>();
  #context: Promise<SpoolContext> | undefined;

  constructor(path: string, report: Report, user: SpoolUser) {
    this.path = path;
    this.#user = user;
    this.#files = new AtomicFiles(join(path, 'tmp'));
    this.#report = report;
  }

  /** Creates the folders of a server and checks their owners. Rejects with the problem. */
  async makeFolders(): Promise<void> {
    await makeFolder(this.path);
    const own = await ownerHere(this.path);
    const around = await spoolContextOf(this.path);
    refuse(spoolProblem(this.path, await stat(this.path), own, around));
    for (const name of FOLDERS) {
      const folder = join(this.path, name);
      await makeFolder(folder);
      refuse(folderProblem(folder, await lstat(folder), own, around));
    }
    // A message in a folder that a power cut took away would be lost with it.
    await this.#files.sync(this.path);
  }

  /** Deletes files that a crash left half-written. Only for the owner of the lock: others may be writing there. */
  async clearTemporary(): Promise<void> {
    const folder = join(this.path, 'tmp');
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (/^\w+\.\w+\.json$/.test(name)) await unlink(path);
      else this.#tell(path, 'not a file of mote');
    }
  }

  /** Sorted, and so in the order of their time. */
  async ids(folder: Folder): Promise<readonly string[]> {
    const names = await readdir(join(this.path, folder)).catch((error) => this.#fail(error));
    const ids: string[] = [];
    for (const name of names.sort()) {
      const id = name.replace(/\.json$/, '');
      if (name !== id && isId(id)) ids.push(id);
      else this.#tell(join(this.path, folder, name), 'not a file of mote');
    }
    return ids;
  }

  async write(folder: Folder, id: string, text: string): Promise<void> {
    await this.#files.write(this.#pathOf(folder, id), text).catch((error) => this.#fail(error));
  }

  /** Like `write`, for a process whose user may differ from the server's. */
  async writeForServer(folder: Folder, id: string, text: string): Promise<void> {
    try {
      const { uid, gid } = await stat(join(this.path, folder));
      await this.#files.write(this.#pathOf(folder, id), text, { uid, gid });
    } catch (error) {
      await this.#fail(error);
    }
  }

  async remove(folder: Folder, id: string): Promise<void> {
    await this.#files.remove(this.#pathOf(folder, id)).catch((error) => this.#fail(error));
  }

  readEnvelope(folder: 'new' | 'dead', id: string): Promise<Envelope | undefined> {
    return this.#parse(this.#pathOf(folder, id), parseEnvelope, (envelope) => envelope.message.id === id);
  }

  readReceipt(id: string): Promise<Receipt | undefined> {
    return this.#parse(this.#pathOf('done', id), parseReceipt, (receipt) => receipt.id === id);
  }

  async #parse<T>(path: string, parse: (text: string) => Result<T, string>, fits: (content: T) => boolean) {
    const text = await this.#read(path, MAX_FILE_BYTES);
    if (text === undefined) return undefined;
    const content = parse(text);
    if (!content.ok) return this.#tell(path, content.error);
    return fits(content.value) ? content.value : this.#tell(path, 'named after another message');
  }

  /** The content of a file, if it exists and is mote's; problems are reported. */
  async #read(path: string, maxBytes: number): Promise<string | undefined> {
    try {
      return await this.#text(path, maxBytes);
    } catch (error) {
      const code = systemCode(error) ?? 'unreadable';
      // Ended, or requeued, since it was listed.
      if (code === 'ENOENT') return undefined;
      return this.#tell(path, code === 'ELOOP' ? 'not a file' : code);
    }
  }

  async #text(path: string, maxBytes: number): Promise<string | undefined> {
    const file = await open(path, READ_FLAGS);
    try {
      const facts = await file.stat();
      if (!facts.isFile()) return this.#tell(path, 'not a file');
      this.#context ??= spoolContextOf(this.path);
      const fault = fileProblem(facts, await this.#context);
      if (fault !== undefined) return this.#tell(path, fault);
      if (facts.size > maxBytes) return this.#tell(path, `${facts.size} bytes, more than mote ever writes`);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  }

  /** The notes of attempts as they are on the disk. */
  async readNotes(): Promise<string> {
    const { path } = this.journalOptions;
    const text = await this.#read(path, MAX_NOTES_BYTES);
    return text ?? '';
  }

  get journalOptions(): JournalOptions {
    const sync = (folder: string) => this.#files.sync(folder);
    return { path: join(this.path, 'attempts', 'notes'), temporary: join(this.path, 'tmp'), sync };
  }

  #pathOf(folder: Folder, id: string): string {
    return join(this.path, folder, `${id}.json`);
  }

  async #fail(error: unknown): Promise<never> {
    const isDenied = (error as NodeJS.ErrnoException).code === 'EACCES';
    if (!isDenied || this.#user === 'server') throw storeError(this.path, error);
    throw new StoreError(
      `the spool ${this.path} cannot be used: ${await deniedToOperator(this.path)}`,
      error,
    );
  }

  #tell(path: string, fault: string): undefined {
    if (this.#reported.has(path)) return;
    this.#reported.add(path);
    this.#report(path, fault);
  }
}

const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EPERM: 'not permitted, or the file system has no unix sockets',
  EROFS: 'the file system is read-only; mount a volume there',
  ENOTDIR: 'not a folder',
  EEXIST: 'not a folder',
  ENOTSUP: 'the file system has no unix sockets',
  EMFILE: 'too many files are open',
  EIO: 'the disk fails',
};

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw new Error(fault);
}

export function storeError(path: string, error: unknown): StoreError {
  const code = systemCode(error);
  const { message } = error as Error;
  // What the system says names the file, so that no two of its messages are alike.
  const fault = code === 'EACCES' ? denied(path) : code === undefined ? message : (words[code] ?? code);
  return new StoreError(`the spool ${path} cannot be used: ${fault}`, error);
}

/** Another owner would take the spool away from the server. */
async function deniedToOperator(path: string): Promise<string> {
  const owner = await stat(path).then(
    ({ uid }) => `, uid ${uid}`,
    () => '',
  );
  return `permission denied for uid ${process.getuid?.()}; run this command as the user of the server${owner}, or as root`;
}

/** In containers the user has a number and no name. */
function denied(path: string): string {
  const uid = process.getuid?.();
  if (uid === undefined) return 'permission denied';
  return `permission denied for uid ${uid}; let it have the folder: mkdir -p ${path} && chown ${uid} ${path}`;
}
