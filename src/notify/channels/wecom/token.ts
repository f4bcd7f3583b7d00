/**
 * The access token of a WeCom application. There is one at a time; WeCom blocks applications that ask for it
 * too often, above all with wrong secrets. So all messages share one request for it, failures are remembered
 * for a while, and a token that is refused is replaced only so often.
 */
import { type FailedDelivery, retry } from '../failure.ts';

export interface Token {
  readonly kind: 'token';
  readonly token: string;
}

/** Requests a token from WeCom. Never rejects. */
export type AskForToken = () => Promise<(Token & { readonly lifeMs: number }) | FailedDelivery>;

/** Where processes share the token. Never rejects. */
export interface SharedToken {
  /** The token that there is; or this process is to ask the provider; or another one does: to be called again soon. */
  get(): Promise<
    | (Token & { readonly lifeMs: number })
    | { readonly kind: 'ask' }
    | { readonly kind: 'wait'; readonly ms: number }
  >;
  /** What the provider gave; an empty token if it gave none. */
  put(token: string, lifeMs: number): Promise<void>;
  /** The provider has refused it. */
  drop(token: string): Promise<void>;
}

/** How long a process waits for another one that asks, before it asks itself. */
const SHARED_WAIT_MS = 15_000;
/** A token is replaced this long before its end, or at nine tenths of a short life. */
const EARLY_MS = 5 * 60_000;
const EARLY_SHARE = 0.1;
/** How long a request that was rejected, as for a wrong secret, is not repeated. */
export const REJECTED_MS = 60_000;
/** The least time from one replacement of a refused token to the next. */
export const REPLACEMENT_MS = 60_000;

interface Held<T> {
  readonly value: T;
  readonly untilMs: number;
}

export class TokenCache {
  readonly #ask: AskForToken;
  readonly #nowMs: () => number;
  readonly #shared: SharedToken | undefined;
  #token: Held<Token> | undefined;
  #failure: Held<FailedDelivery> | undefined;
  #pending: Promise<Token | FailedDelivery> | undefined;
  #replacedMs = Number.NEGATIVE_INFINITY;

  constructor(ask: AskForToken, nowMs: () => number, shared?: SharedToken) {
    this.#ask = shared ? () => this.#askTogether(ask, shared) : ask;
    this.#nowMs = nowMs;
    this.#shared = shared;
  }

  async #askTogether(ask: AskForToken, shared: SharedToken): ReturnType<AskForToken> {
    const endMs = this.#nowMs() + SHARED_WAIT_MS;
    for (let known = await shared.get(); known.kind !== 'ask'; known = await shared.get()) {
      if (known.kind === 'token') return known;
      if (this.#nowMs() >= endMs) break;
      await new Promise((resolve) => setTimeout(resolve, known.ms));
    }
    const response = await ask();
    if (response.kind === 'token') await shared.put(response.token, response.lifeMs);
    else await shared.put('', 0);
    return response;
  }

  async get(): Promise<Token | FailedDelivery> {
    const nowMs = this.#nowMs();
    if (this.#token && nowMs < this.#token.untilMs) return this.#token.value;
    if (this.#failure && nowMs < this.#failure.untilMs) return stillFailing(this.#failure, nowMs);
    this.#pending ??= this.#refresh();
    return this.#pending;
  }

  /** A token other than `refused`, which WeCom did not accept. */
  async replace({ token: refused }: Token): Promise<Token | FailedDelivery> {
    if (this.#token?.value.token !== refused) return this.get();
    const nowMs = this.#nowMs();
    const waitMs = this.#replacedMs + REPLACEMENT_MS - nowMs;
    if (waitMs > 0) return retry('WeCom refuses the access token again', waitMs);
    this.#replacedMs = nowMs;
    await this.#shared?.drop(refused);
    this.#token = undefined;
    return this.get();
  }

  async #refresh(): Promise<Token | FailedDelivery> {
    this.#token = undefined;
    const response = await this.#ask();
    const nowMs = this.#nowMs();
    this.#pending = undefined;
    if (response.kind === 'token') {
      const { lifeMs, ...value } = response;
      this.#token = { value, untilMs: nowMs + lifeMs - Math.min(EARLY_MS, lifeMs * EARLY_SHARE) };
      this.#failure = undefined;
      return value;
    }
    const holdMs = response.kind === 'rejected' ? REJECTED_MS : (response.afterMs ?? 0);
    this.#failure = { value: response, untilMs: nowMs + holdMs };
    return response;
  }
}

function stillFailing({ value, untilMs }: Held<FailedDelivery>, nowMs: number): FailedDelivery {
  return value.kind === 'retry' ? { ...value, afterMs: untilMs - nowMs } : value;
}
