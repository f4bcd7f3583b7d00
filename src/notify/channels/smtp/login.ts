/** Logins (RFC 4954): which mechanism, and what it says. Pure. */
import { createHmac } from 'node:crypto';
import type { Offers } from './offers.ts';
import type { Reply } from './reply-parser.ts';
import type { Credentials } from './server.ts';

export interface Mechanism {
  /** The command, and what it already tells. */
  begin(credentials: Credentials): string;
  /** What is said to the server's challenges, in their order; there are no more of them. */
  readonly answers: readonly ((credentials: Credentials, challenge: string) => string)[];
}

/** RFC 4616. The identity to act as is left empty, since some servers refuse any. */
function plain({ user, password }: Credentials): string {
  return base64(`\0${user}\0${password}`);
}

/** In the order in which they are tried. */
const mechanisms: readonly (readonly [name: string, mechanism: Mechanism])[] = [
  // What comes with the command is asked for again by servers that do not expect it there.
  ['PLAIN', { begin: (credentials) => `AUTH PLAIN ${plain(credentials)}`, answers: [plain] }],
  // Never standardised, and the only one of Microsoft's servers. Some take no user with the command.
  [
    'LOGIN',
    { begin: () => 'AUTH LOGIN', answers: [({ user }) => base64(user), ({ password }) => base64(password)] },
  ],
  // RFC 2195.
  ['CRAM-MD5', { begin: () => 'AUTH CRAM-MD5', answers: [digest] }],
];

function digest({ user, password }: Credentials, challenge: string): string {
  const hmac = createHmac('md5', password).update(Buffer.from(challenge, 'base64'));
  return base64(`${user} ${hmac.digest('hex')}`);
}

/**
 * Those to try, the best one first; none if the server offers only others. Where it offers no login at all, the first
 * one gets its refusal: some servers do not tell what they offer.
 */
export function usableMechanisms({ logins }: Offers): readonly Mechanism[] {
  const usable = mechanisms.filter(([name]) => (logins ? logins.has(name) : name === 'PLAIN'));
  return usable.map(([, mechanism]) => mechanism);
}

/**
 * Whether another mechanism may succeed. Servers are known that offer PLAIN and refuse it with any code, but know the
 * same password by LOGIN. Where the reply says that the password is wrong (RFC 4954 §6), it is not tried again: that
 * would count as another guess.
 */
export function mayTryOther(reply: Reply): boolean {
  return isVerdict(reply) && !/^\d{3}[ -]5\.7\.8\b/.test(reply.text);
}

/** Whether a refusal is about the login, not about the moment (4yz) or the connection (503). */
export function isVerdict({ code }: Reply): boolean {
  return code >= 500 && code !== 503;
}

export function challengeIn({ text }: Reply): string {
  return text.slice('334 '.length);
}

/** 3yz: the server asks for more. */
export function isQuestion({ code }: Reply): boolean {
  return code >= 300 && code < 400;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
