/** Where the queue keeps what must not be lost: on disk, or nowhere. */
import type { Envelope, Note, Receipt } from './envelope.ts';

export interface MessageStore {
  /** What the start-up line and the operator call it. */
  readonly name: string;
  /** Whether what was accepted outlives the process. */
  readonly isDurable: boolean;
  /** Messages that were given up and are still kept. */
  readonly deadMessages: number;
  /** Keeps a new envelope or the state of a known one. Safe when it resolves; rejects with {@link StoreError}. */
  save(envelope: Envelope): Promise<void>;
  /** Keeps the end of an envelope and lets go of what was sent, unless a channel failed. */
  finish(envelope: Envelope, receipt: Receipt): Promise<void>;
  /**
   * Keeps what is known of an attempt until a later `save` or `finish` says it too. What it resolves for outlives the
   * process, and a power cut only if it `mustLast`. Rejects with {@link StoreError}.
   */
  note(note: Note, mustLast: boolean): Promise<void>;
  /** The latest notes of attempts that were under way when the process before ended. Called once, after `receipts`. */
  notes(): Promise<readonly Note[]>;
  /** Takes back an envelope whose `save` failed: nobody was told that it is safe. */
  discard(id: string): Promise<void>;
  /** Nobody will ask for this receipt any more. */
  forget(id: string): Promise<void>;
  /** Envelopes that are there and for which `isKnown` is false, at most `max` of them, oldest first. */
  discover(isKnown: (id: string) => boolean, max: number): Promise<readonly Envelope[]>;
  /** Receipts that are kept from before. Called once, before anything else. */
  receipts(): Promise<readonly Receipt[]>;
  /** The end of a message that failed, if it is still kept. */
  findDead(id: string): Promise<Receipt | undefined>;
  close(): Promise<void>;
}

/** Nothing could be kept: a full disk, a folder that may not be written. The message says which, for the log. */
export class StoreError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'StoreError';
  }
}

/** Keeps nothing: what is not delivered when the process ends is lost, as the start-up line says. */
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
