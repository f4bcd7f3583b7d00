/** A bounded, batching writer of lines that never blocks, throws or takes the server down. */
import { systemCode } from '../util/system-code.ts';

/** Bytes that may wait for a slow reader of the log, in this sink and in its stream; beyond it, lines are dropped. */
export const MAX_QUEUED_BYTES = 1024 * 1024;
/** A batch is written when it has this many bytes … */
export const BATCH_BYTES = 16 * 1024;
/** … or this long after its first line. */
export const BATCH_DELAY_MS = 100;
/** How long logging pauses when the disk is full. */
export const FULL_DISK_PAUSE_MS = 5000;
/** How long `flush` waits for a slow reader. */
export const FLUSH_TIMEOUT_MS = 500;
const FLUSH_POLL_MS = 10;

/** Transient errors: the same stream, such as `process.stdout`, can be written to again after them. */
const transientErrors: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EAGAIN']);

/** The part of a `stream.Writable` that a sink uses. */
export interface LineStream {
  write(chunk: string, encoding: 'latin1'): boolean;
  readonly writableLength: number;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

export interface SinkOptions {
  /** The line that reports `count` lost lines, without line feed. */
  readonly describeDropped: (count: number) => string;
  readonly maxQueuedBytes?: number;
}

export interface LineSink {
  /** Queues one line of ASCII text without its line feed. Never blocks or throws. */
  write(line: string): void;
  /** The same for whole lines of another process, each with its line feed. */
  writeLines(lines: string): void;
  /** Writes everything to the stream and waits until it is flushed, at most `timeoutMs`. */
  flush(timeoutMs?: number): Promise<void>;
  /** Lines lost since the start, because of a slow reader, a full disk, or a closed pipe. */
  readonly droppedLines: number;
}

/** `full` ends when half of the space is free again, so that a slow reader gets few reports, not one per line. */
type SinkState = 'open' | 'full' | 'paused' | 'stopped';

class BoundedLineSink implements LineSink {
  readonly #stream: LineStream;
  readonly #describeDropped: SinkOptions['describeDropped'];
  readonly #maxQueuedBytes: number;
  #state: SinkState = 'open';
  /** Without the line feed at the end of each; a text that grows would be copied for each line in mote-tiny. */
  #batch: string[] = [];
  #batchBytes = 0;
  #batchLines = 0;
  /** Lines of the last batch written to the stream: lost if it reports an error now. */
  #sentLines = 0;
  #armed = false;
  #unreported = 0;
  droppedLines = 0;

  constructor(stream: LineStream, options: SinkOptions) {
    this.#stream = stream;
    this.#describeDropped = options.describeDropped;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? MAX_QUEUED_BYTES;
    stream.on('error', (error) => this.#fail(error));
  }

  write(line: string): void {
    this.#add(line, 1);
  }

  writeLines(lines: string): void {
    const count = lines.split('\n').length - 1;
    if (count > 0) this.#add(lines.slice(0, -1), count);
  }

  #add(text: string, lines: number): void {
    if (!this.#hasRoom(text.length + 1)) return this.#drop(lines);
    if (this.#unreported > 0) this.#reportDropped();
    this.#append(text);
    this.#batchLines += lines;
    if (this.#batchBytes >= BATCH_BYTES) this.#send();
    else if (!this.#armed) this.#arm();
  }

  #append(text: string): void {
    this.#batch.push(text);
    this.#batchBytes += text.length + 1;
  }

  async flush(timeoutMs: number = FLUSH_TIMEOUT_MS): Promise<void> {
    this.#sendAll();
    // Not 'drain': a stream emits that only after a write that returned false.
    for (let waited = 0; waited < timeoutMs && this.#isWriting(); waited += FLUSH_POLL_MS) {
      await new Promise((resolve) => setTimeout(resolve, FLUSH_POLL_MS));
    }
  }

  #isWriting(): boolean {
    return this.#stream.writableLength > 0 && this.#state !== 'stopped';
  }

  #hasRoom(bytes: number): boolean {
    const queued = this.#batchBytes + this.#stream.writableLength + bytes;
    if (this.#state === 'open' && queued <= this.#maxQueuedBytes) return true;
    if (this.#state === 'paused' || this.#state === 'stopped') return false;
    const limit = this.#state === 'full' ? this.#maxQueuedBytes / 2 : this.#maxQueuedBytes;
    this.#state = queued <= limit ? 'open' : 'full';
    return this.#state === 'open';
  }

  #drop(lines: number): void {
    this.droppedLines += lines;
    this.#unreported += lines;
    if (this.#state === 'full') this.#arm();
  }

  #reportDropped(): void {
    this.#append(this.#describeDropped(this.#unreported));
    this.#unreported = 0;
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    setTimeout(() => {
      this.#armed = false;
      this.#sendAll();
      if (this.#state === 'full') this.#arm();
    }, BATCH_DELAY_MS).unref();
  }

  #sendAll(): void {
    if (this.#unreported > 0 && this.#hasRoom(0)) this.#reportDropped();
    this.#send();
  }

  #send(): void {
    if (this.#batchBytes === 0) return;
    const batch = `${this.#batch.join('\n')}\n`;
    this.#sentLines = this.#batchLines;
    this.#empty();
    try {
      // Lines are ASCII, and Latin-1 is the fastest way to encode that.
      this.#stream.write(batch, 'latin1');
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
    }
  }

  #empty(): void {
    this.#batch = [];
    this.#batchBytes = 0;
    this.#batchLines = 0;
  }

  /** There is nowhere to report a broken log; the server continues without it. */
  #fail(error: NodeJS.ErrnoException): void {
    this.#drop(this.#sentLines + this.#batchLines);
    this.#sentLines = 0;
    this.#empty();
    if (!transientErrors.has(systemCode(error))) {
      this.#state = 'stopped';
    } else if (this.#state === 'open' || this.#state === 'full') {
      this.#state = 'paused';
      setTimeout(() => this.#resume(), FULL_DISK_PAUSE_MS).unref();
    }
  }

  #resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'open';
    this.#sendAll();
  }
}

/**
 * A sink on `stream`, typically `process.stdout`. A transient error (full disk) pauses it, any other error
 * (`EPIPE`: the reader has closed the pipe) stops it; both are silent and count as dropped lines.
 */
export function createLineSink(stream: LineStream, options: SinkOptions): LineSink {
  return new BoundedLineSink(stream, options);
}
