/**
 * Notes of attempts, one line each in one file. A note costs one write and, unless it must last, no sync: it has to
 * survive the process, and what a process has written stays with the kernel. A power cut may lose the latest notes.
 *
 * Only notes that are not yet in an envelope are needed. When the file has grown, it is rewritten with those.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Envelope, Note } from '../queue/envelope.ts';
import { FILE_MODE } from './atomic-file.ts';
import { noteText, parseNotes } from './format.ts';

/** The file is rewritten beyond this size, and beyond twice its size after the last rewrite. */
const MIN_REWRITE_BYTES = 256 * 1024;

export interface JournalOptions {
  readonly path: string;
  /** A folder on the same file system, for the file that is being rewritten. */
  readonly temporary: string;
  /** Makes what was added to a folder durable. */
  sync(folder: string): Promise<void>;
}

export class Journal {
  readonly #options: JournalOptions;
  /** The latest by message and channel that is not yet in an envelope. */
  readonly #notes = new Map<string, Note>();
  /** Absent until the file is rewritten. */
  #file: FileHandle | undefined;
  #bytes = 0;
  #maxBytes = MIN_REWRITE_BYTES;
  #isClosed = false;
  /** Lines for the next write, and whether one of them must last. */
  #text = '';
  #mustLast = false;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `text` is what the previous process left in the file. */
  constructor(options: JournalOptions, text: string) {
    this.#options = options;
    for (const note of parseNotes(text)) this.#notes.set(keyOf(note), note);
  }

  get notes(): readonly Note[] {
    return [...this.#notes.values()];
  }

  /** One write serves all callers that asked for it before it began. Rejects with the system's errors. */
  note(note: Note, mustLast: boolean): Promise<void> {
    // The file may be another server's by now.
    if (this.#isClosed) return Promise.resolve();
    this.#notes.set(keyOf(note), note);
    this.#text += noteText(note);
    this.#mustLast ||= mustLast;
    this.#next ??= this.#startAfter(this.#running);
    return this.#next;
  }

  /** Drops the notes that are included in `envelope`, which is saved now. */
  settle({ message: { id }, round, progress }: Envelope): void {
    for (const { kind, channel, attempts } of progress) {
      const note = this.#notes.get(keyOf({ id, channel }));
      if (!note) continue;
      if (kind !== 'pending' || note.round < round || note.number <= attempts) this.drop(note);
    }
  }

  drop(note: Note): void {
    this.#notes.delete(keyOf(note));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#next?.catch(() => undefined);
    await this.#running?.catch(() => undefined);
    await this.#file?.close();
    this.#file = undefined;
  }

  async #startAfter(running: Promise<void> | undefined): Promise<void> {
    // This also yields when nothing is running, so that other calls of this turn share the write.
    await running?.catch(() => undefined);
    this.#running = this.#next;
    this.#next = undefined;
    const [text, mustLast] = [this.#text, this.#mustLast];
    this.#text = '';
    this.#mustLast = false;
    try {
      if (!this.#file || this.#bytes > this.#maxBytes) await this.#rewrite(mustLast);
      else await this.#append(this.#file, text, mustLast);
    } catch (error) {
      // A line may be truncated: the next write rewrites the file.
      await this.#file?.close().catch(() => undefined);
      this.#file = undefined;
      throw error;
    }
  }

  async #append(file: FileHandle, text: string, mustLast: boolean): Promise<void> {
    const { bytesWritten } = await file.write(text);
    if (bytesWritten < Buffer.byteLength(text)) throw new Error('the notes of attempts were truncated');
    this.#bytes += bytesWritten;
    if (mustLast) await file.datasync();
  }

  async #rewrite(mustLast: boolean): Promise<void> {
    const { path, temporary, sync } = this.#options;
    const before = this.#file;
    // A name that `clearTemporary` removes after a crash.
    const fresh = join(temporary, `${randomBytes(6).toString('hex')}.notes.json`);
    this.#file = await open(fresh, 'wx', FILE_MODE);
    await before?.close();
    this.#bytes = 0;
    await this.#append(this.#file, this.notes.map(noteText).join(''), mustLast);
    await rename(fresh, path);
    if (mustLast) await sync(dirname(path));
    this.#maxBytes = Math.max(MIN_REWRITE_BYTES, 2 * this.#bytes);
  }
}

function keyOf({ id, channel }: Pick<Note, 'id' | 'channel'>): string {
  return `${id} ${channel}`;
}
