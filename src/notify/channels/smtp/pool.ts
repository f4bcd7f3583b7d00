/** Sessions that are kept for the next message, and how many there may be. */
import type { CaTrust } from '../../../net/ca-bundle.ts';
import { NetworkFault } from '../../../net/network-fault.ts';
import { ConcurrencyLimiter } from '../../../util/semaphore.ts';
import { failureOf, isAboutOrder, Refusal } from './replies.ts';
import type { SmtpServer } from './server.ts';
import { NoGreeting, openSession, type Session, type SessionLimits, type SessionOptions } from './session.ts';
import { within } from './time-limit.ts';
import {
  type Mail,
  type SubmissionResult,
  type TransactionLimits,
  type TransactionState,
  transact,
} from './transaction.ts';

export interface SmtpLimits extends SessionLimits, TransactionLimits {
  /** Instead of `greetingTimeoutMs` where no greeting came in that time; some servers look up everybody first. */
  readonly lateGreetingTimeoutMs: number;
  /** For everything before the content: nothing is taken until then, so that it is harmless to give up. */
  readonly envelopeTimeoutMs: number;
  /** More of that for each recipient, of whom some servers ask another one (callouts). */
  readonly recipientTimeoutMs: number;
  /** Below the 5 minutes that servers wait (RFC 5321 §4.5.3.2.7), so that the client closes first. */
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
  /** Servers count too, and 100 is a usual limit. */
  readonly maxMessagesPerConnection: number;
}

export const DEFAULT_LIMITS: SmtpLimits = {
  connectTimeoutMs: 20_000,
  greetingTimeoutMs: 15_000,
  lateGreetingTimeoutMs: 60_000,
  silenceTimeoutMs: 90_000,
  envelopeTimeoutMs: 120_000,
  recipientTimeoutMs: 30_000,
  // RFC 5321 §4.5.3.2.6.
  acceptanceTimeoutMs: 600_000,
  idleTimeoutMs: 60_000,
  maxConnections: 4,
  maxMessagesPerConnection: 50,
};

/** Many more than the queue hands out at a time. */
const MAX_WAITING = 1000;

interface Submission {
  readonly mail: Mail;
  readonly signal: AbortSignal;
  /** Called before the content is sent. */
  readonly onContent: () => void;
}

interface KeptSession extends Session {
  readonly progress: TransactionState;
  messages: number;
  /** A message was taken on it. */
  hasServed: boolean;
  idleTimer?: NodeJS.Timeout;
}

export class SmtpPool {
  readonly #options: Omit<SessionOptions, 'limits'>;
  readonly #limits: SmtpLimits;
  readonly #permits: ConcurrencyLimiter;
  readonly #idle: KeptSession[] = [];
  #isClosed = false;
  #greetsLate = false;
  /** There are servers that offer it, and proxies in front of them that lose commands. */
  #mayPipeline = true;

  /** Without `trust` there is no TLS, and addresses that `isPublic` are not talked to. */
  constructor(
    server: SmtpServer,
    trust: CaTrust | undefined,
    limits: SmtpLimits,
    isPublic: (address: string) => boolean,
  ) {
    this.#options = { server, trust, isPublic };
    this.#limits = limits;
    this.#permits = new ConcurrencyLimiter({ concurrency: limits.maxConnections, maxWaiting: MAX_WAITING });
  }

  /** Never rejects. */
  async submit(mail: Mail, signal: AbortSignal): Promise<SubmissionResult> {
    const { envelopeTimeoutMs, recipientTimeoutMs } = this.#limits;
    const timeoutMs = envelopeTimeoutMs + mail.to.length * recipientTimeoutMs;
    try {
      return await within(timeoutMs, 'it took too long', signal, (limit, lift) =>
        this.#submit({ mail, signal: limit, onContent: lift }),
      );
    } catch (error) {
      const failure = failureOf(error);
      return { failures: new Map(mail.to.map((address) => [address, failure])), providerId: undefined };
    }
  }

  async #submit(submission: Submission): Promise<SubmissionResult> {
    const release = await this.#permit(submission.signal);
    try {
      return await this.#send(submission);
    } finally {
      release();
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

  async #send(submission: Submission): Promise<SubmissionResult> {
    const kept = this.#idle.pop();
    if (kept) {
      clearTimeout(kept.idleTimer);
      try {
        return await this.#transact(kept, submission);
      } catch (error) {
        // The server may have closed it meanwhile. Nothing that could have been taken is sent again.
        const isStale = kept.dialogue.hasEnded && !kept.progress.isContentSent && !submission.signal.aborted;
        if (!isStale) throw error;
      }
    }
    if (this.#isClosed) throw new NetworkFault('mail is being shut down');
    const session = await this.#open(submission.signal);
    const offers = { ...session.offers, pipelining: session.offers.pipelining && this.#mayPipeline };
    const fresh = {
      ...session,
      offers,
      progress: { isOpen: false, isContentSent: false },
      messages: 0,
      hasServed: false,
    };
    try {
      return await this.#transact(fresh, submission);
    } catch (error) {
      if (isAboutOrder(error)) this.#mayPipeline = false;
      throw error;
    }
  }

  async #open(signal: AbortSignal): Promise<Session> {
    const { lateGreetingTimeoutMs } = this.#limits;
    const limits = this.#greetsLate
      ? { ...this.#limits, greetingTimeoutMs: lateGreetingTimeoutMs }
      : this.#limits;
    try {
      return await openSession({ ...this.#options, limits }, signal);
    } catch (error) {
      if (error instanceof NoGreeting) this.#greetsLate = true;
      throw error;
    }
  }

  async #transact(session: KeptSession, { mail, signal, onContent }: Submission): Promise<SubmissionResult> {
    const { dialogue, progress } = session;
    try {
      const result = await dialogue.during(signal, () =>
        transact(session, progress, mail, this.#limits, onContent),
      );
      session.hasServed ||= result.failures.size < mail.to.length;
      return result;
    } catch (error) {
      if (isUsedUp(session, error)) dialogue.quit();
      throw error;
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

/** Whether the server counts messages, and says so by refusing a sender whom it took before. */
function isUsedUp({ hasServed }: KeptSession, error: unknown): boolean {
  return hasServed && error instanceof Refusal && error.command === 'MAIL';
}
