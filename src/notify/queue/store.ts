/** Where the queue keeps messages: on disk, or nowhere. */
import type { Envelope, Note, Receipt } from './envelope.ts';

export interface MessageStore {
  /** Its name in the start-up line. */
  readonly name: string;
  /** Whether accepted messages survive the end of the process. */
  readonly isDurable: boolean;
  /** Number of dead letters. */
  readonly deadMessages: number;
  /** Saves a new envelope or a new state of a known one. Safe when it resolves; rejects with {@link StoreError}. */
  save(envelope: Envelope): Promise<void>;
  /** Records the end of an envelope, and deletes the message unless a channel failed. */
  finish(envelope: Envelope, receipt: Receipt): Promise<void>;
  /**
   * Records the progress of an attempt until a later `save` or `finish` includes it. A note survives the end of the
   * process, and a power cut only if it `mustLast`. Rejects with {@link StoreError}.
   */
  note(note: Note, mustLast: boolean): Promise<void>;
  /** The latest notes of attempts that were in progress when the previous process ended. Called once, after `receipts`. */
  notes(): Promise<readonly Note[]>;
  /** Removes an envelope whose `save` failed, and whose message was therefore refused. */
  discard(id: string): Promise<void>;
  /** Deletes a receipt that is no longer needed. */
  forget(id: string): Promise<void>;
  /** Stored envelopes for which `isKnown` is false, at most `max` of them, oldest first. */
  discover(isKnown: (id: string) => boolean, max: number): Promise<readonly Envelope[]>;
  /** Receipts of earlier processes. Called once, before anything else. */
  receipts(): Promise<readonly Receipt[]>;
  /** The receipt of a failed message, if it is still stored. */
  findDead(id: string): Promise<Receipt | undefined>;
  close(): Promise<void>;
}

/** Saving failed, for example on a full disk or in a folder without write permission. The message is for the log. */
export class StoreError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'StoreError';
  }
}

/** Stores nothing: messages that are not delivered when the process ends are lost, as the start-up line says. */
export const memoryStore: MessageStore = {
  name: 'memory',
  isDurable: false,
  deadMessages: 0,
  save: async () => undefined,
  finish: async () => undefined,
  note: async () => undefined,
  notes: async () => [],
  discard: async () => undefined,
  forget: async () => undefined,
  discover: async () => [],
  receipts: async () => [],
  findDead: async () => undefined,
  close: async () => undefined,
};
