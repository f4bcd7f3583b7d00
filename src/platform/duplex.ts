/**
 * A stream in both directions, with the rules of Node's that the product relies on: nothing flows before somebody
 * listens or resumes; what is put back comes first; `end` comes after the last byte; a write calls back when the
 * transport has the bytes. The transport is the subclass: `net.ts` a descriptor, `tls.ts` another stream.
 */
import { Buffer } from './buffer.ts';
import { EventEmitter, type Listener } from './events.ts';
import { clearTimeout, setTimeout, type Timer } from './loop.ts';

export type Done = (error?: Error | null) => void;

/** What waits to be sent: a text in Latin-1, or bytes. */
export interface Pending {
  content: string | Uint8Array;
  readonly done: Done | undefined;
}

export abstract class Duplex extends EventEmitter {
  destroyed = false;
  /** The end of the input was reported. */
  readableEnded = false;
  writableEnded = false;
  writableFinished = false;
  errored: Error | null = null;
  /** The time without any transfer after which `timeout` is emitted, in ms; 0 or undefined: never. */
  timeout: number | undefined;
  bytesRead = 0;
  bytesWritten = 0;
  writableLength = 0;
  /** An end of the input ends the output too, unless this is set. */
  allowHalfOpen = false;
  protected readonly pending: Pending[] = [];
  #received: Buffer[] = [];
  #hasEnded = false;
  #flow: 'initial' | 'flowing' | 'paused' = 'initial';
  #isFlowQueued = false;
  #corks = 0;
  #timer: Timer | undefined;

  /** Sends what is pending, as far as the transport takes it, and reports it by `sent`. */
  protected abstract flush(): void;
  /** Reads on, or stops reading. */
  protected abstract setReading(isReading: boolean): void;
  /** Sends the end of the output after what is pending. */
  protected abstract sendEnd(): void;
  /** Releases the transport. */
  protected abstract release(): void;

  override on(event: string, listener: Listener): this {
    super.on(event, listener);
    if (event === 'data' && this.#flow === 'initial') this.resume();
    return this;
  }

  get readableLength(): number {
    return this.#received.reduce((sum, { length }) => sum + length, 0);
  }

  get readableFlowing(): boolean {
    return this.#flow === 'flowing';
  }

  isPaused(): boolean {
    return this.#flow === 'paused';
  }

  pause(): this {
    this.#flow = 'paused';
    if (!this.destroyed) this.setReading(false);
    return this;
  }

  resume(): this {
    if (this.destroyed) return this;
    this.#flow = 'flowing';
    if (!this.#hasEnded) this.setReading(true);
    if (this.#received.length > 0 || this.#hasEnded) this.#queueFlow();
    return this;
  }

  unshift(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#received.unshift(Buffer.from(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.length));
    if (this.#flow === 'flowing') this.#queueFlow();
  }

  #queueFlow(): void {
    if (this.#isFlowQueued) return;
    this.#isFlowQueued = true;
    queueMicrotask(() => {
      this.#isFlowQueued = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (this.#flow === 'flowing' && !this.destroyed) {
      const chunk = this.#received.shift();
      if (!chunk) break;
      this.emit('data', chunk);
    }
    const isDone = this.#hasEnded && this.#received.length === 0 && this.#flow === 'flowing';
    if (isDone && !this.readableEnded && !this.destroyed) this.#reportEnd();
  }

  #reportEnd(): void {
    this.readableEnded = true;
    this.emit('end');
    if (!this.allowHalfOpen) this.end();
    this.#closeIfOver();
  }

  /** For the transport: these bytes came. */
  protected received(chunk: Buffer): void {
    this.bytesRead += chunk.length;
    this.touch();
    if (this.#flow === 'flowing' && this.#received.length === 0) this.emit('data', chunk);
    else this.#received.push(chunk);
  }

  /** For the transport: nothing more will come. */
  protected receivedEnd(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.setReading(false);
    this.#deliver();
  }

  write(chunk: string | Uint8Array, encodingOrDone?: unknown, doneOrNothing?: Done): boolean {
    const done = typeof encodingOrDone === 'function' ? (encodingOrDone as Done) : doneOrNothing;
    if (this.destroyed || this.writableEnded) {
      const error = Object.assign(new Error('write after end'), { code: 'ERR_STREAM_DESTROYED' });
      queueMicrotask(() => done?.(error));
      return false;
    }
    const encoding = typeof encodingOrDone === 'string' ? encodingOrDone : undefined;
    const isKept = typeof chunk !== 'string' || encoding === 'latin1';
    const content = isKept ? chunk : Buffer.from(chunk, encoding);
    this.pending.push({ content, done });
    this.writableLength += content.length;
    if (this.#corks === 0) this.flush();
    return this.writableLength === 0;
  }

  cork(): void {
    this.#corks += 1;
  }

  uncork(): void {
    this.#corks -= 1;
    if (this.#corks === 0) this.flush();
  }

  protected get isCorked(): boolean {
    return this.#corks > 0;
  }

  /** For the transport: so many bytes of what is pending are sent. */
  protected sent(count: number): void {
    this.bytesWritten += count;
    this.writableLength -= count;
    this.touch();
    let left = count;
    for (let first = this.pending[0]; first; first = this.pending[0]) {
      const { length } = first.content;
      if (length > left) {
        first.content =
          typeof first.content === 'string' ? first.content.slice(left) : first.content.subarray(left);
        return;
      }
      left -= length;
      this.pending.shift();
      const { done } = first;
      if (done) queueMicrotask(() => done());
    }
    this.#afterAll();
  }

  #afterAll(): void {
    if (this.writableEnded && !this.writableFinished) {
      this.sendEnd();
      this.writableFinished = true;
      queueMicrotask(() => {
        this.emit('finish');
        this.#closeIfOver();
      });
    } else if (this.listenerCount('drain') > 0) {
      queueMicrotask(() => this.writableLength === 0 && this.emit('drain'));
    }
  }

  end(chunk?: string | Uint8Array | Done, encodingOrDone?: unknown, done?: Done): this {
    const last = [chunk, encodingOrDone, done].find((one) => typeof one === 'function') as Done | undefined;
    if (this.writableEnded || this.destroyed) return this;
    if (last) this.once('finish', () => last());
    if (chunk !== undefined && typeof chunk !== 'function') this.write(chunk, encodingOrDone);
    this.writableEnded = true;
    if (this.writableLength === 0 && this.canEnd) this.sent(0);
    return this;
  }

  /** Whether the end can be sent now; else the transport calls `sent(0)` later. */
  protected get canEnd(): boolean {
    return true;
  }

  #closeIfOver(): void {
    if (this.readableEnded && this.writableFinished) this.destroy();
  }

  destroySoon(): void {
    if (!this.writableEnded) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  destroy(error?: Error | null): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.errored = error ?? null;
    clearTimeout(this.#timer);
    this.#received = [];
    this.release();
    const lost = error ?? Object.assign(new Error('closed'), { code: 'ERR_STREAM_DESTROYED' });
    const pending = this.pending.splice(0);
    this.writableLength = 0;
    queueMicrotask(() => {
      for (const { done } of pending) done?.(lost);
      if (error) this.emit('error', error);
      this.emit('close', error !== undefined && error !== null);
    });
    return this;
  }

  setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.#timer);
    this.timeout = ms;
    this.#timer = undefined;
    if (listener) this.once('timeout', listener);
    if (ms > 0) this.#timer = setTimeout(() => this.emit('timeout'), ms).unref();
    return this;
  }

  protected touch(): void {
    this.#timer?.refresh();
  }
}
