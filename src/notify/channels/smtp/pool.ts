/** Sessions that are kept for the next message, and how many there may be. */
import type { CaTrust } from '../../../net/ca-bundle.ts';
import { NetworkFault } from '../../../net/network-fault.ts';
import { ConcurrencyLimiter } from '../../../util/semaphore.ts';
import { failureOf, isAboutOrder } from './replies.ts';
import type { SmtpServer } from './server.ts';
import { openSession, type Session, type SessionLimits, type SessionOptions } from './session.ts';
import { type Mail, type SubmissionResult, type TransactionState, transact } from './transaction.ts';

export interface SmtpLimits extends SessionLimits {
  /** Below the 5 minutes that servers wait (RFC 5321 §4.5.3.2.7), so that the client closes first. */
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
  /** Servers count too, and 100 is a usual limit. */
  readonly maxMessagesPerConnection: number;
}

export const DEFAULT_LIMITS: SmtpLimits = {
  connectTimeoutMs: 20_000,
  greetingTimeoutMs: 15_000,
  silenceTimeoutMs: 90_000,
  idleTimeoutMs: 60_000,
  maxConnections: 4,
  maxMessagesPerConnection: 50,
};

/** Many more than the queue hands out at a time. */
const MAX_WAITING = 1000;

interface KeptSession extends Session {
  readonly progress: TransactionState;
  messages: number;
  idleTimer?: NodeJS.Timeout;
}

export class SmtpPool {
  readonly #options: SessionOptions;
  readonly #limits: SmtpLimits;
  readonly #permits: ConcurrencyLimiter;
  readonly #idle: KeptSession[] = [];
  #isClosed = false;
  /** There are servers that offer it, and proxies in front of them that lose commands. */
  #mayPipeline = true;

  /** Without `trust` there is no TLS, and addresses that `isPublic` are not talked to. */
  constructor(
    server: SmtpServer,
    trust: CaTrust | undefined,
    limits: SmtpLimits,
    isPublic: (address: string) => boolean,
  ) {
    this.#options = { server, trust, limits, isPublic };
    this.#limits = limits;
    this.#permits = new ConcurrencyLimiter({ concurrency: limits.maxConnections, maxWaiting: MAX_WAITING });
  }

  /** Never rejects. */
  async submit(mail: Mail, signal: AbortSignal): Promise<SubmissionResult> {
    try {
      const release = await this.#permit(signal);
      try {
        return await this.#send(mail, signal);
      } finally {
        release();
      }
    } catch (error) {
      const failure = failureOf(error);
      return { failures: new Map(mail.to.map((address) => [address, failure])), providerId: undefined };
    }
  }

  /** Ends what is idle at once, and the others after their message. */
  close(): void {
    this.#isClosed = true;
    for (const { dialogue } of [...this.#idle]) dialogue.quit();
  }

  /** Whoever is aborted while waiting does not wait on. */
  async #permit(signal: AbortSignal): Promise<() => void> {
    const release = () => this.#permits.release();
    const permit = this.#permits.acquire();
    let stop = () => {};
    const aborted = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
    });
    try {
      await Promise.race([permit, aborted]);
      return release;
    } catch (error) {
      permit.then(release, () => undefined);
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async #send(mail: Mail, signal: AbortSignal): Promise<SubmissionResult> {
    const kept = this.#idle.pop();
    if (kept) {
      clearTimeout(kept.idleTimer);
      try {
        return await this.#transact(kept, mail, signal);
      } catch (error) {
        // The server may have closed it meanwhile. Nothing that could have been taken is sent again.
        const isStale = kept.dialogue.hasEnded && !kept.progress.isContentSent && !signal.aborted;
        if (!isStale) throw error;
      }
    }
    if (this.#isClosed) throw new NetworkFault('mail is being shut down');
    const session = await openSession(this.#options, signal);
    const offers = { ...session.offers, pipelining: session.offers.pipelining && this.#mayPipeline };
    const fresh = { ...session, offers, progress: { isOpen: false, isContentSent: false }, messages: 0 };
    try {
      return await this.#transact(fresh, mail, signal);
    } catch (error) {
      if (isAboutOrder(error)) this.#mayPipeline = false;
      throw error;
    }
  }

  async #transact(session: KeptSession, mail: Mail, signal: AbortSignal): Promise<SubmissionResult> {
    const { dialogue, progress } = session;
    try {
      return await dialogue.during(signal, () =>
        transact(session, progress, mail, this.#limits.silenceTimeoutMs),
      );
    } finally {
      session.messages += 1;
      this.#keep(session);
    }
  }

  #keep(session: KeptSession): void {
    const { dialogue, messages } = session;
    if (dialogue.hasEnded) return;
    // A server that refuses a content before its end does not read commands yet.
    if (!dialogue.isFlushed) return dialogue.end(undefined);
    if (this.#isClosed || messages >= this.#limits.maxMessagesPerConnection) return dialogue.quit();
    this.#idle.push(session);
    session.idleTimer = setTimeout(() => dialogue.quit(), this.#limits.idleTimeoutMs);
    dialogue.onEnd = () => {
      clearTimeout(session.idleTimer);
      const index = this.#idle.indexOf(session);
      if (index >= 0) this.#idle.splice(index, 1);
    };
  }
}
