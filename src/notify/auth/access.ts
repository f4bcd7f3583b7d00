/**
 * Who may send, and how often. Tokens are compared as hashes, with all of them, in constant time; every token has a
 * bucket of requests; addresses that send one wrong token after another are slowed down.
 *
 * A valid token is never refused for what others do behind its address: a job with a revoked token, or a guesser, must
 * not silence the alarms of the machine beside it. So a penalty concerns only wrong tokens, and a guesser always learns
 * whether a guess was right. Delaying the response would not change that (silence is a response too) and would cost a
 * connection. What protects a token is its length; what the penalty adds is that each further guess needs a connection
 * of its own.
 *
 * The same wrong token again is a mistake, not a guess, and counts once.
 */
import { timingSafeEqual } from 'node:crypto';
import { addressKey, Penalties } from '../../util/penalties.ts';
import { failure, type Result, success } from '../../util/result.ts';
import { type NotifyProblem, notifyProblem } from '../api/problem.ts';
import { hashToken, MAX_TOKEN_CHARACTERS, TOKEN_HASH_BYTES } from './token.ts';

/** A token bucket in the sense of networking: it fills steadily, and each request takes one out. */
export interface RateLimit {
  /** How many requests may come at once. */
  readonly burst: number;
  readonly perMinute: number;
}

export interface NotifyUser {
  readonly name: string;
  /** SHA-256 of each token, {@link TOKEN_HASH_BYTES} long. */
  readonly tokenHashes: readonly Uint8Array[];
  /** The channels that the user may name, and those of a message that names none. */
  readonly channels: readonly string[];
  /** Of each token separately. */
  readonly limit: RateLimit;
}

/** What several processes know together. */
export interface SharedLimits {
  /** Takes one request out of a bucket: how long to wait in ms, 0 if there was one, `undefined` if nobody can say. */
  take(bucket: string, limit: RateLimit): Promise<number | undefined>;
  /** Tells the others that a wrong token, of which `mark` is left, came from an address. */
  tellWrong(address: string, mark: string): void;
  /** Calls `onWrong` with what others tell. */
  watchWrong(onWrong: (address: string, mark: string) => void): void;
}

/** Of a hash: enough to distinguish wrong tokens. */
const MARK_BYTES = 9;

const SCHEME = 'Bearer realm="mote"';
const NO_TOKEN =
  'A token is required: send it as Authorization: Bearer TOKEN, as X-Token, or as token in the body.';
const UNKNOWN_TOKEN =
  'This token is unknown: check for missing characters, or ask the operator for a new one.';
const TOO_MANY_WRONG = 'Too many wrong tokens from this address: wait as long as Retry-After says.';
const TOO_FAST = 'This token is over its rate limit: wait as long as Retry-After says.';

/** The rights of a valid token. */
export interface Grant {
  readonly user: NotifyUser;
  /** Takes one request out of the token's bucket. */
  take(): Result<undefined, NotifyProblem> | Promise<Result<undefined, NotifyProblem>>;
}

interface TokenEntry {
  readonly user: NotifyUser;
  readonly hash: Uint8Array;
  readonly bucket: Bucket;
}

export class Access {
  readonly #entries: readonly TokenEntry[];
  readonly #now: () => number;
  readonly #penalties: Penalties;
  readonly #shared: SharedLimits | undefined;

