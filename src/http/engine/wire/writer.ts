/**
 * The writing side of a connection of the engine `wire`: sends responses, applies back-pressure, and closes.
 */
import type { Socket } from 'node:net';
import { forReader } from '../../error-page.ts';
import { defaultsBeside } from '../../middleware/default-headers.ts';
import { closeQuietly, Gone, linger, type SourceBody, sendSource } from '../../send.ts';
import type { HeaderList, Plan } from '../../types.ts';
import { Prepared } from '../../wire/prepared.ts';
import { CONTINUE, connectionLines, renderFields } from '../../wire/response.ts';
import type { Exchange } from '../contract.ts';
import type { WireShared } from './shared.ts';

/** The connection that writes. */
export interface Author {
  /** A response has to wait for its client; nothing should be read until it has been sent. */
  onStall(): void;
  /** The response has been passed to the kernel. */
  onSent(exchange: Exchange, isLast: boolean): void;
}

const nothing = Buffer.alloc(0);

export class Writer {
  readonly #socket: Socket;
  readonly #shared: WireShared;
  readonly #author: Author;
  /** Rejects a pending write when the connection is gone. */
  #onGone: (() => void) | undefined;

  constructor(socket: Socket, shared: WireShared, author: Author) {
    this.#socket = socket;
    this.#shared = shared;
    this.#author = author;
  }

  onClose(): void {
    this.#onGone?.();
  }

  /** Sends 100 Continue to a client that waits for it before sending the body (RFC 9110 §15.2.1). */
  askForBody(): void {
    this.#socket.write(CONTINUE, 'latin1');
  }

  /**
   * Sends the response that `plan` describes, usually completely before it returns.
   * @throws if the plan cannot be sent; then nothing has been sent.
   */
  send(exchange: Exchange, planned: Plan, common: HeaderList, isLast: boolean): void {
    const plan = forReader(planned, exchange.facts.headers);
    const prepared = isLast ? undefined : this.#prepared(exchange, plan, common);
    if (prepared) return this.sendPrepared(exchange, prepared);
    const { body } = plan;
    const hasBody = exchange.facts.method !== 'HEAD' && body.kind !== 'none';
    if (body.kind === 'source') {
      const pieces = hasBody ? body.pieces : [];
      return void this.#stream(
        exchange,
        this.#headOrClose(plan, common, isLast),
        { ...body, pieces },
        isLast,
      );
    }
    const head = this.#headOf(plan, common, isLast);
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

  /** Sends a response after which the connection stays open. */
  sendPrepared(exchange: Exchange, prepared: Prepared): void {
    const socket = this.#socket;
    const { clock } = this.#shared;
    const nowMs = Date.now();
    if (exchange.facts.method === 'HEAD') socket.write(prepared.head(clock, nowMs));
    else {
      exchange.progress.bodyBytes = prepared.bodyBytes;
      const bytes = prepared.withText(clock, nowMs);
      if (prepared.body) this.#writeBoth(bytes, prepared.body);
      else socket.write(bytes);
    }
    if (socket.writableLength === 0) return this.#author.onSent(exchange, false);
    prepared.leaveBytes();
    this.#whenSent(exchange, false);
  }

  /** What is prepared for a plan, or now will be because it or the head of the request is not new. */
  #prepared({ known }: Exchange, plan: Plan, common: HeaderList): Prepared | undefined {
    const { hooks, prepared: responses } = this.#shared;
    if (!plan.reuse || !hooks.mayReuse) return undefined;
    let prepared = responses.get(plan, common);
    if (!prepared && (known || responses.isKnown(plan))) {
      prepared = new Prepared(plan, plan.reuse, this.#headOf(plan, common, false), common);
      responses.add(plan, prepared);
    }
    // A body has to be read first.
    if (known?.result.head.framing.kind === 'none') known.prepared = prepared;
    return prepared;
  }

  /**
   * Closes after the last response. Reads on if the client may be sending: unread input would cause a reset.
   */
  close(isSending: boolean): void {
    if (!isSending) {
      // The kernel ends the connection behind what it has been given: no shutdown is needed before that.
      if (this.#socket.writableLength === 0) this.#socket.destroy();
      else this.#socket.destroySoon();
      return;
    }
    this.#socket.removeAllListeners('data');
    this.#socket.end();
    linger(this.#socket);
  }

  #headOrClose(plan: Plan, common: HeaderList, isLast: boolean): string {
    try {
      return this.#headOf(plan, common, isLast);
    } catch (error) {
      if (plan.body.kind === 'source') void closeQuietly(plan.body.source);
      throw error;
    }
  }

  #headOf(plan: Plan, common: HeaderList, isLast: boolean): string {
    const { clock, limits } = this.#shared;
    const { status, headers, body } = plan;
    const shown = defaultsBeside(plan, common);
    const size = body.kind === 'text' ? body.text.length : body.kind === 'bytes' ? body.bytes.length : 0;
    const lines = renderFields(status, headers, shown, size);
    return `${lines}${connectionLines(isLast, limits.idleTimeoutMs)}${clock.dateLine(Date.now())}\r\n`;
  }

  /** Writes head and body in one system call. */
  #writeBoth(head: string | Buffer, bytes: Uint8Array, done?: (error?: Error | null) => void): void {
    this.#socket.cork();
    if (typeof head === 'string') this.#socket.write(head, 'latin1');
    else this.#socket.write(head);
    this.#socket.write(bytes, done);
    this.#socket.uncork();
  }

  /** Reports when everything has been passed to the kernel, which is usually immediately. */
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

  /** Stops reading: otherwise a client that keeps sending would never reach the send timeout. */
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

  /** Writes, and settles when the kernel has the bytes, so that their buffer can be reused. */
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
