/** AbortController and AbortSignal. */
import { EventEmitter } from './events.ts';
import { setTimeout } from './loop.ts';

class AbortError extends Error {
  override readonly name: string;
  readonly code: string;

  constructor(message: string, name: string, code: string) {
    super(message);
    this.name = name;
    this.code = code;
  }
}

export class AbortSignal {
  aborted = false;
  reason: unknown;
  readonly #events = new EventEmitter();

  addEventListener(event: 'abort', listener: () => void, options: { readonly once?: boolean } = {}): void {
    if (options.once) this.#events.once(event, listener);
    else this.#events.on(event, listener);
  }

  removeEventListener(event: 'abort', listener: () => void): void {
    this.#events.off(event, listener);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  /** For the controller. */
  static trigger(signal: AbortSignal, reason: unknown): void {
    if (signal.aborted) return;
    signal.aborted = true;
    signal.reason = reason ?? new AbortError('This operation was aborted', 'AbortError', 'ABORT_ERR');
    signal.#events.emit('abort');
  }

  static timeout(ms: number): AbortSignal {
    const signal = new AbortSignal();
    const late = () =>
      new AbortError('The operation was aborted due to timeout', 'TimeoutError', 'TIMEOUT_ERR');
    setTimeout(() => AbortSignal.trigger(signal, late()), ms).unref();
    return signal;
  }
}

export class AbortController {
  readonly signal = new AbortSignal();

  abort(reason?: unknown): void {
    AbortSignal.trigger(this.signal, reason);
  }
}
