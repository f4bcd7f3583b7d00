/** The writing side of a connection of the engine `wire`: answers as bytes, back-pressure, and the last word. */
import type { Socket } from 'node:net';
import type { Exchange } from '../../connection.ts';
import { withoutOverridden } from '../../middleware/default-headers.ts';
import { closeQuietly, Gone, linger, type SourceBody, sendSource } from '../../send.ts';
import type { Plan } from '../../types.ts';
import { CONTINUE, connectionLines, renderFields } from '../../wire/response.ts';
import type { WireShared } from './shared.ts';

/** Who writes. */
export interface Author {
  /** An answer has to wait for its client; until it is sent, nothing should be read. */
  onStall(): void;
  /** The answer is in the hands of the kernel. */
  onSent(exchange: Exchange, isLast: boolean): void;
}

const nothing = Buffer.alloc(0);

export class Writer {
  readonly #socket: Socket;
  readonly #shared: WireShared;
  readonly #author: Author;
  /** Tells a write that is under way that the connection is gone. */
  #onGone: (() => void) | undefined;

  constructor(socket: Socket, shared: WireShared, author: Author) {
    this.#socket = socket;
    this.#shared = shared;
    this.#author = author;
  }

  onClose(): void {
    this.#onGone?.();
  }

  /** Asks for the body of a request that waits to be asked (RFC 9110 §15.2.1). The answer comes after it. */
  askForBody(): void {
    this.#socket.write(CONTINUE, 'latin1');
  }

  /**
   * Carries out `plan`. Mostly all is sent when it returns.
   * @throws where the plan cannot be sent; then nothing was.
   */
  send(exchange: Exchange, plan: Plan, isLast: boolean): void {
    const { body } = plan;
    const hasBody = exchange.facts.method !== 'HEAD' && body.kind !== 'none';
    if (body.kind === 'source') {
      const pieces = hasBody ? body.pieces : [];
      return void this.#stream(
        exchange,
        this.#headOrClose(exchange, plan, isLast),
        { ...body, pieces },
        isLast,
      );
    }
    const head = this.#headOf(exchange, plan, isLast);
    if (!hasBody) this.#socket.write(head, 'latin1');
    else if (body.kind === 'text') {
      exchange.progress.bodyBytes = body.text.length;
      this.#socket.write(head + body.text, 'latin1');
    } else {
      exchange.progress.bodyBytes = body.bytes.length;
      this.#writeBoth(head, body.bytes);
    }
    this.#whenSent(exchange, isLast);
  }

  /** Ends after the last answer. Who may be sending is listened to: a close with unread input would be a reset. */
  close(isSending: boolean): void {
    if (!isSending) return this.#socket.destroySoon();
    this.#socket.removeAllListeners('data');
    this.#socket.end();
    linger(this.#socket);
  }

  #headOrClose(exchange: Exchange, plan: Plan, isLast: boolean): string {
    try {
      return this.#headOf(exchange, plan, isLast);
    } catch (error) {
      if (plan.body.kind === 'source') void closeQuietly(plan.body.source);
      throw error;
    }
  }

  #headOf({ facts }: Exchange, plan: Plan, isLast: boolean): string {
    const { hooks, clock, limits } = this.#shared;
    const { status, headers, body, overridesDefaults } = plan;
    const common = hooks.defaultHeaders(facts.headers);
    const shown = overridesDefaults ? withoutOverridden(common, headers) : common;
    const size = body.kind === 'text' ? body.text.length : body.kind === 'bytes' ? body.bytes.length : 0;
    const lines = renderFields(status, headers, shown, size);
    return `${lines}${connectionLines(isLast, limits.idleTimeoutMs)}${clock.dateLine(Date.now())}\r\n`;
  }

  /** Two pieces in one system call. */
  #writeBoth(head: string, bytes: Uint8Array, done?: (error?: Error | null) => void): void {
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(bytes, done);
    this.#socket.uncork();
  }

  /** Tells when all is in the kernel's hands, which mostly it is already. */
  #whenSent(exchange: Exchange, isLast: boolean): void {
    if (this.#socket.writableLength === 0) return this.#sent(exchange, isLast);
    this.#stall();
    this.#socket.write(nothing, (error) => {
      if (!error) this.#sent(exchange, isLast);
    });
  }

  #sent(exchange: Exchange, isLast: boolean): void {
    if (this.#socket.timeout) this.#socket.setTimeout(0);
    this.#onGone = undefined;
    this.#author.onSent(exchange, isLast);
  }

  /** A client could look alive by talking, if its talk were heard: so only its taking counts. */
  #stall(): void {
    this.#author.onStall();
    this.#socket.setTimeout(this.#shared.limits.sendTimeoutMs);
  }

  async #stream(exchange: Exchange, head: string, body: SourceBody, isLast: boolean): Promise<void> {
    const { progress } = exchange;
    let first = head;
    this.#stall();
    const write = (bytes: Uint8Array) => {
      progress.bodyBytes += bytes.length;
      const written = this.#written(first, bytes);
      first = '';
      return written;
    };
    const end = () => {
      if (first !== '') this.#socket.write(first, 'latin1');
      this.#whenSent(exchange, isLast);
    };
    await sendSource({ write, end, abort: () => this.#socket.destroy() }, body, progress);
  }

  /** Writes, and settles when the bytes have left for the kernel, so that their buffer can be used again. */
  #written(head: string, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Gone());
      this.#onGone = () => reject(new Gone());
      const settle = (error?: Error | null) => (error ? reject(new Gone()) : resolve());
      if (head === '') this.#socket.write(bytes, settle);
      else this.#writeBoth(head, bytes, settle);
    });
  }
}
