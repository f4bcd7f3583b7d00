/** Where the queue keeps messages: nowhere, on disk, or where other processes keep theirs. */
import type { Rate } from '../channels/channel.ts';
import type { Envelope, Note, Receipt } from './envelope.ts';

/** What became of a new message. */
export type Admission =
  | { readonly kind: 'saved' }
  /** Its idempotency key belongs to an earlier message. */
  | { readonly kind: 'used'; readonly id: string; readonly fingerprint: string }
  | { readonly kind: 'full' };

/** Whether an attempt may begin. */
export type Start =
  | { readonly kind: 'begun' }
  /** Not yet: the channel is called too often, by all processes together. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** The message belongs to another process now. */
  | { readonly kind: 'lost' };

/** How a channel may be called, by all processes together. */
export interface ChannelPace {
  readonly channel: string;
  readonly rates: readonly Rate[];
  /** How often this attempt will call the provider. */
  readonly calls: number;
}

export interface MessageStore {
  /** Its name in the start-up line. */
  readonly name: string;
  /** Whether accepted messages survive the end of the process. */
  readonly isDurable: boolean;
  /** Whether other processes work on the messages too. An attempt then begins only where `begin` says so. */
  readonly isShared: boolean;
  /** Whether it can be reached, as far as it can tell. */
  readonly isReady: boolean;
  /** Number of dead letters. */
  readonly deadMessages: number;
  /** Saves a new envelope. Safe when it resolves with `saved`; rejects with {@link StoreError}. */
  accept(envelope: Envelope): Promise<Admission>;
  /** Saves a new state of a known envelope. Rejects with {@link StoreError} or {@link LostMessage}. */
  save(envelope: Envelope): Promise<void>;
  /** Records the end of an envelope, and deletes the message unless a channel failed. Rejects as `save` does. */
  finish(envelope: Envelope, receipt: Receipt): Promise<void>;
  /** Records that an attempt begins. Rejects with {@link StoreError}. */
  begin(note: Note, pace: ChannelPace): Promise<Start>;
  /**
   * Records the progress of an attempt until a later `save` or `finish` includes it. A note survives the end of the
   * process, and a power cut only if it `mustLast`. Rejects with {@link StoreError}.
   */
  note(note: Note, mustLast: boolean): Promise<void>;
  /** Has all processes call a channel no more for so long. Never rejects. */
  hold(channel: string, ms: number): Promise<void>;
  /** Removes an envelope whose `accept` failed, and whose message was therefore refused. */
  discard(envelope: Envelope): Promise<void>;
  /** Deletes a receipt that is no longer needed. */
  forget(id: string): Promise<void>;
  /**
   * Stored envelopes for which `isKnown` is false, at most `max` of them, oldest first. What is found belongs to this
   * process. Where others could take them as well, it is a portion: there may be more as long as some are found.
   */
  discover(isKnown: (id: string) => boolean, max: number): Promise<readonly Envelope[]>;
  /** The notes of a message that was discovered: of attempts that were in progress when its process ended. */
  notesOf(id: string): readonly Note[];
  /** Receipts of earlier processes. Called once, before anything else. */
  receipts(): Promise<readonly Receipt[]>;
  /** A message that this process does not know: of another one, or ended, or failed. */
  find(id: string): Promise<Omit<Receipt, 'endedMs'> | undefined>;
  /** Calls `onFound` when `discover` would find something, and `onBack` when the store works again, if it can tell. */
  watch(onFound: () => void, onBack: () => void): void;
  close(): Promise<void>;
}

/** Saving failed, for example on a full disk or in a folder without write permission. The message is for the log. */
export class StoreError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'StoreError';
  }
}

/** Another process has the message: what this one did with it last does not count. */
export class LostMessage extends Error {
  constructor(id: string) {
    super(`${id} belongs to another process`);
    this.name = 'LostMessage';
  }
}

/** Stores nothing: messages that are not delivered when the process ends are lost, as the start-up line says. */
export const memoryStore: MessageStore = {
  name: 'memory',
  isDurable: false,
  isShared: false,
  isReady: true,
  deadMessages: 0,
  accept: async () => ({ kind: 'saved' }),
  save: async () => undefined,
  finish: async () => undefined,
  begin: async () => ({ kind: 'begun' }),
  note: async () => undefined,
  hold: async () => undefined,
  discard: async () => undefined,
  forget: async () => undefined,
  discover: async () => [],
  notesOf: () => [],
  receipts: async () => [],
  find: async () => undefined,
  watch: () => undefined,
  close: async () => undefined,
};
