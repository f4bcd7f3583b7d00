/**
 * Basic authentication (RFC 7617) against hashed passwords. Hashing is deliberately slow, so that a password is hashed
 * once and then recognised by a keyed digest of its `Authorization` header.
 */
import { createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { BoundedMap } from '../../util/bounded-map.ts';
import { addressKey, Penalties } from '../../util/penalties.ts';
import { type BasicCredentials, basicCredentials } from '../authorization.ts';
import { errorPlan } from '../errors.ts';
import { Turnstile } from '../turnstile.ts';
import type { Stage } from '../types.ts';

/** The recommendation of OWASP for PBKDF2-HMAC-SHA256 since 2023. */
export const DEFAULT_ITERATIONS = 600_000;
/** The output size of SHA-256, and so the longest hash that PBKDF2 derives in one round. */
export const PASSWORD_HASH_BYTES = 32;
const SALT_BYTES = 16;
const DIGEST = 'sha256';

/** Headers known to be valid. The oldest is forgotten first and costs one hash to verify again. */
const MAX_REMEMBERED = 1024;
/** Headers known to be invalid: a misconfigured client that repeats one forever costs one hash. */
const MAX_KNOWN_WRONG = 1024;

const CHALLENGE = 'Basic realm="mote", charset="UTF-8"';

/** A user and the PBKDF2-HMAC-SHA256 hash of the password's UTF-8 bytes. */
export interface PasswordUser {
  readonly user: string;
  readonly iterations: number;
  readonly salt: Uint8Array;
  /** Exactly {@link PASSWORD_HASH_BYTES}. */
  readonly hash: Uint8Array;
}

/** Maps `Authorization` headers to the name of the user, or `undefined`. */
export interface Authenticator {
  /**
   * Verifies the header. Synchronous if the result is known, which is nearly always. Rejects with 503 `unavailable` if
   * too many wait in the {@link Turnstile}. `client` is as in `RequestFacts`.
   */
  authenticate(
    authorization: string | undefined,
    client: string,
  ): string | undefined | Promise<string | undefined>;
  /** The user, if this header was verified before; for the log. */
  knownUser(authorization: string | undefined): string | undefined;
}

function derive(password: string | Uint8Array, salt: Uint8Array, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, PASSWORD_HASH_BYTES, DIGEST, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

/** Accepts `users`; a wrong name takes as long as a wrong password if all have the same number of iterations. */
export function createAuthenticator(
  users: readonly PasswordUser[],
  now: () => number = () => performance.now(),
): Authenticator {
  const verify = verifier(users);
  const names = new Set(users.map(({ user }) => user));
  const penalties = new Penalties(now);
  const turnstile = new Turnstile();
  const digestKey = randomBytes(PASSWORD_HASH_BYTES);
  const idOf = (authorization: string): string =>
    createHmac(DIGEST, digestKey).update(authorization).digest('base64');
  const remembered = new BoundedMap<string, string>({ maxEntries: MAX_REMEMBERED });
  const wrong = new BoundedMap<string, true>({ maxEntries: MAX_KNOWN_WRONG });
  // A browser opens several connections with the same header: one hash suffices for all of them.
  const pending = new Map<string, Promise<string | undefined>>();

  const learn = async (
    id: string,
    credentials: BasicCredentials,
    address: string,
  ): Promise<string | undefined> => {
    const { user } = credentials;
    // All unknown names share one line: inventing more of them gains nothing.
    const line = { address, name: names.has(user) ? user : '', suspect: penalties.leftMs(address) > 0 };
    try {
      const valid = await turnstile.pass(line, () => verify(credentials));
      if (valid) {
        remembered.set(id, user);
        return user;
      }
      wrong.set(id, true);
      penalties.fail(address);
      return undefined;
    } finally {
      pending.delete(id);
    }
  };

  return {
    authenticate(authorization, client) {
      if (!authorization) return undefined;
      const id = idOf(authorization);
      const known = remembered.get(id) ?? pending.get(id);
      if (known !== undefined) return known;
      const credentials = wrong.has(id) ? undefined : basicCredentials(authorization);
      if (!credentials) return undefined;
      const result = learn(id, credentials, addressKey(client));
      pending.set(id, result);
      return result;
    },
    knownUser: (authorization) => (authorization ? remembered.get(idOf(authorization)) : undefined),
  };
}

function verifier(users: readonly PasswordUser[]): (credentials: BasicCredentials) => Promise<boolean> {
  const byName = new Map(users.map((user) => [user.user, user]));
  for (const { user, hash } of users) {
    // A short hash would be easier to guess; an empty one would match every password.
    if (hash.length !== PASSWORD_HASH_BYTES)
      throw new RangeError(`the hash of ${user} is not ${PASSWORD_HASH_BYTES} bytes`);
  }
  const nobody: PasswordUser = {
    user: '',
    iterations: Math.max(1, ...users.map(({ iterations }) => iterations)),
    salt: randomBytes(SALT_BYTES),
    hash: randomBytes(PASSWORD_HASH_BYTES),
  };
  return async ({ user, password }) => {
    const { salt, hash, iterations } = byName.get(user) ?? nobody;
    return timingSafeEqual(await derive(password, salt, iterations), hash);
  };
}

/** Lets authenticated requests pass; all others get a 401 with a challenge. */
export function authStage(authenticator: Authenticator): Stage {
  const challenge = errorPlan('unauthorized', ['WWW-Authenticate', CHALLENGE]);
  const planFor = (user: string | undefined) => (user === undefined ? challenge : undefined);
  return ({ headers, client }) => {
    const user = authenticator.authenticate(headers.authorization, client);
    return user instanceof Promise ? user.then(planFor) : planFor(user);
  };
}

const USER = /^[^\p{Cc}:]+$/u;

/** Why Basic authentication cannot carry this name (RFC 7617 §2); `undefined` if it can. */
export function faultOfUser(user: string): string | undefined {
  if (USER.test(user)) return undefined;
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
