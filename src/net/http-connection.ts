/**
 * HTTP over one connection to a server, one exchange at a time. What comes when no response is due ends the
 * connection, so that it is never taken for the response to a later request.
 */
import type { Socket } from 'node:net';
import { type ResponseLimits, ResponseReader } from '../http/wire/client/response.ts';
import { NetworkFault } from './network-fault.ts';

export interface Transfer {
  readonly method: string;
  /** The whole request. */
  readonly bytes: Uint8Array | string;
  readonly limits: ResponseLimits;
  /** From the end of the head to the end of the body. */
  readonly bodyTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** What came of a response, and why there is not more of it. */
export interface Ending {
  readonly response: ResponseReader;
  readonly error: unknown;
}

interface Exchange {
  readonly response: ResponseReader;
  readonly bodyTimeoutMs: number;
  readonly finish: (error?: unknown) => void;
  timer: NodeJS.Timeout | undefined;
}

export class HttpConnection {
  readonly #socket: Socket;
  #current: Exchange | undefined;
  #isReading = false;

  /** `socket` is ready for a request; nothing has been read from it. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error) => this.#onLoss(error));
    socket.on('close', () => this.#onLoss(undefined));
  }

  /** Whether a request can be sent. */
  get isOpen(): boolean {
    return this.#socket.writable && this.#socket.readable;
  }

  /** Whether everything that was written has left, so that the next request begins where the server expects it. */
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** Whether the connection keeps the process running. */
  hold(holds: boolean): void {
    if (holds) this.#socket.ref();
    else this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Never rejects. Afterwards the connection is to be destroyed, unless the response is persistent. */
  exchange({ method, bytes, limits, bodyTimeoutMs, signal }: Transfer): Promise<Ending> {
    return new Promise((resolve) => {
      const response = new ResponseReader(method, limits);
      const abort = () => this.#onLoss(new NetworkFault('it took too long'));
      const finish = (error: unknown) => {
        clearTimeout(this.#current?.timer);
        this.#current = undefined;
        signal.removeEventListener('abort', abort);
        resolve({ response, error });
      };
      this.#current = { response, bodyTimeoutMs, finish, timer: undefined };
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) return abort();
      if (!this.isOpen) return this.#onLoss(new NetworkFault('the connection was closed'));
      this.#read();
      if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1');
      else this.#socket.write(bytes);
    });
  }

  /** Only from the first request on: a busy server may respond before it, and that is the response. */
  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    this.#socket.on('end', () => this.#onEnd());
    // A proxy's tunnel comes paused.
    this.#socket.resume();
  }

  #onData(bytes: Buffer): void {
    if (!this.#current) return this.destroy();
    const { response, bodyTimeoutMs, finish } = this.#current;
    response.push(bytes);
    if (response.state === 'body') {
      this.#current.timer ??= setTimeout(
        () => this.#onLoss(new NetworkFault('it took too long')),
        bodyTimeoutMs,
      );
    } else if (response.state !== 'head') finish();
  }

  #onEnd(): void {
    if (!this.#current) return this.destroy();
    this.#current.response.close();
    this.#current.finish();
  }

  #onLoss(error: unknown): void {
    this.#current?.response.cut();
    this.#current?.finish(error);
  }
}
