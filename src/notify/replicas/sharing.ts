/**
 * What replicas know together beside messages: rates of tokens, wrong tokens, access tokens of providers. Each falls back
 * to what one replica knows where the server cannot be asked.
 */
import { createHash } from 'node:crypto';
import type { RateLimit, SharedLimits } from '../auth/access.ts';
import type { SharedToken } from '../channels/wecom/token.ts';
import type { Keys } from './keys.ts';
import type { Server } from './replica-store.ts';
import { TAKE, TOKEN_DROP, TOKEN_GET, TOKEN_PUT } from './scripts.ts';

/** How long others wait for a replica that gets an access token. */
const LOCK_MS = 20_000;
/** How often they look. */
const MIN_LOOK_MS = 100;
const LOOK_SPREAD_MS = 200;
const MS_PER_MINUTE = 60_000;
/** Before the address and the mark of a wrong token, in what replicas tell each other. */
const WRONG = 'wrong ';

export interface SharingOptions {
  readonly server: Pick<Server, 'run' | 'command'>;
  readonly keys: Keys;
  readonly replica: string;
}

export class Sharing implements SharedLimits {
  readonly #options: SharingOptions;
  readonly #keys: Keys;
  #onWrong: (address: string, mark: string) => void = () => undefined;

  constructor(options: SharingOptions) {
    this.#options = options;
    this.#keys = options.keys;
  }

  async take(bucket: string, { burst, perMinute }: RateLimit): Promise<number | undefined> {
    try {
      const args = [burst, MS_PER_MINUTE / perMinute];
      return Number(await this.#options.server.run(TAKE, [this.#keys.bucket(bucket)], args));
    } catch {
      return undefined;
    }
  }

  /** Every other replica hears of it at once; who is not connected does not. */
  tellWrong(address: string, mark: string): void {
    const { server, replica } = this.#options;
    server
      .command(['PUBLISH', this.#keys.wake, `${WRONG}${replica} ${mark} ${address}`])
      .catch(() => undefined);
  }

  watchWrong(onWrong: (address: string, mark: string) => void): void {
    this.#onWrong = onWrong;
  }

  /** What was told on the channel of the replicas. */
  hear(text: string): void {
    if (!text.startsWith(WRONG)) return;
    const [replica, mark, ...address] = text.slice(WRONG.length).split(' ');
    if (mark !== undefined && replica !== this.#options.replica) this.#onWrong(address.join(' '), mark);
  }

  /** `secret` is what the provider gives the token for, of which the server gets a digest. */
  token(secret: string): SharedToken {
    const { server, replica } = this.#options;
    const name = createHash('sha256').update(secret).digest('base64url');
    const [token, lock] = [this.#keys.token(name), this.#keys.tokenLock(name)];
    return {
      async get() {
        try {
          const [value, ms] = (await server.run(TOKEN_GET, [token, lock], [replica, LOCK_MS])) as [
            string,
            number,
          ];
          if (value !== '') return { kind: 'token', token: value, lifeMs: ms };
          return ms === 0
            ? { kind: 'ask' }
            : { kind: 'wait', ms: MIN_LOOK_MS + Math.random() * LOOK_SPREAD_MS };
        } catch {
          return { kind: 'ask' };
        }
      },
      async put(value, lifeMs) {
        await server
          .run(TOKEN_PUT, [token, lock], [replica, value, Math.ceil(lifeMs)])
          .catch(() => undefined);
      },
      async drop(value) {
        await server.run(TOKEN_DROP, [token], [value]).catch(() => undefined);
      },
    };
  }
}
