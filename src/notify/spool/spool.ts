/**
 * Envelopes on disk, one file each, laid out like a maildir:
 *
 *   tmp/   being written
 *   new/   accepted and not ended; replaced as a whole whenever a channel makes progress
 *   dead/  dead letters: messages that failed, with the reasons; they stay until the operator requeues or purges them, or
 *          until there are too many
 *   done/  receipts of messages with an idempotency key, without the message
 *   attempts/  notes of attempts that are not yet in an envelope
 *   lock/  the socket of the server that owns the spool
 *
 * There is no cur/ as in a maildir: replacing a file in place is one atomic rename, while moving a changed file to
 * another folder would leave two of them for a moment.
 *
 * Files that are not mote's, or cannot be read, are left alone and reported.
 */
import { join } from 'node:path';
import { isId } from '../id.ts';
import {
  type Envelope,
  hasFailures,
  lastMsOf,
  type Note,
  type Receipt,
  receiptOf,
} from '../queue/envelope.ts';
import { type Admission, type MessageStore, type Start, StoreError } from '../queue/store.ts';
import { READS_AT_ONCE, type Report, SpoolFiles, storeError } from './files.ts';
import { envelopeText, receiptText } from './format.ts';
import { Journal } from './journal.ts';
import { type LockResult, lockFolder } from './lock.ts';

export interface SpoolOptions {
  /** Maximum number of dead letters; the oldest are removed beyond it. */
  readonly maxDead: number;
  /** Called for files that were left alone. */
  readonly report: Report;
  /** Called with the number of dead letters that were removed because there were too many. */
  onRemoved(count: number): void;
}

/** Share of dead letters removed at once beyond the limit, since finding the oldest is slow. */
const REMOVED_SHARE = 1 / 20;

/** For the one server that owns it. Rejects with {@link StoreError} if another server does, or the spool is unusable. */
export async function openSpool(path: string, options: SpoolOptions): Promise<Spool> {
  const files = new SpoolFiles(path, options.report, 'server');
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
  const journal = new Journal(files.journalOptions, await files.readNotes());
  return new Spool({ files, journal, release: lock.release, options });
}

interface SpoolParts {
  readonly files: SpoolFiles;
  readonly journal: Journal;
  readonly options: SpoolOptions;
  release(): Promise<void>;
}

/** The spool as a queue uses it. */
export class Spool implements MessageStore {
  readonly name: string;
  readonly isDurable = true;
  readonly isShared = false;
  readonly isReady = true;
  readonly #files: SpoolFiles;
  readonly #journal: Journal;
  readonly #options: SpoolOptions;
  readonly #release: () => Promise<void>;
  #dead = 0;
  #areNotesCurrent = false;
  #removing: Promise<void> | undefined;

  constructor({ files, journal, release, options }: SpoolParts) {
    this.#files = files;
    this.#journal = journal;
    this.#release = release;
    this.#options = options;
    this.name = files.path;
  }

  get deadMessages(): number {
    return this.#dead;
  }

  async accept(envelope: Envelope): Promise<Admission> {
    await this.save(envelope);
    return { kind: 'saved' };
  }

  async save(envelope: Envelope): Promise<void> {
    await this.#files.write('new', envelope.message.id, envelopeText(envelope));
    this.#journal.settle(envelope);
  }

  /** In an order that a crash can interrupt anywhere: `discover` finds the rest and finishes it. */
  async finish(envelope: Envelope, receipt: Receipt): Promise<void> {
    const { id } = envelope.message;
    const isDead = hasFailures(envelope);
    if (isDead) await this.#files.write('dead', id, envelopeText(envelope));
    if (envelope.idempotency) await this.#files.write('done', id, receiptText(receipt));
    await this.#files.remove('new', id);
    this.#journal.settle(envelope);
    if (isDead) this.#dead += 1;
    await this.#removeOldest();
  }

  async begin(note: Note): Promise<Start> {
    await this.note(note, false);
    return { kind: 'begun' };
  }

  async note(note: Note, mustLast: boolean): Promise<void> {
    await this.#journal.note(note, mustLast).catch((error) => {
      throw storeError(this.name, error);
    });
  }

  notesOf(id: string): readonly Note[] {
    return this.#journal.notes.filter((note) => note.id === id);
  }

  async hold(): Promise<void> {}

  watch(): void {}

  discard({ message: { id } }: Envelope): Promise<void> {
    return this.#files.remove('new', id);
  }

  forget(id: string): Promise<void> {
    return this.#files.remove('done', id);
  }

  async discover(isKnown: (id: string) => boolean, max: number): Promise<readonly Envelope[]> {
    const dead = await this.#files.ids('dead');
    // The operator may have requeued or purged some.
    this.#dead = dead.length;
    await this.#removeOldest();
    const waiting = await this.#files.ids('new');
    this.#dropEndedNotes(waiting);
    const ids = waiting.filter((id) => !isKnown(id));
    if (ids.length === 0) return [];
    // Few of them have ended; looking up each one would take longer than everything else.
    const ended = new Set([...dead, ...(await this.#files.ids('done'))]);
    const find = (id: string) => this.#find(id, ended.has(id));
    const found: Envelope[] = [];
    for (let start = 0; start < ids.length && found.length < max; start += READS_AT_ONCE) {
      found.push(...(await readAll(ids.slice(start, start + READS_AT_ONCE), find)));
    }
    return found.slice(0, max);
  }

  /** Of messages that ended before the start. */
  #dropEndedNotes(waiting: readonly string[]): void {
    if (this.#areNotesCurrent) return;
    this.#areNotesCurrent = true;
    const ids = new Set(waiting);
    for (const note of this.#journal.notes) if (!ids.has(note.id)) this.#journal.drop(note);
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

  async find(id: string): Promise<Receipt | undefined> {
    const dead = isId(id) ? await this.#files.readEnvelope('dead', id) : undefined;
    return dead && receiptOf(dead, lastMsOf(dead));
  }

  /** Removes the oldest dead letters as soon as there are too many. */
  async #removeOldest(): Promise<void> {
    if (this.#dead <= this.#options.maxDead) return;
    this.#removing ??= this.#removeDead().finally(() => {
      this.#removing = undefined;
    });
    await this.#removing;
  }

  async #removeDead(): Promise<void> {
    const { maxDead, onRemoved } = this.#options;
    const ids = await this.#files.ids('dead');
    const oldest = ids.slice(0, Math.max(0, ids.length - Math.ceil(maxDead * (1 - REMOVED_SHARE))));
    for (let start = 0; start < oldest.length; start += READS_AT_ONCE) {
      const some = oldest.slice(start, start + READS_AT_ONCE);
      await Promise.all(some.map((id) => this.#files.remove('dead', id)));
    }
    this.#dead = ids.length - oldest.length;
    if (oldest.length > 0) onRemoved(oldest.length);
  }

  async close(): Promise<void> {
    await this.#journal.close();
    await this.#release();
  }
}

/** What is there, in the order of `ids`. */
async function readAll<T>(ids: readonly string[], read: (id: string) => Promise<T | undefined>) {
  return (await Promise.all(ids.map(read))).filter((one) => one !== undefined);
}
