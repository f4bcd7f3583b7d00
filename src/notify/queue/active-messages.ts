/** The messages that have not ended, as far as memory allows. */
import type { Envelope } from './envelope.ts';
import type { Kept } from './persister.ts';

/** What an envelope takes in memory besides its text. */
const ENVELOPE_BYTES = 1024;

export interface ActiveMessage extends Kept {
  readonly bytes: number;
  /** Timers of channels that wait for their next attempt. */
  readonly timers: Map<string, () => void>;
  /** Called whenever the envelope changes. */
  readonly watchers: Set<() => void>;
}

export interface ActiveLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

export class ActiveMessages {
  readonly #limits: ActiveLimits;
  readonly #messages = new Map<string, ActiveMessage>();
  #bytes = 0;

  constructor(limits: ActiveLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#messages.size;
  }

  get isFull(): boolean {
    return this.size >= this.#limits.maxMessages || this.#bytes >= this.#limits.maxBytes;
  }

  /** How many more may come from the store. */
  get room(): number {
    return this.isFull ? 0 : this.#limits.maxMessages - this.size;
  }

  get(id: string): ActiveMessage | undefined {
    return this.#messages.get(id);
  }

  has(id: string): boolean {
    return this.#messages.has(id);
  }

  values(): Iterable<ActiveMessage> {
    return this.#messages.values();
  }

  /** Whatever the limits say: messages from before the start have to be known. */
  add(envelope: Envelope): ActiveMessage {
    const { id, title, text } = envelope.message;
    const bytes = ENVELOPE_BYTES + 2 * (title.length + text.length);
    const message: ActiveMessage = {
      envelope,
      bytes,
      timers: new Map(),
      watchers: new Set(),
      isOutdated: false,
      keeping: undefined,
      isLost: false,
    };
    this.#messages.set(id, message);
    this.#bytes += bytes;
    return message;
  }

  delete(message: ActiveMessage): void {
    const { id } = message.envelope.message;
    if (this.#messages.get(id) !== message) return;
    this.#messages.delete(id);
    this.#bytes -= message.bytes;
  }
}
