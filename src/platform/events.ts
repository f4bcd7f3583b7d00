/** Node's `events`: an emitter, and `once`. */

// biome-ignore lint/suspicious/noExplicitAny: listeners have the types of their events, which only their users know.
export type Listener = (...values: any[]) => void;

/** A listener of `once` is known by the one that it calls. */
type Registered = Listener & { wrapped?: Listener };

export class EventEmitter {
  /** A single listener, as most events have, needs no list. Lists are replaced, never changed: emits go on. */
  #listeners: Record<string, Registered | readonly Registered[] | undefined> | undefined;

  on(event: string, listener: Listener): this {
    this.#listeners ??= Object.create(null) as Record<string, Registered>;
    const old = this.#listeners[event];
    this.#listeners[event] =
      old === undefined ? listener : typeof old === 'function' ? [old, listener] : [...old, listener];
    return this;
  }

  once(event: string, listener: Listener): this {
    const wrapper: Registered = (...values) => {
      this.off(event, wrapper);
      listener.apply(this, values);
    };
    wrapper.wrapped = listener;
    return this.on(event, wrapper);
  }

  off(event: string, listener: Listener): this {
    const list = this.listeners(event);
    const place = list.findLastIndex((one) => one === listener || (one as Registered).wrapped === listener);
    if (!this.#listeners || place < 0) return this;
    const rest = list.toSpliced(place, 1);
    this.#listeners[event] = rest.length > 1 ? rest : rest[0];
    return this;
  }

  removeAllListeners(event?: string): this {
    if (event === undefined) this.#listeners = undefined;
    else if (this.#listeners) this.#listeners[event] = undefined;
    return this;
  }

  listeners(event: string): Listener[] {
    const found = this.#listeners?.[event];
    return found === undefined ? [] : typeof found === 'function' ? [found] : [...found];
  }

  /** At most four values: no event has more, and a list of them would cost each emit. */
  emit(event: string, a?: unknown, b?: unknown, c?: unknown, d?: unknown): boolean {
    const found = this.#listeners?.[event];
    if (found === undefined) {
      if (event === 'error') throw a;
      return false;
    }
    if (typeof found === 'function') found.call(this, a, b, c, d);
    else for (const listener of found) listener.call(this, a, b, c, d);
    return true;
  }
}

/** Resolves with the values of the next such event; rejects with an `error` event, or when `signal` aborts. */
export function once(
  emitter: EventEmitter,
  event: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const end = () => {
      emitter.off(event, onEvent).off('error', onError);
      signal?.removeEventListener('abort', onAbort);
    };
    const onEvent = (...values: unknown[]) => {
      end();
      resolve(values.slice(0, values.findLastIndex((value) => value !== undefined) + 1));
    };
    const onError = (error: unknown) => {
      end();
      reject(error);
    };
    const onAbort = () => {
      const error = new Error('The operation was aborted', { cause: signal?.reason });
      onError(Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' }));
    };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort);
    emitter.on(event, onEvent);
    if (event !== 'error') emitter.on('error', onError);
  });
}
