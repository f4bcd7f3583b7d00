/**
 * Who may send, and how often. Tokens are compared as hashes, against all of them, in constant time; every
 * token has a bucket of requests; addresses that bring one bad token after another are slowed down.
 *
 * A good token is never refused for what others do behind its address: a job with a revoked token, or a guesser, must
 * not silence the alarms of the machine beside it. So a penalty only concerns bad tokens, and a guesser always learns
 * whether a guess was good. Holding the answer back would not change that (silence is an answer too) and would cost a
 * connection. What protects a token is its length; what the penalty adds is that from then on each guess needs a
 * connection of its own.
 *
 * The same bad token again is a mistake, not a guess, and counts once.
 */
import { timingSafeEqual } from 'node:crypto';
import { addressKey, Penalties } from '../../util/penalties.ts';
import { problem, type Refused } from '../api/refusal.ts';
import { HASH_BYTES, hashToken, MAX_TOKEN_CHARACTERS } from './token.ts';

/** A token bucket (as in networks: it fills steadily and each request takes one out). */
export interface RateLimit {
  /** How many requests may come at once. */
  readonly burst: number;
  readonly perMinute: number;
}

export interface User {
  readonly name: string;
  /** SHA-256 of each token, {@link HASH_BYTES} long. */
  readonly tokenHashes: readonly Uint8Array[];
  /** The channels that the user may name, and that a message goes to when none is named. */
  readonly channels: readonly string[];
  /** Of each token on its own. */
  readonly limit: RateLimit;
}

/** Of a hash: enough to tell bad tokens apart. */
const MARK_BYTES = 9;

const CHALLENGE = ['WWW-Authenticate', 'Bearer realm="mote"'];
const NO_TOKEN =
  'This needs a token: send it as Authorization: Bearer TOKEN, as X-Token, or as token in the body.';
const BAD_TOKEN =
  'This token is not known here: check for missing characters, or ask the operator for a new one.';
const TOO_MANY_BAD = 'Too many wrong tokens came from this address: wait as long as Retry-After says.';
const TOO_FAST = 'This token sends faster than it may: wait as long as Retry-After says.';

/** Somebody whose token is good. */
export interface Grant {
  readonly kind: 'granted';
  readonly user: User;
  /** Takes one request out of the token's bucket. */
  take(): Refused | undefined;
}

interface Entry {
  readonly user: User;
  readonly hash: Uint8Array;
  readonly bucket: Bucket;
}

export class Access {
  readonly #entries: readonly Entry[];
  readonly #now: () => number;
  readonly #penalties: Penalties;

  /**
   * `now` is in milliseconds from any start; a clock that nobody sets keeps penalties and buckets right.
   * @throws RangeError for hashes that could let the wrong people in, and limits that let nobody in.
   */
  constructor(users: readonly User[], now: () => number) {
    for (const user of users) checkLimit(user);
    this.#now = now;
    this.#penalties = new Penalties(now);
    this.#entries = users.flatMap((user) =>
      user.tokenHashes.map((hash) => ({ user, hash, bucket: new Bucket(user.limit, now()) })),
    );
    checkHashes(this.#entries);
  }

  /** Without any token the endpoint is off. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** `client` is the address that the request came from, empty on a unix socket. */
  authenticate(token: string | undefined, client: string): Grant | Refused {
    if (token === undefined || token === '') return problem('unauthorized', NO_TOKEN, CHALLENGE);
    const hash = hashToken(token.slice(0, MAX_TOKEN_CHARACTERS));
    const entry = token.length <= MAX_TOKEN_CHARACTERS ? this.#entries[this.#indexOf(hash)] : undefined;
    if (!entry) return this.#refuse(hash, addressKey(client));
    return { kind: 'granted', user: entry.user, take: () => this.#take(entry.bucket) };
  }

  /** Once an address is slowed down its connections end with the answer. */
  #refuse(hash: Uint8Array, address: string): Refused {
    const blockedMs = this.#penalties.leftMs(address);
    if (blockedMs > 0) {
      return {
        ...problem('too_many_requests', TOO_MANY_BAD, retryAfter(blockedMs)),
        endsConnection: true,
      };
    }
    this.#penalties.fail(address, Buffer.from(hash).toString('base64url', 0, MARK_BYTES));
    return problem('unauthorized', BAD_TOKEN, [`${CHALLENGE[0]}`, `${CHALLENGE[1]}, error="invalid_token"`]);
  }

  /**
   * Whether this is somebody's token, and nothing more: what is none is not counted against anybody. For paths
   * that are more likely the name of a file.
   */
  has(token: string): boolean {
    return token !== '' && token.length <= MAX_TOKEN_CHARACTERS && this.#indexOf(hashToken(token)) >= 0;
  }

  /** Looks at every entry, wherever the right one is. */
  #indexOf(hash: Uint8Array): number {
    let found = -1;
    for (const [index, entry] of this.#entries.entries())
      if (timingSafeEqual(entry.hash, hash)) found = index;
    return found;
  }

  #take(bucket: Bucket): Refused | undefined {
    const waitMs = bucket.take(this.#now());
    return waitMs > 0 ? problem('too_many_requests', TOO_FAST, retryAfter(waitMs)) : undefined;
  }
}

function checkHashes(entries: readonly Entry[]): void {
  const empty = Buffer.from(hashToken(''));
  const seen = new Set<string>();
  for (const { user, hash } of entries) {
    const hex = Buffer.from(hash).toString('hex');
    if (hash.length !== HASH_BYTES)
      throw new RangeError(`a token hash of ${user.name} is not ${HASH_BYTES} bytes`);
    if (empty.equals(hash)) throw new RangeError(`a token hash of ${user.name} is that of the empty token`);
    if (seen.has(hex)) throw new RangeError(`a token hash of ${user.name} is there twice`);
    seen.add(hex);
  }
}

function checkLimit({ name, limit: { burst, perMinute } }: User): void {
  if (burst >= 1 && perMinute > 0 && Number.isFinite(burst + perMinute)) return;
  throw new RangeError(`the limit of ${name} lets nothing through, or is no number`);
}

/** In whole seconds (RFC 9110 §10.2.3), rounded up so that coming back then is not too early. */
function retryAfter(ms: number): readonly string[] {
  return ['Retry-After', String(Math.ceil(ms / 1000))];
}

class Bucket {
  readonly #burst: number;
  readonly #perMs: number;
  #level: number;
  #atMs: number;

  constructor({ burst, perMinute }: RateLimit, nowMs: number) {
    this.#burst = burst;
    this.#perMs = perMinute / 60_000;
    this.#level = burst;
    this.#atMs = nowMs;
  }

  /** Takes one and gives 0, or takes none and gives the time in milliseconds until there is one. */
  take(nowMs: number): number {
    // A clock that is set back adds nothing.
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#level = Math.min(this.#burst, this.#level + passedMs * this.#perMs);
    this.#atMs = nowMs;
    if (this.#level < 1) return Math.ceil((1 - this.#level) / this.#perMs);
    this.#level -= 1;
    return 0;
  }
}
