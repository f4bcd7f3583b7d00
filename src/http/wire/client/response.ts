/** A response as its bytes come: the head, then the body. Pure. */
import { ResponseBodyReader } from './body.ts';
import { type HeadFault, type ResponseHead, ResponseHeadReader } from './head.ts';

export interface ResponseLimits {
  /** For interim responses and the head together. */
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
}

/**
 * `complete`: nothing is missing. `cut`: the head is known, but the body exceeds the limit or broke off. `broken`:
 * there will be no head.
 */
export type ResponseState = 'head' | 'body' | 'complete' | 'cut' | 'broken';

export class ResponseReader {
  readonly #head: ResponseHeadReader;
  readonly #maxBodyBytes: number;
  #body: ResponseBodyReader | undefined;
  #hasEnded = false;
  #hasExcess = false;

  /** `method` is that of the request. */
  constructor(method: string, { maxHeadBytes, maxBodyBytes }: ResponseLimits) {
    this.#head = new ResponseHeadReader(method, maxHeadBytes);
    this.#maxBodyBytes = maxBodyBytes;
  }

  get state(): ResponseState {
    if (this.#body) return this.#body.state === 'reading' ? 'body' : this.#body.state;
    return this.#hasEnded || this.#head.fault ? 'broken' : 'head';
  }

  /** Why there will be no head; `undefined` if the connection ended before. */
  get fault(): HeadFault | undefined {
    return this.#head.fault;
  }

  get head(): ResponseHead | undefined {
    return this.#head.head;
  }

  /** As far as it came, and at most as much as the limit. */
  get content(): Uint8Array {
    return this.#body?.content ?? new Uint8Array(0);
  }

  /** Whether another response may follow on the connection. */
  get isPersistent(): boolean {
    return !!this.head?.isPersistent && !!this.#body?.isExact && !this.#hasExcess && !this.#hasEnded;
  }

  /** More bytes. */
  push(bytes: Uint8Array): void {
    if (this.#hasEnded || this.#head.fault) return;
    let at = this.#body ? 0 : this.#head.take(bytes, 0);
    const { head } = this.#head;
    if (!head) return;
    this.#body ??= new ResponseBodyReader(head.framing, this.#maxBodyBytes);
    at = this.#body.take(bytes, at);
    this.#hasExcess ||= at < bytes.length;
  }

  /** The server closed the connection. */
  close(): void {
    this.#hasEnded = true;
    this.#body?.end();
  }

  /** The connection broke, or took too long: nothing more will come. */
  cut(): void {
    this.#hasEnded = true;
    this.#body?.cut();
  }
}
