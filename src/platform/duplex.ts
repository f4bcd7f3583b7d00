/**
 * A stream in both directions, with the rules of Node's that the product relies on: nothing flows before somebody
 * listens or resumes; what is put back comes first; `end` comes after the last byte; a write calls back when the
 * transport has the bytes. The transport is the subclass: `socket.ts` a descriptor, `tls.ts` another stream.
 */
import { Buffer } from './buffer.ts';
import { EventEmitter, type Listener } from './events.ts';
import { host } from './host.ts';
import { clearTimeout, setTimeout, type Timer } from './loop.ts';

export type Done = (error?: Error | null) => void;

/** What waits to be sent: a text in Latin-1, or bytes. */
interface Pending {
  content: string | Uint8Array;
  readonly done: Done | undefined;
}

/** What is read ahead while nothing flows, and what may wait to be sent before `write` asks for a pause. */
const HIGH_WATER_MARK_BYTES = 65536;
const nothing = new Uint8Array(0);
/** Never changed. */
const noneWaiting: Pending[] = [];
const noneReceived: Buffer[] = [];

export abstract class Duplex extends EventEmitter {
  destroyed = false;
  closed = false;
  /** The end of the input was reported. */
  readableEnded = false;
  readableLength = 0;
  writableEnded = false;
  writableLength = 0;
  /** The time without any transfer after which `timeout` is emitted, in ms; 0 or undefined: never. */
  timeout: number | undefined;
  /** An end of the input ends the output too, unless this is set. */
  protected allowHalfOpen = false;
  protected highWaterMark = HIGH_WATER_MARK_BYTES;
  /** Lists of its own only where something waits: most connections never have any. */
  #pending: Pending[] = noneWaiting;
  #received: Buffer[] = noneReceived;
  /** `null` until somebody listens, resumes or pauses. */
  #isFlowing: boolean | null = null;
  #hasEnded = false;
  #isFlowQueued = false;
  #corks = 0;
  /** The transport takes nothing now, and will call `flush`. */
  #isFull = false;
  #needsDrain = false;
  #isEndSent = false;
  #isFinished = false;
  #onFinished: Done | undefined;
  #timer: Timer | undefined;
  #isText = false;

  /** The transport takes something at all: it is open. */
  protected abstract get canSend(): boolean;
  /**
   * Sends a text in Latin-1 or bytes, and more bytes behind a text; returns how many the transport took. If it fails,
   * it destroys the stream, or returns what `lose` does.
   */
  protected abstract send(content: string | Uint8Array, more: Uint8Array): number;
  /** Calls `flush` once the transport takes more, or not any longer. */
  protected abstract setFull(isFull: boolean): void;
  /** Reads on, or stops reading. */
  protected abstract setReading(isReading: boolean): void;
  /** Sends the end of the output. */
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
    if (event === 'data' && this.#isFlowing === null) this.resume();
    return this;
  }

  setEncoding(_encoding: 'latin1'): this {
    this.#isText = true;
    return this;
  }

  #emitData(chunk: Buffer): void {
    this.emit('data', this.#isText ? chunk.toString('latin1') : chunk);
  }

  /** What arrives meanwhile is kept, up to the mark. */
  pause(): this {
    this.#isFlowing = false;
    if (!this.destroyed) this.pull();
    return this;
  }

