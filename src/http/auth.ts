/**
 * Basic authentication (RFC 7617) against hashed passwords. A hash is slow on purpose, so a password is
 * hashed once and then remembered by a keyed digest of the header that carried it.
 */
import { createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { errorPlan, HttpError } from './errors.ts';
import type { Stage } from './types.ts';

/** What OWASP asks of PBKDF2-HMAC-SHA256 since 2023. */
export const DEFAULT_ITERATIONS = 600_000;
/** PBKDF2 with SHA-256 gives this much at its full strength. */
export const HASH_BYTES = 32;
const SALT_BYTES = 16;
const DIGEST = 'sha256';

/** Hashing happens in the thread pool (4 threads) that also reads files: these many leave threads for them. */
const MAX_RUNNING = 2;
/** Verifications under way or in line. Beyond, a client is told to come back. */
export const MAX_PENDING = 32;
const RETRY_AFTER_SECONDS = '2';
/** Headers known to be good. The oldest is forgotten first and costs one hash to learn again. */
const MAX_REMEMBERED = 1024;

const CHALLENGE = 'Basic realm="mote", charset="UTF-8"';

/** A user and the PBKDF2-HMAC-SHA256 hash of the password's UTF-8 bytes. */
export interface User {
  readonly user: string;
  readonly iterations: number;
  readonly salt: Uint8Array;
  /** Exactly {@link HASH_BYTES}. */
  readonly hash: Uint8Array;
}

/** Takes `Authorization` headers and gives the name of the user, or `undefined`. */
export interface Authenticator {
  /**
   * Verifies. Synchronous where the answer is known, which is nearly always. Rejects with 503 `unavailable`
   * when too many verifications are pending.
   */
  authenticate(authorization: string | undefined): string | undefined | Promise<string | undefined>;
  /** Only looks up: the user, if this header was verified before. For the log. */
  knownUser(authorization: string | undefined): string | undefined;
}

function derive(password: string | Uint8Array, salt: Uint8Array, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, HASH_BYTES, DIGEST, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

/** Knows `users`; a wrong name takes as long as a wrong password if all have the same number of iterations. */
export function createAuthenticator(users: readonly User[]): Authenticator {
  const verify = verifier(users);
  const inTurn = createTurnstile();
  const digestKey = randomBytes(HASH_BYTES);
  const idOf = (authorization: string): string =>
    createHmac(DIGEST, digestKey).update(authorization).digest('base64');
  const remembered = new Map<string, string>();
  // A browser opens several connections with the same header: one hash answers them all.
  const pending = new Map<string, Promise<string | undefined>>();

  const learn = async (id: string, credentials: Credentials): Promise<string | undefined> => {
    try {
      const valid = await inTurn(() => verify(credentials));
      if (!valid) return undefined;
      remember(remembered, id, credentials.user);
      return credentials.user;
    } finally {
      pending.delete(id);
    }
  };

  return {
    authenticate(authorization) {
      if (!authorization) return undefined;
      const id = idOf(authorization);
      const known = remembered.get(id) ?? pending.get(id);
      if (known !== undefined) return known;
      const credentials = parseBasic(authorization);
      if (!credentials) return undefined;
      const answer = learn(id, credentials);
      pending.set(id, answer);
      return answer;
    },
    knownUser: (authorization) => (authorization ? remembered.get(idOf(authorization)) : undefined),
  };
}

function verifier(users: readonly User[]): (credentials: Credentials) => Promise<boolean> {
  const byName = new Map(users.map((user) => [user.user, user]));
  for (const { user, hash } of users) {
    // A short hash would be easier to hit; an empty one would let everybody in.
    if (hash.length !== HASH_BYTES) throw new RangeError(`the hash of ${user} is not ${HASH_BYTES} bytes`);
  }
  const nobody: User = {
    user: '',
    iterations: Math.max(1, ...users.map(({ iterations }) => iterations)),
    salt: randomBytes(SALT_BYTES),
    hash: randomBytes(HASH_BYTES),
  };
  return async ({ user, password }) => {
    const { salt, hash, iterations } = byName.get(user) ?? nobody;
    return timingSafeEqual(await derive(password, salt, iterations), hash);
  };
}

function remember(remembered: Map<string, string>, id: string, user: string): void {
  if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value as string);
  remembered.set(id, user);
}

/** Runs tasks in order, at most `MAX_RUNNING` at a time and `MAX_PENDING` in all. */
function createTurnstile(): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const line: (() => void)[] = [];
  return async (task) => {
    if (running + line.length >= MAX_PENDING) {
      throw new HttpError('unavailable', ['Retry-After', RETRY_AFTER_SECONDS]);
    }
    if (running < MAX_RUNNING) running += 1;
    else await new Promise<void>((resolve) => line.push(resolve));
    try {
      return await task();
    } finally {
      // A place goes straight to the next in line, so `running` stays.
      const next = line.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

interface Credentials {
  readonly user: string;
  readonly password: Uint8Array;
}

/** `Basic` and a token68 (RFC 7617 §2, RFC 9110 §11.2), here plain base64 with its padding optional. */
const basicPattern = /^basic +([a-z0-9+/]+={0,2}) *$/i;

function parseBasic(authorization: string | undefined): Credentials | undefined {
  const encoded = authorization && basicPattern.exec(authorization)?.[1];
  if (!encoded) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(':');
  if (colon < 0) return undefined;
  return { user: bytes.toString('utf8', 0, colon), password: bytes.subarray(colon + 1) };
}

/** Lets authenticated requests pass on and answers the others with 401 and a challenge. */
export function authStage(authenticator: Authenticator): Stage {
  const challenge = errorPlan('unauthorized', ['WWW-Authenticate', CHALLENGE]);
  const answer = (user: string | undefined) => (user === undefined ? challenge : undefined);
  return ({ headers }) => {
    const user = authenticator.authenticate(headers.authorization);
    return user instanceof Promise ? user.then(answer) : answer(user);
  };
}

/** Why Basic authentication cannot carry this name (RFC 7617 §2), if so. */
export function faultOfUser(user: string): string | undefined {
  if (/^[^\p{Cc}:]+$/u.test(user)) return undefined;
  return 'a user name is not empty and has no colon and no control characters';
}

/**
 * The line `user:pbkdf2-sha256:ITERATIONS:SALT:HASH` (base64url) for the option `auth`, with a fresh salt.
 * Rejects with a `RangeError` for a name that `faultOfUser` refuses.
 */
export async function hashPassword(
  user: string,
  password: string,
  iterations: number = DEFAULT_ITERATIONS,
): Promise<string> {
  const fault = faultOfUser(user);
  if (fault) throw new RangeError(fault);
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, iterations);
  return [user, 'pbkdf2-sha256', iterations, salt.toString('base64url'), hash.toString('base64url')].join(
    ':',
  );
}
