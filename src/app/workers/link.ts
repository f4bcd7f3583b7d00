/** The connection between the leader and a worker: questions with their replies, in both directions. */
import type { Socket } from 'node:net';
import { encodeFrame, type Frame, FrameReader } from './frames.ts';

/** What is asked or replied: data of JSON, and bytes where there are any. */
export interface Parcel {
  readonly data?: unknown;
  readonly body?: Uint8Array | undefined;
}

/** Replies to one kind of question; what it throws is thrown at the other end, as an `Error` with that message. */
export type Answerer = (data: unknown, body: Uint8Array) => Parcel | Promise<Parcel>;

/** The other end is gone: its process has ended, or is about to. */
export class LinkClosedError extends Error {
  override readonly name = 'LinkClosedError';

  constructor() {
    super('the other process has ended');
  }
}

/** A question has a kind; a reply says which question it is to. */
type Head =
  | { readonly ask: string; readonly id: number; readonly data?: unknown }
  | { readonly to: number; readonly data?: unknown; readonly fault?: string };

interface Waiting {
  resolve(parcel: Parcel & { readonly body: Uint8Array }): void;
  reject(error: Error): void;
}

export class Link {
  readonly #pipe: Socket;
  readonly #answerers: Readonly<Record<string, Answerer>>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #reader = new FrameReader();
  #asked = 0;
  #isClosed = false;
  /** Resolves when the other end is gone. */
  readonly closed: Promise<void>;

  constructor(pipe: Socket, answerers: Readonly<Record<string, Answerer>>) {
    this.#pipe = pipe;
    this.#answerers = answerers;
    pipe.on('data', (piece: Buffer) => {
      for (const frame of this.#reader.push(piece)) this.#take(frame);
    });
    pipe.on('error', () => pipe.destroy());
    pipe.on('end', () => pipe.destroy());
    this.closed = new Promise((resolve) => {
      pipe.on('close', () => {
        this.#isClosed = true;
        for (const { reject } of this.#waiting.values()) reject(new LinkClosedError());
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** Resolves to the reply. Rejects with a {@link LinkClosedError} if there will be none. */
  ask(kind: string, { data, body }: Parcel = {}): Promise<Required<Parcel> & { readonly body: Uint8Array }> {
    if (this.#isClosed) return Promise.reject(new LinkClosedError());
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      this.#send({ ask: kind, id, data }, body);
    });
  }

  close(): void {
    this.#pipe.end();
  }

  #send(head: Head, body?: Uint8Array): void {
    this.#pipe.cork();
    for (const piece of encodeFrame(head, body)) this.#pipe.write(piece);
    this.#pipe.uncork();
  }

  #take({ head, body }: Frame): void {
    const said = head as Head;
    if ('ask' in said) return void this.#reply(said.ask, said.id, said.data, body);
    const waiting = this.#waiting.get(said.to);
    this.#waiting.delete(said.to);
    if (said.fault === undefined) waiting?.resolve({ data: said.data, body });
    else waiting?.reject(new Error(said.fault));
  }

  async #reply(kind: string, id: number, asked: unknown, bytes: Uint8Array): Promise<void> {
    try {
      const answerer = this.#answerers[kind];
      if (!answerer) throw new Error(`nobody replies to ${kind}`);
      const { data, body } = await answerer(asked, bytes);
      if (!this.#isClosed) this.#send({ to: id, data }, body);
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      if (!this.#isClosed) this.#send({ to: id, fault });
    }
  }
}
