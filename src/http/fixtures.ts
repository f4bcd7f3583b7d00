/** What the tests of sending share. */
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';

/** The server's end of a connection whose client takes bytes only when the test says so. */
export class Wire extends Duplex {
  /** What the client has taken. */
  taken = Buffer.alloc(0);
  #held = false;
  #release: () => void = () => undefined;

  /** From the next write on, the client takes nothing. */
  hold(): void {
    this.#held = true;
  }

  /** The client takes what waits and, unless it is held, all that follows. */
  release(held: boolean): void {
    const release = this.#release;
    this.#held = held;
    this.#release = () => undefined;
    release();
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    // No copy before it is taken: a buffer that is used again too early would show.
    const take = () => {
      this.taken = Buffer.concat([this.taken, bytes]);
      done();
    };
    if (this.#held) this.#release = take;
    else take();
  }

  /** What the client has taken, as Latin-1. */
  get text(): string {
    return this.taken.toString('latin1');
  }

  /** The same without the header section. */
  get body(): Buffer {
    return this.taken.subarray(this.taken.indexOf('\r\n\r\n') + 4);
  }
}

export const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits for what must come soon, without a fixed time. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i++) await tick();
  assert.ok(holds(), what);
}
