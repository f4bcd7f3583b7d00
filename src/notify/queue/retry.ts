/**
 * When to try again. Pure: capped exponential back-off with «equal jitter» (half of the delay is fixed, half is
 * random), never sooner than the provider asks, given up after a number of attempts or at an age.
 */

export interface RetryPolicy {
  /** The delay after the first attempt, before jitter; it doubles with every attempt. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** Counted from when the message was accepted; the last attempt is made then. */
  readonly maxAgeMs: number;
}

/** A day: 2 s, 4 s, 8 s … up to every 15 to 30 minutes, about 75 attempts. */
export const defaultRetryPolicy: RetryPolicy = {
  firstDelayMs: 2000,
  maxDelayMs: 30 * 60_000,
  maxAttempts: 100,
  maxAgeMs: 24 * 3_600_000,
};

/** What is known after an attempt that may be repeated. */
export interface FailedAttempt {
  /** Attempts so far, at least 1. */
  readonly attempts: number;
  /** How long ago the message was accepted. */
  readonly ageMs: number;
  /** The delay that the provider asks for, for example by Retry-After (RFC 9110 §10.2.3). */
  readonly afterMs?: number | undefined;
}

export type Decision =
  | { readonly kind: 'again'; readonly delayMs: number }
  | { readonly kind: 'give-up'; readonly reason: string };

/** `random` gives numbers from 0 up to but not 1. */
export function decideRetry(policy: RetryPolicy, failed: FailedAttempt, random: () => number): Decision {
  const { attempts, ageMs } = failed;
  if (attempts >= policy.maxAttempts) return giveUp(`given up after ${attempts} attempts`);
  // A clock that was set back must not make a message live longer.
  const remainingMs = policy.maxAgeMs - Math.max(0, ageMs);
  if (remainingMs <= 0) return giveUp(`given up after ${formatDuration(policy.maxAgeMs)}`);
  const requestedMs = requestedDelayMs(failed.afterMs);
  if (requestedMs > remainingMs) return giveUp('the provider asks to wait for longer than messages are kept');
  const backOffMs = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (attempts - 1));
  const jitteredMs = backOffMs / 2 + (backOffMs / 2) * random();
  // Jitter is added to the requested delay too, or all clients would come back at the same moment.
  const delayMs = requestedMs > jitteredMs ? requestedMs + jitteredMs * random() : jitteredMs;
  return { kind: 'again', delayMs: Math.ceil(Math.min(delayMs, remainingMs)) };
}

function giveUp(reason: string): Decision {
  return { kind: 'give-up', reason };
}

/** A negative or missing delay counts as none. */
function requestedDelayMs(afterMs: number | undefined): number {
  return afterMs !== undefined && afterMs > 0 ? afterMs : 0;
}

function formatDuration(ms: number): string {
  const units = [
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const;
  const unit = units.find(([, unitMs]) => ms % unitMs === 0);
  return unit ? `${ms / unit[1]} ${unit[0]}` : `${ms} ms`;
}
