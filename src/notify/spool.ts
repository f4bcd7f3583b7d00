/**
 * Envelopes on disk, one file each, laid out like a maildir:
 *
 *   tmp/   being written
 *   new/   accepted and not ended; replaced whole whenever a channel gets further
 *   dead/  ended with a failure, with the reasons; stays until somebody sends it again or removes it
 *   done/  receipts of messages with an idempotency key, without what was sent
 *   lock/  the socket of the server that owns the spool
 *
 * A maildir's cur/ is missing on purpose: replacing a file in its place is one atomic rename, moving a changed
 * one between folders would have a moment with two of them.
 *
 * Whatever in it is not mote's, or cannot be read, is left alone and reported.
 */
import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DurableFiles } from './durable.ts';
import { type Envelope, hasFailures, type Receipt, receiptOf, reopen } from './envelope.ts';
import { envelopeText, parseEnvelope, parseReceipt, receiptText } from './envelope-file.ts';
import { isId } from './id.ts';
import { type LockResult, lockFolder } from './lock.ts';
import { type Store, StoreError } from './store.ts';

/** Far more than the largest message that is accepted makes; what is larger is not ours. */
const MAX_FILE_BYTES = 1024 * 1024;
/** Starting up with thousands of messages should not take seconds. */
const READS_AT_ONCE = 32;
const FOLDER_MODE = 0o700;

type Folder = 'new' | 'dead' | 'done';

/** Tells the operator of a file that was left alone. Each is told once. */
export type Report = (path: string, fault: string) => void;

/** Opened by the one server that owns it. Rejects with {@link StoreError} if another one does, or it is unusable. */
export async function openSpool(path: string, report: Report): Promise<Spool> {
  const files = new SpoolFiles(path, report);
  let lock: LockResult;
  try {
    await files.makeFolders();
    lock = await lockFolder(join(path, 'lock'));
  } catch (error) {
    throw storeError(path, error);
  }
  if (lock.kind === 'taken') throw new StoreError(`another mote uses the spool ${path}`, undefined);
  await files.clearTemporary().catch((error) => {
    throw storeError(path, error);
  });
  return new Spool(files, lock.release);
}

/**
 * With those above it. The `recursive` of `mkdir` never ends where a folder is there and nothing can be made in it:
 * below /proc, or in a working folder that was removed.
 */