  resume(): this {
    if (this.destroyed) return this;
    this.#isFlowing = true;
    this.pull();
    if (this.#received.length > 0 || this.#hasEnded) this.#queueFlow();
    return this;
  }

  /** Reads on if there is room. */
  protected pull(): void {
    const hasRoom = this.#isFlowing === true || this.readableLength < this.highWaterMark;
    this.setReading(hasRoom && !this.#hasEnded);
  }

  unshift(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const first = Buffer.from(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.length);
    this.#received = [first].concat(this.#received);
    this.readableLength += chunk.length;
    if (this.#isFlowing) this.#queueFlow();
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
    while (this.#isFlowing && !this.destroyed) {
      const chunk = this.#received.shift();
      if (!chunk) break;
      this.readableLength -= chunk.length;
      this.#emitData(chunk);
    }
    const isOver = this.#hasEnded && this.#received.length === 0;
    if (!isOver || this.destroyed || this.readableEnded) return;
    this.readableEnded = true;
    this.emit('end');
    if (!this.allowHalfOpen) this.end();
    this.#closeIfOver();
  }

  /** For the transport: these bytes came. */
  protected received(chunk: Buffer): void {
    this.#timer?.refresh();
    if (this.#isFlowing && this.readableLength === 0) return this.#emitData(chunk);
    if (this.#received === noneReceived) this.#received = [];
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
    let content = chunk;
    if (typeof chunk === 'string' && encodingOrDone !== 'latin1')
      content = Buffer.from(chunk, encodingOrDone === done ? undefined : encodingOrDone);
    let { length } = content;
    // Most responses leave by this way: nothing waits, and the transport takes all.
    if (done === undefined && length > 0 && this.writableLength === 0 && this.#corks === 0 && this.canSend) {
      const count = this.send(content, nothing);
      if (count > 0) this.#timer?.refresh();
      if (count === length || count < 0 || this.destroyed) return true;
      content = typeof content === 'string' ? content.slice(count) : content.subarray(count);
      length -= count;
      this.#setFull(true);
    }
    if (this.#pending === noneWaiting) this.#pending = [];
    this.#pending.push({ content, done });
    this.writableLength += length;
    if (!this.#isFull) this.flush();
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
    this.flush();
  }

  /** Sends what is pending, as far as the transport takes it: a text and the bytes after it at once. */
  protected flush(): void {
    if (this.#corks > 0 || !this.canSend) return;
    for (let first = this.#pending[0]; first; first = this.#pending[0]) {
      const { content } = first;
      const next = typeof content === 'string' ? this.#pending[1]?.content : undefined;
      const more = typeof next === 'object' ? next : nothing;
      const wanted = content.length + more.length;
      const count = wanted === 0 ? 0 : this.send(content, more);
      if (this.destroyed || count < 0) return;
      this.#sent(count);
      if (count < wanted) return this.#setFull(true);
    }
    this.#setFull(false);
    this.#afterAll();
  }

  /** For the transport: what waits is lost by a failure after which the stream goes on. */
  protected lose(error: Error): -1 {
    this.writableLength = 0;
    const pending = this.#pending.splice(0);
    host.queueMicrotask(() => {
      for (const { done } of pending) done?.(error);
      this.emit('error', error);
    });
    return -1;
  }

  #setFull(isFull: boolean): void {
    if (this.#isFull === isFull) return;
    this.#isFull = isFull;
    this.setFull(isFull);
  }

  #sent(count: number): void {
    this.writableLength -= count;
    if (count > 0) this.#timer?.refresh();
    let left = count;
    for (let first = this.#pending[0]; first; first = this.#pending[0]) {
      const { content, done } = first;
      if (content.length > left) {
        first.content = typeof content === 'string' ? content.slice(left) : content.subarray(left);
        return;
      }
      left -= content.length;
      this.#pending.shift();
      if (done) host.queueMicrotask(done);
    }
  }

  #afterAll(): void {
    if (this.writableEnded && !this.#isEndSent) {
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
    this.#isFinished = true;
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
    if (this.writableLength === 0) this.flush();
    return this;
  }

  #closeIfOver(): void {
    if (this.readableEnded && this.#isFinished) this.destroy();
  }

  destroySoon(): void {
    if (!this.writableEnded) this.end();
    if (this.#isFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  destroy(error?: Error | null): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    clearTimeout(this.#timer);
    this.#received = noneReceived;
    this.readableLength = 0;
    this.writableLength = 0;
    this.release();
    const pending = this.#pending.splice(0);
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
}
