/**
 * A connection to a server, as commands and replies. Replies are only taken for as many commands as were said: what
 * comes unasked ends the dialogue, so that no reply is ever taken for that to another command. Nothing is ever sent
 * twice. Rejections are errors of the network.
 */
import type { Socket } from 'node:net';
import { NetworkFault } from '../../../net/network-fault.ts';
import { type Reply, ReplyParser } from './reply-parser.ts';

const SILENCE = 'the server fell silent';
/** How long the server may take to close its side after QUIT. */
const CLOSE_TIMEOUT_MS = 2000;
/** The server closes the connection, whatever it replies to (RFC 5321 §3.8). */
export const CLOSING = 421;

interface Listener {
  hear(reply: Reply): void;
  fail(fault: unknown): void;
}

export class Dialogue {
  /** Called when it has ended. */
  onEnd: (() => void) | undefined;
  #stream: Socket;
  readonly #listeners: Readonly<Record<string, (argument: unknown) => void>> = {
    data: (piece) => this.#feed((piece as Buffer).toString('latin1')),
    error: (error) => this.#finish(error),
    end: () => this.#finish(closed()),
    close: () => this.#finish(closed()),
  };
  readonly #parser = new ReplyParser();
  /** Replies that nobody has asked for yet, though to commands that were said. */
  readonly #replies: Reply[] = [];
  /** The greeting, at first. */
  #awaited = 1;
  #listener: Listener | undefined;
  #fault: unknown;

  constructor(stream: Socket) {
    this.#stream = stream;
    this.#attach(stream);
  }

  get hasEnded(): boolean {
    return this.#fault !== undefined;
  }

  /** Whether all that was said has left. */
  get isFlushed(): boolean {
    return this.#stream.writableLength === 0;
  }

  /** Says commands in one write, without waiting (RFC 2920). */
  say(commands: readonly string[]): void {
    this.#awaited += commands.length;
    this.#write(commands.map((command) => `${command}\r\n`).join(''));
  }

  /** The next reply. @param late the fault if none comes in this time */
  async hear(timeoutMs: number, late = SILENCE): Promise<Reply> {
    const timer = this.#limit(timeoutMs, late);
    try {
      return await this.#next();
    } finally {
      clearTimeout(timer);
    }
  }

  /** A command and its reply. */
  ask(command: string, timeoutMs: number): Promise<Reply> {
    this.say([command]);
    return this.hear(timeoutMs);
  }

  /** The content of a message with its end, and the reply. The time counts from when all of it has left. */
  async submit(content: string, timeoutMs: number): Promise<Reply> {
    let timer: NodeJS.Timeout | undefined;
    let isHeard = false;
    this.#awaited += 1;
    this.#write(content, () => {
      if (!isHeard) timer = this.#limit(timeoutMs, SILENCE);
    });
    try {
      return await this.#next();
    } finally {
      isHeard = true;
      clearTimeout(timer);
    }
  }

  /** Runs `operation`, and ends the dialogue when the signal is aborted meanwhile. */
  async during<T>(signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
    const abort = () => this.end(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      return await operation();
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /**
   * Puts TLS below the dialogue. What the server said before could be from somebody on the way who wants it to be taken
   * for the server's own, so that nothing of it may be left (RFC 3207 §6).
   */
  async secure(upgrade: (stream: Socket) => Promise<Socket>): Promise<void> {
    if (!this.#parser.isIdle || this.#replies.length > 0) {
      this.end(new NetworkFault('something was said between STARTTLS and TLS'));
    }
    if (this.#fault !== undefined) throw this.#fault;
    for (const [event, listener] of Object.entries(this.#listeners)) this.#stream.off(event, listener);
    try {
      this.#stream = await upgrade(this.#stream);
    } catch (error) {
      this.end(error);
      throw error;
    }
    if (this.#fault !== undefined) this.#stream.destroy();
    else this.#attach(this.#stream);
  }

  /** Says goodbye without waiting for the answer, which some servers do not give. */
  quit(): void {
    if (this.hasEnded) return;
    this.#fault = closed();
    this.onEnd?.();
    const stream = this.#stream;
    stream.end('QUIT\r\n');
    const timer = setTimeout(() => stream.destroy(), CLOSE_TIMEOUT_MS);
    stream.once('close', () => clearTimeout(timer));
  }

  /** Ends it at once. Replies that have come can still be heard. */
  end(fault: unknown): void {
    if (this.hasEnded) return;
    this.#fault = fault ?? closed();
    this.#stream.destroy();
    this.onEnd?.();
    this.#listener?.fail(this.#fault);
    this.#listener = undefined;
  }

  #attach(stream: Socket): void {
    stream.setNoDelay(true);
    for (const [event, listener] of Object.entries(this.#listeners)) stream.on(event, listener);
  }

  #write(text: string, hasLeft?: () => void): void {
    if (!this.hasEnded) this.#stream.write(text, 'latin1', hasLeft);
  }

  #limit(timeoutMs: number, late: string): NodeJS.Timeout {
    return setTimeout(() => this.end(new NetworkFault(late)), timeoutMs);
  }

  /** What has come, or will. */
  async #next(): Promise<Reply> {
    const known = this.#replies.shift();
    if (known) return known;
    if (this.#fault !== undefined) throw this.#fault;
    return new Promise((hear, fail) => {
      this.#listener = { hear, fail };
    });
  }

  #feed(piece: string): void {
    if (this.hasEnded) return;
    try {
      for (const reply of this.#parser.feed(piece)) this.#take(reply);
    } catch (error) {
      this.end(error);
    }
  }

  #finish(fault: unknown): void {
    if (this.hasEnded) return;
    const last = this.#parser.end();
    if (last) this.#take(last);
    this.end(fault);
  }

  #take(reply: Reply): void {
    if (this.hasEnded) return;
    if (this.#awaited > 0) {
      this.#awaited -= 1;
      const listener = this.#listener;
      this.#listener = undefined;
      if (listener) listener.hear(reply);
      else this.#replies.push(reply);
    } else if (reply.code !== CLOSING) {
      this.end(new NetworkFault('the server does not speak SMTP'));
    }
    if (reply.code === CLOSING) this.end(closed());
  }
}

function closed(): NetworkFault {
  return new NetworkFault('the server closed the connection');
}