async function makeFolder(path: string): Promise<void> {
  const isMissing = await makeOne(path);
  if (!isMissing) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  if (await makeOne(path)) throw isMissing;
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

/** The spool as a queue uses it. */
export class Spool implements Store {
  readonly name: string;
  readonly isDurable = true;
  readonly #files: SpoolFiles;
  readonly #release: () => Promise<void>;

  constructor(files: SpoolFiles, release: () => Promise<void>) {
    this.#files = files;
    this.#release = release;
    this.name = files.path;
  }

  save(envelope: Envelope): Promise<void> {
    return this.#files.write('new', envelope.message.id, envelopeText(envelope));
  }

  /** In an order that a crash can interrupt anywhere: `discover` finds the rest and finishes it. */
  async finish(envelope: Envelope, receipt: Receipt): Promise<void> {
    const { id } = envelope.message;
    if (hasFailures(envelope)) await this.#files.write('dead', id, envelopeText(envelope));
    if (envelope.idempotency) await this.#files.write('done', id, receiptText(receipt));
    await this.#files.remove('new', id);
  }

  discard(id: string): Promise<void> {
    return this.#files.remove('new', id);
  }

  forget(id: string): Promise<void> {
    return this.#files.remove('done', id);
  }

  async discover(isKnown: (id: string) => boolean, max: number): Promise<readonly Envelope[]> {
    const ids = (await this.#files.ids('new')).filter((id) => !isKnown(id));
    if (ids.length === 0) return [];
    // Hardly any has ended: to look for the end of each would take longer than all the rest.
    const ended = new Set([...(await this.#files.ids('dead')), ...(await this.#files.ids('done'))]);
    const find = (id: string) => this.#find(id, ended.has(id));
    const found: Envelope[] = [];
    for (let start = 0; start < ids.length && found.length < max; start += READS_AT_ONCE) {
      found.push(...(await readAll(ids.slice(start, start + READS_AT_ONCE), find)));
    }
    return found.slice(0, max);
  }

  async #find(id: string, mayHaveEnded: boolean): Promise<Envelope | undefined> {
    const envelope = await this.#files.readEnvelope('new', id);
    if (!envelope || !mayHaveEnded) return envelope;
    return (await this.#finishInterrupted(envelope)) ? undefined : envelope;
  }

  /** Whether the envelope had ended, or gone on to its next round, when a crash left two files. */
  async #finishInterrupted(envelope: Envelope): Promise<boolean> {
    const { id } = envelope.message;
    const dead = await this.#files.readEnvelope('dead', id);
    if (dead && dead.round < envelope.round) await this.#files.remove('dead', id);
    const done = await this.#files.readReceipt(id);
    if (dead && dead.round >= envelope.round) {
      await this.finish(dead, done ?? receiptOf(dead, lastMsOf(dead)));
      return true;
    }
    if (!done || done.round < envelope.round || hasFailures(done)) return false;
    await this.#files.remove('new', id);
    return true;
  }

  async receipts(): Promise<readonly Receipt[]> {
    const ids = await this.#files.ids('done');
    const receipts: Receipt[] = [];
    for (let start = 0; start < ids.length; start += READS_AT_ONCE) {
      const some = ids.slice(start, start + READS_AT_ONCE);
      receipts.push(...(await readAll(some, (id) => this.#files.readReceipt(id))));
    }
    return receipts;
  }

  async findDead(id: string): Promise<Receipt | undefined> {
    const dead = isId(id) ? await this.#files.readEnvelope('dead', id) : undefined;
    return dead && receiptOf(dead, lastMsOf(dead));
  }

  close(): Promise<void> {
    return this.#release();
  }
}

/** What is there, in the order of `ids`. */
async function readAll<T>(ids: readonly string[], read: (id: string) => Promise<T | undefined>) {
  return (await Promise.all(ids.map(read))).filter((one) => one !== undefined);
}

/** When the last channel ended. */
function lastMsOf({ progress, roundMs }: Envelope): number {
  return Math.max(...progress.map((one) => (one.kind === 'pending' ? roundMs : one.atMs)));
}

/** A line of `mote spool list`. */
export interface Listed {
  readonly folder: 'new' | 'dead';
  readonly envelope: Envelope;
}

function idOf({ envelope }: Listed): string {
  return envelope.message.id;
}

/** The spool as its operator uses it, also beside a running server: neither waits for the lock. */
export class SpoolDesk {
  readonly #files: SpoolFiles;
  readonly #now: () => number;

  constructor(path: string, report: Report, now: () => number) {
    this.#files = new SpoolFiles(path, report);
    this.#now = now;
  }

  async list(): Promise<readonly Listed[]> {
    const listed: Listed[] = [];
    for (const folder of ['new', 'dead'] as const) {
      for (const id of await this.#files.ids(folder)) {
        const envelope = await this.#files.readEnvelope(folder, id);
        if (envelope) listed.push({ folder, envelope });
      }
    }
    // A dead file that was sent again stays until a server looks.
    const waiting = new Set(listed.filter(({ folder }) => folder === 'new').map(idOf));
    return listed.filter((one) => one.folder === 'new' || !waiting.has(idOf(one)));
  }

  async show(id: string): Promise<Listed | undefined> {
    if (!isId(id)) return undefined;
    for (const folder of ['new', 'dead'] as const) {
      const envelope = await this.#files.readEnvelope(folder, id);
      if (envelope) return { folder, envelope };
    }
    return undefined;
  }

  /**
   * Sends the failed channels of a dead message again; a running server finds it within a minute, another one when
   * it starts. The server also removes the dead file: here it could hit that of a new failure.
   */
  async requeue(id: string): Promise<'requeued' | 'waiting' | 'missing'> {
    const found = await this.show(id);
    if (found?.folder !== 'dead') return found ? 'waiting' : 'missing';
    await this.#files.write('new', id, envelopeText(reopen(found.envelope, this.#now())));
    return 'requeued';
  }
}

/** The folders and files of a spool, and all that is known of how they may fail. */
class SpoolFiles {
  readonly path: string;
  readonly #files: DurableFiles;
  readonly #report: Report;
  readonly #reported = new Set<string>();

  constructor(path: string, report: Report) {
    this.path = path;
    this.#files = new DurableFiles(join(path, 'tmp'));
    this.#report = report;
  }

  async makeFolders(): Promise<void> {
    for (const folder of ['tmp', 'new', 'dead', 'done']) {
      await makeFolder(join(this.path, folder));
    }
    // A message in a folder that a power cut took away would be lost with it.
    await this.#files.sync(this.path);
  }

  /** What a crash left half-written. Only the owner of the lock may call it, or it would hit somebody's work. */
  async clearTemporary(): Promise<void> {
    const folder = join(this.path, 'tmp');
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (/^\w+\.\w+\.json$/.test(name)) await unlink(path);
      else this.#tell(path, 'not a file of mote');
    }
  }

  /** Sorted, which is by time. */
  async ids(folder: Folder): Promise<readonly string[]> {
    const names = await readdir(join(this.path, folder)).catch((error) => {
      throw storeError(this.path, error);
    });
    const ids: string[] = [];
    for (const name of names.sort()) {
      const id = name.replace(/\.json$/, '');
      if (name !== id && isId(id)) ids.push(id);
      else this.#tell(join(this.path, folder, name), 'not a file of mote');
    }
    return ids;
  }

  async write(folder: Folder, id: string, text: string): Promise<void> {
    await this.#files.write(this.#pathOf(folder, id), text).catch((error) => {
      throw storeError(this.path, error);
    });
  }

  async remove(folder: Folder, id: string): Promise<void> {
    await this.#files.remove(this.#pathOf(folder, id)).catch((error) => {
      throw storeError(this.path, error);
    });
  }

  readEnvelope(folder: 'new' | 'dead', id: string): Promise<Envelope | undefined> {
    return this.#read(this.#pathOf(folder, id), parseEnvelope, (envelope) => envelope.message.id === id);
  }

  readReceipt(id: string): Promise<Receipt | undefined> {
    return this.#read(this.#pathOf('done', id), parseReceipt, (receipt) => receipt.id === id);
  }

  async #read<T>(path: string, parse: (text: string) => T | string, fits: (content: T) => boolean) {
    try {
      const facts = await stat(path);
      // Reading a pipe would wait forever.
      if (!facts.isFile()) return this.#tell(path, 'not a file');
      const { size } = facts;
      if (size > MAX_FILE_BYTES) return this.#tell(path, `${size} bytes, more than mote ever writes`);
      const content = parse(await readFile(path, 'utf8'));
      if (typeof content === 'string') return this.#tell(path, content);
      return fits(content) ? content : this.#tell(path, 'of another name than the message in it');
    } catch (error) {
      const { code = 'unreadable' } = error as NodeJS.ErrnoException;
      // Ended, or requeued, since it was listed.
      return code === 'ENOENT' ? undefined : this.#tell(path, code);
    }
  }

  #pathOf(folder: Folder, id: string): string {
    return join(this.path, folder, `${id}.json`);
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
  EOPNOTSUPP: 'the file system has no unix sockets',
  EMFILE: 'too many files are open',
  EIO: 'the disk fails',
};

function storeError(path: string, error: unknown): StoreError {
  const { code, message } = error as NodeJS.ErrnoException;
  // What the system says names the file, so that no two of its messages are alike.
  const fault = code === 'EACCES' ? denied(path) : code === undefined ? message : (words[code] ?? code);
  return new StoreError(`the spool ${path} cannot be used: ${fault}`, error);
}

/** In containers the user has a number and no name. */
function denied(path: string): string {
  const uid = process.getuid?.();
  if (uid === undefined) return 'permission denied';
  return `permission denied for uid ${uid}; let it have the folder: mkdir -p ${path} && chown ${uid} ${path}`;
}
