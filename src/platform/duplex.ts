/**
 * A stream in both directions, with the rules of Node's that the product relies on: nothing flows before somebody
 * listens or resumes; what is put back comes first; `end` comes after the last byte; a write calls back when the
 * transport has the bytes. The transport is the subclass: `net.ts` a descriptor, `tls.ts` another stream.
 */
import { Buffer } from './buffer.ts';
import { EventEmitter, type Listener } from './events.ts';
import { host } from './host.ts';
import { clearTimeout, setTimeout, type Timer } from './loop.ts';

export type Done = (error?: Error | null) => void;

/** What waits to be sent: a text in Latin-1, or bytes. */
export interface Pending {
  content: string | Uint8Array;
  readonly done: Done | undefined;
}

/** What is read ahead while nothing flows, and what may wait to be sent before `write` asks for a pause. */
const HIGH_WATER_MARK_BYTES = 65536;

export abstract class Duplex extends EventEmitter {
  destroyed = false;
  closed = false;
  /** The end of the input was reported. */
  readableEnded = false;
  /** `null` until somebody listens, resumes or pauses. */
  readableFlowing: boolean | null = null;
  readableLength = 0;
  writableEnded = false;
  writableFinished = false;
  writableLength = 0;
  errored: Error | null = null;
  /** The time without any transfer after which `timeout` is emitted, in ms; 0 or undefined: never. */
  timeout: number | undefined;
  bytesRead = 0;
  bytesWritten = 0;
  /** An end of the input ends the output too, unless this is set. */
  allowHalfOpen = false;
  protected highWaterMark = HIGH_WATER_MARK_BYTES;
  protected readonly pending: Pending[] = [];
  #received: Buffer[] = [];
  #hasEnded = false;
  #isFlowQueued = false;
  #corks = 0;
  #needsDrain = false;
  #isEndSent = false;
  #onFinished: Done | undefined;
  #timer: Timer | undefined;
  #isText = false;

  /** Sends what is pending, as far as the transport takes it, and reports it by `sent`. */
  protected abstract flush(): void;
  /** Reads on, or stops reading. */
  protected abstract setReading(isReading: boolean): void;
  /** Sends the end of the output after what is pending. */
  protected abstract sendEnd(): void;
  /** Releases the transport. */
  protected abstract release(): void;

  get readable(): boolean {
    return !this.destroyed && !this.readableEnded;
  }

  get writable(): boolean {
    return !this.destroyed && !this.writableEnded;
  }

  override on(event: string, listener: Listener): this {
    super.on(event, listener);
    if (event === 'data' && this.readableFlowing === null) this.resume();
    return this;
  }

  setEncoding(_encoding: 'latin1'): this {
    this.#isText = true;
    return this;
  }

  #emitData(chunk: Buffer): void {
    this.emit('data', this.#isText ? chunk.toString('latin1') : chunk);
  }

  isPaused(): boolean {
    return this.readableFlowing === false;
  }

  /** What arrives meanwhile is kept, up to the mark. */
  pause(): this {
    this.readableFlowing = false;
    if (!this.destroyed) this.pull();
    return this;
  }

  resume(): this {
    if (this.destroyed) return this;
    this.readableFlowing = true;
    this.pull();
    if (this.#received.length > 0 || this.#hasEnded) this.#queueFlow();
    return this;
  }

  /** Reads on if there is room. */
  protected pull(): void {
    const hasRoom = this.readableFlowing === true || this.readableLength < this.highWaterMark;
    this.setReading(hasRoom && !this.#hasEnded);
  }

  unshift(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const content = Buffer.from(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.length);
    this.#received.unshift(content);
    this.readableLength += content.length;
    if (this.readableFlowing) this.#queueFlow();
  }

  #queueFlow(): void {
    if (this.#isFlowQueued) return;
    this.#isFlowQueued = true;
    host.queueMicrotask(() => {
      this.#isFlowQueued = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (this.readableFlowing && !this.destroyed) {
      const chunk = this.#received.shift();
      if (!chunk) break;
      this.readableLength -= chunk.length;
      this.#emitData(chunk);
    }
    if (this.#hasEnded && this.#received.length === 0 && this.readable) this.#reportEnd();
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
    if (this.readableFlowing && this.#received.length === 0) {
      this.#emitData(chunk);
      return;
    }
    this.#received.push(chunk);
    this.readableLength += chunk.length;
    this.pull();
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
    if (this.destroyed || this.writableEnded) return this.#refuse(done);
    const isKept = typeof chunk !== 'string' || encodingOrDone === 'latin1';
    const encoding = typeof encodingOrDone === 'string' ? encodingOrDone : undefined;
    const content = isKept ? chunk : Buffer.from(chunk, encoding);
    this.pending.push({ content, done });
    this.writableLength += content.length;
    if (this.#corks === 0) this.flush();
    if (this.writableLength < this.highWaterMark) return true;
    this.#needsDrain = true;
    return false;
  }

  #refuse(done: Done | undefined): false {
    const code = this.destroyed ? 'ERR_STREAM_DESTROYED' : 'ERR_STREAM_WRITE_AFTER_END';
    const error = Object.assign(new Error('nothing can be written any more'), { code });
    if (done) host.queueMicrotask(() => done(error));
    if (!this.destroyed) this.destroy(error);
    return false;
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
      const { content, done } = first;
      if (content.length > left) {
        first.content = typeof content === 'string' ? content.slice(left) : content.subarray(left);
        return;
      }
      left -= content.length;
      this.pending.shift();
      if (done) host.queueMicrotask(done);
    }
    this.#afterAll();
  }

  #afterAll(): void {
    if (this.writableEnded && this.#isEndSent) return;
    if (this.writableEnded) {
      this.#isEndSent = true;
      this.sendEnd();
      host.queueMicrotask(() => this.#finish());
    } else if (this.#needsDrain) {
      this.#needsDrain = false;
      host.queueMicrotask(() => !this.destroyed && this.emit('drain'));
    }
  }

  #finish(): void {
    if (this.destroyed) return;
    this.writableFinished = true;
    const done = this.#onFinished;
    this.#onFinished = undefined;
    done?.();
    this.emit('finish');
    this.#closeIfOver();
  }

  end(chunk?: string | Uint8Array | Done, encodingOrDone?: unknown, done?: Done): this {
    if (this.writableEnded || this.destroyed) return this;
    this.#onFinished = [chunk, encodingOrDone, done].find((one) => typeof one === 'function') as
      | Done
      | undefined;
    const encoding = typeof encodingOrDone === 'string' ? encodingOrDone : undefined;
    if (chunk !== undefined && typeof chunk !== 'function') this.write(chunk, encoding);
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
    this.readableLength = 0;
    this.writableLength = 0;
    this.release();
    const pending = this.pending.splice(0);
    host.queueMicrotask(() => this.#close(pending, error));
    return this;
  }

  #close(pending: readonly Pending[], error: Error | null | undefined): void {
    const lost = error ?? Object.assign(new Error('closed'), { code: 'ERR_STREAM_DESTROYED' });
    for (const { done } of pending) done?.(lost);
    this.#onFinished?.(lost);
    this.closed = true;
    if (error) this.emit('error', error);
    this.emit('close', Boolean(error));
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
