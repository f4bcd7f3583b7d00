/** Node's `events`: an emitter, and `once`. */

// biome-ignore lint/suspicious/noExplicitAny: listeners have the types of their events, which only their users know.
export type Listener = (...values: any[]) => void;

interface Registered {
  readonly listener: Listener;
  readonly isOnce: boolean;
}

export class EventEmitter {
  #listeners: Map<string, Registered[]> | undefined;

  on(event: string, listener: Listener): this {
    return this.#add(event, { listener, isOnce: false });
  }

  once(event: string, listener: Listener): this {
    return this.#add(event, { listener, isOnce: true });
  }

  addListener(event: string, listener: Listener): this {
    return this.on(event, listener);
  }

  /** The list is replaced, never changed: a listener that adds or removes others does not disturb an emit. */
  #add(event: string, one: Registered): this {
    this.#listeners ??= new Map();
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), one]);
    return this;
  }

  off(event: string, listener: Listener): this {
    const list = this.#listeners?.get(event);
    const place = list?.findLastIndex((one) => one.listener === listener) ?? -1;
    if (list && place >= 0) this.#listeners?.set(event, list.toSpliced(place, 1));
    return this;
  }

  removeListener(event: string, listener: Listener): this {
    return this.off(event, listener);
  }

  removeAllListeners(event?: string): this {
    if (event === undefined) this.#listeners = undefined;
    else this.#listeners?.delete(event);
    return this;
  }

  listenerCount(event: string): number {
    return this.#listeners?.get(event)?.length ?? 0;
  }

  emit(event: string, ...values: unknown[]): boolean {
    const list = this.#listeners?.get(event);
    if (!list || list.length === 0) {
      if (event === 'error') throw values[0];
      return false;
    }
    for (const { listener, isOnce } of list) {
      if (isOnce) this.off(event, listener);
      listener.apply(this, values);
    }
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
      resolve(values);
    };
    const onError = (error: unknown) => {
      end();
      reject(error);
    };
    const onAbort = () => onError(signal?.reason);
    if (signal?.aborted) return reject(signal.reason);
    signal?.addEventListener('abort', onAbort);
    emitter.on(event, onEvent);
    if (event !== 'error') emitter.on('error', onError);
  });
}

export default EventEmitter;
