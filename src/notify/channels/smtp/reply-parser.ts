/**
 * Reads replies (RFC 5321 §4.2) from a stream, in whatever pieces it comes. Pure. Lenient where servers are known to
 * differ: lines may end with LF alone, be empty between replies, and have anything behind the code; in a reply of
 * several lines the last code counts.
 */
import { NetworkFault } from '../../../net/network-fault.ts';

export interface Reply {
  readonly code: number;
  /** All lines with their codes, each byte a character, joined by LF. */
  readonly text: string;
}

/** Of one reply; real ones have up to 2 kB. */
export const MAX_REPLY_BYTES = 64 * 1024;

export class ReplyParser {
  /** The lines of a reply that goes on. */
  #begun = '';
  /** A line without its end. */
  #rest = '';

  /** Whether nothing has come behind the last reply. */
  get isIdle(): boolean {
    return this.#begun === '' && this.#rest === '';
  }

  /**
   * The replies that this piece completes. Throws a {@link NetworkFault}.
   *
   * @param piece each byte a character
   */
  feed(piece: string): Reply[] {
    const replies: Reply[] = [];
    if (piece.includes('\n')) {
      const lines = (this.#rest + piece).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const reply = this.#take(line);
        if (reply) replies.push(reply);
      }
    } else {
      // A line that comes byte by byte is not looked at again and again.
      this.#rest += piece;
    }
    if (this.#begun.length + this.#rest.length > MAX_REPLY_BYTES) {
      throw new NetworkFault('the server said too much');
    }
    return replies;
  }

  /**
   * A reply whose last line has no end, when the connection is at its end: some servers close so, and what counts is
   * said with the code and the blank behind it.
   */
  end(): Reply | undefined {
    return /^\d{3} /.test(this.#rest) ? this.#take(this.#rest) : undefined;
  }

  #take(lineWithCr: string): Reply | undefined {
    const line = lineWithCr.trimEnd();
    if (line === '' && this.#begun === '') return undefined;
    const [, code, more] = /^([2-5]\d\d)(?!\d)(-?)/.exec(line) ?? [];
    if (code === undefined) throw new NetworkFault('the server does not speak SMTP');
    const text = this.#begun + line;
    this.#begun = more === '-' ? `${text}\n` : '';
    return more === '-' ? undefined : { code: Number(code), text };
  }
}

/** Of class 2: done (RFC 5321 §4.2.1). */
export function isDone({ code }: Reply): boolean {
  return code < 300;
}
