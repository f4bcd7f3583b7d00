/** Lets requests wait until every channel of their message was tried once. */
import type { ActiveMessage } from './active-messages.ts';
import type { Clock } from './clock.ts';
import type { ChannelProgress, Envelope } from './envelope.ts';

export interface FirstAttemptsOptions {
  readonly clock: Clock;
  /** When the channel's limits let the next attempt begin. */
  opensMs(channel: string): number;
}

export class FirstAttempts {
  readonly #options: FirstAttemptsOptions;
  /** Nobody is to wait any more: connections are about to be closed. */
  #isReleased = false;

  constructor(options: FirstAttemptsOptions) {
    this.#options = options;
  }

  /** Resolves after `maxWaitMs` at the latest, and at once where an attempt cannot begin in that time. */
  async wait(message: ActiveMessage, maxWaitMs: number): Promise<void> {
    const { clock, opensMs } = this.#options;
    if (wasTried(message.envelope) || this.#isReleased) return;
    const untilMs = clock.now() + maxWaitMs;
    if (untried(message.envelope).every(({ channel }) => opensMs(channel) > untilMs)) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        cancel();
        message.watchers.delete(look);
        resolve();
      };
      const look = (): void => {
        if (wasTried(message.envelope) || this.#isReleased) finish();
      };
      const cancel = clock.after(maxWaitMs, finish);
      message.watchers.add(look);
    });
  }

  /** Ends all waits. A sender whose message is safe must hear of it, or would send it again. */
  release(messages: Iterable<ActiveMessage>): void {
    this.#isReleased = true;
    for (const { watchers } of messages) for (const watcher of watchers) watcher();
  }
}

function untried({ progress }: Envelope): readonly ChannelProgress[] {
  return progress.filter(({ kind, attempts }) => kind === 'pending' && attempts === 0);
}

function wasTried(envelope: Envelope): boolean {
  return untried(envelope).length === 0;
}