  /**
   * `now` is in milliseconds from any start; a clock that nobody sets keeps penalties and buckets right.
   *
   * The configuration has been validated, so what is thrown here is a defect of that validation: a hash that could let
   * the wrong people in, or a limit that lets nobody in.
   */
  constructor(users: readonly NotifyUser[], now: () => number, shared?: SharedLimits) {
    for (const user of users) assertLimit(user);
    this.#now = now;
    this.#penalties = new Penalties(now);
    this.#shared = shared;
    shared?.watchWrong((address, mark) => this.#penalties.fail(address, mark));
    this.#entries = users.flatMap((user) =>
      user.tokenHashes.map((hash) => ({ user, hash, bucket: new Bucket(user.limit, now()) })),
    );
    assertHashes(this.#entries);
  }

  /** Without any token the endpoint is off. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** `client` is the address that the request came from, empty on a unix socket. */
  authenticate(token: string | undefined, client: string): Result<Grant, NotifyProblem> {
    if (token === undefined || token === '') return failure(unauthorized(NO_TOKEN, SCHEME));
    const hash = hashToken(token.slice(0, MAX_TOKEN_CHARACTERS));
    const entry = token.length <= MAX_TOKEN_CHARACTERS ? this.#entries[this.#indexOf(hash)] : undefined;
    if (!entry) return failure(this.#penalise(hash, addressKey(client)));
    return success({ user: entry.user, take: () => this.#take(entry) });
  }

  /** Once an address is slowed down, its connections end with the response. */
  #penalise(hash: Uint8Array, address: string): NotifyProblem {
    const blockedMs = this.#penalties.leftMs(address);
    if (blockedMs > 0) return { ...tooMany(TOO_MANY_WRONG, blockedMs), endsConnection: true };
    const mark = Buffer.from(hash).toString('base64url', 0, MARK_BYTES);
    this.#penalties.fail(address, mark);
    this.#shared?.tellWrong(address, mark);
    return unauthorized(UNKNOWN_TOKEN, `${SCHEME}, error="invalid_token"`);
  }

  /**
   * Whether this is the token of a user. A wrong one is not counted: for texts that are more likely something else,
   * such as the name of a file.
   */
  isToken(text: string): boolean {
    return text !== '' && text.length <= MAX_TOKEN_CHARACTERS && this.#indexOf(hashToken(text)) >= 0;
  }

  /** Compares every entry, wherever the right one is. */
  #indexOf(hash: Uint8Array): number {
    let found = -1;
    for (const [index, entry] of this.#entries.entries()) {
      if (timingSafeEqual(entry.hash, hash)) found = index;
    }
    return found;
  }

  #take(entry: TokenEntry): ReturnType<Grant['take']> {
    if (!this.#shared) return this.#takeHere(entry);
    const { user, hash } = entry;
    const name = Buffer.from(hash).toString('base64url');
    return this.#shared
      .take(name, user.limit)
      .then((waitMs) => (waitMs === undefined ? this.#takeHere(entry) : taken(waitMs)));
  }

  #takeHere({ bucket }: TokenEntry): Result<undefined, NotifyProblem> {
    return taken(bucket.take(this.#now()));
  }
}

function taken(waitMs: number): Result<undefined, NotifyProblem> {
  return waitMs > 0 ? failure(tooMany(TOO_FAST, waitMs)) : success(undefined);
}

function unauthorized(detail: string, challenge: string): NotifyProblem {
  return notifyProblem('unauthorized', detail, ['WWW-Authenticate', challenge]);
}

/** In whole seconds (RFC 9110 §10.2.3), rounded up so that coming back then is not too early. */
function tooMany(detail: string, waitMs: number): NotifyProblem {
  return notifyProblem('too_many_requests', detail, ['Retry-After', String(Math.ceil(waitMs / 1000))]);
}

function assertHashes(entries: readonly TokenEntry[]): void {
  const empty = Buffer.from(hashToken(''));
  const seen = new Set<string>();
  for (const { user, hash } of entries) {
    const hex = Buffer.from(hash).toString('hex');
    if (hash.length !== TOKEN_HASH_BYTES)
      throw new Error(`a token hash of ${user.name} is not ${TOKEN_HASH_BYTES} bytes`);
    if (empty.equals(hash)) throw new Error(`a token hash of ${user.name} is that of the empty token`);
    if (seen.has(hex)) throw new Error(`a token hash of ${user.name} is there twice`);
    seen.add(hex);
  }
}

function assertLimit({ name, limit: { burst, perMinute } }: NotifyUser): void {
  if (burst >= 1 && perMinute > 0 && Number.isFinite(burst + perMinute)) return;
  throw new Error(`the limit of ${name} lets nothing through or is not a number`);
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

  /** Takes one and returns 0, or takes none and returns the time in milliseconds until there is one. */
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
