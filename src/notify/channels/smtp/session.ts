/**
 * A session with a server (RFC 5321 §3.1), up to where messages can be sent:
 *
 * 1. a connection, with TLS from the first byte where the settings say so
 * 2. the greeting, and EHLO; HELO for servers that do not know it
 * 3. STARTTLS where the settings say so, offered or not, and EHLO once more: what was offered before is not believed
 * 4. the login
 */
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import type { CaTrust } from '../../../net/ca-bundle.ts';
import { dial, secure } from '../../../net/connect.ts';
import { NetworkFault } from '../../../net/network-fault.ts';
import { Dialogue } from './dialogue.ts';
import {
  challengeIn,
  isQuestion,
  isVerdict,
  type Mechanism,
  mayTryOther,
  usableMechanisms,
} from './login.ts';
import { NO_OFFERS, type Offers, offersIn } from './offers.ts';
import { NO_LOGIN, NO_PASSWORDS, NOT_TLS, PUBLIC_SERVER, Refusal, SettingsFault } from './replies.ts';
import { isDone, type Reply } from './reply-parser.ts';
import { type Credentials, DEFAULT_PORTS, type Security, type SmtpServer } from './server.ts';

export interface SessionLimits {
  /** For lookup, connection, greeting and STARTTLS together. */
  readonly connectTimeoutMs: number;
  readonly greetingTimeoutMs: number;
  /** How long the server may be silent; after the content it may need time for checks (RFC 5321 §4.5.3.2.6). */
  readonly silenceTimeoutMs: number;
}

export interface SessionOptions {
  readonly server: SmtpServer;
  /** Without it there is no TLS, and addresses that `isPublic` are not talked to. */
  readonly trust: CaTrust | undefined;
  readonly isPublic: (address: string) => boolean;
  readonly limits: SessionLimits;
}

export interface Session {
  readonly dialogue: Dialogue;
  readonly offers: Offers;
}

/** One that waits for TLS to begin says nothing. */
const NO_GREETING: Readonly<Record<Security, string>> = {
  tls: 'the server did not greet in time',
  starttls:
    'the server did not greet in time; if TLS begins at once there, write smtps:// instead of smtp://',
  none: 'the server did not greet in time',
};

/** Rejects with a {@link Refusal}, a {@link SettingsFault}, or an error of the network. */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const left = countdown(options.limits);
  const dialogue = new Dialogue(await reach(options, left, signal));
  try {
    const offers = await dialogue.during(signal, () => introduce(dialogue, options, left, signal));
    return { dialogue, offers };
  } catch (error) {
    // Of no use to anybody else; those who were refused say goodbye.
    dialogue.quit();
    throw error;
  }
}

/** What is left of the time for connecting, at most `maxMs`. */
type Countdown = (maxMs: number) => number;

function countdown({ connectTimeoutMs }: SessionLimits): Countdown {
  const endMs = performance.now() + connectTimeoutMs;
  return (maxMs) => Math.min(maxMs, Math.max(endMs - performance.now(), 1));
}

async function reach(options: SessionOptions, left: Countdown, signal: AbortSignal): Promise<Socket> {
  const { server, trust, isPublic, limits } = options;
  const { host, port = DEFAULT_PORTS[server.security] } = server;
  const socket = await within(left(limits.connectTimeoutMs), 'connecting took too long', signal, (limit) =>
    dial({ host, port }, limit),
  );
  if (!trust && isPublic(socket.remoteAddress ?? '')) {
    socket.destroy();
    throw new SettingsFault(PUBLIC_SERVER);
  }
  if (server.security !== 'tls') return socket;
  try {
    return await encrypt(socket, options, left, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ERR_SSL_WRONG_VERSION_NUMBER' ? new SettingsFault(NOT_TLS) : error;
  }
}

function encrypt(
  socket: Socket,
  { server: { host }, trust, limits }: SessionOptions,
  left: Countdown,
  signal: AbortSignal,
): Promise<Socket> {
  return within(left(limits.greetingTimeoutMs), 'TLS took too long', signal, (limit) =>
    secure(socket, { host, ...(trust && { trust: () => trust.secureContext }) }, limit),
  );
}

/** The operation's value, if it comes in time. */
async function within<T>(
  timeoutMs: number,
  late: string,
  signal: AbortSignal,
  operation: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const abort = () => limit.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await operation(limit.signal);
  } catch (error) {
    throw limit.signal.aborted && !signal.aborted ? new NetworkFault(late) : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

async function introduce(
  dialogue: Dialogue,
  options: SessionOptions,
  left: Countdown,
  signal: AbortSignal,
): Promise<Offers> {
  const { server, limits } = options;
  const greeting = await dialogue.hear(left(limits.greetingTimeoutMs), NO_GREETING[server.security]);
  if (!isDone(greeting)) throw new Refusal('CONN', greeting);
  let offers = await greet(dialogue, server.security !== 'starttls', left(limits.silenceTimeoutMs));
  if (server.security === 'starttls') {
    const reply = await dialogue.ask('STARTTLS', left(limits.silenceTimeoutMs));
    if (!isDone(reply)) throw new Refusal('STARTTLS', reply);
    await dialogue.secure((socket) => encrypt(socket, options, left, signal));
    offers = await greet(dialogue, true, limits.silenceTimeoutMs);
  }
  if (server.credentials) await logIn(dialogue, server.credentials, offers, limits.silenceTimeoutMs);
  return offers;
}

async function greet(dialogue: Dialogue, mayDoWithout: boolean, timeoutMs: number): Promise<Offers> {
  const name = ownName();
  const reply = await dialogue.ask(`EHLO ${name}`, timeoutMs);
  if (isDone(reply)) return offersIn(reply);
  if (!mayDoWithout || dialogue.hasEnded) throw new Refusal('EHLO', reply);
  const older = await dialogue.ask(`HELO ${name}`, timeoutMs);
  if (!isDone(older)) throw new Refusal('HELO', older);
  return NO_OFFERS;
}

/**
 * The name of this host if it is one in the DNS, as some relays want it; otherwise an address, which all take where
 * they refuse `localhost` and names without a dot (RFC 5321 §4.1.4).
 */
function ownName(): string {
  const name = hostname();
  const isFull = /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z][a-z\d-]{0,61}[a-z\d]$/i.test(name);
  return isFull ? name : '[127.0.0.1]';
}

async function logIn(
  dialogue: Dialogue,
  credentials: Credentials,
  offers: Offers,
  timeoutMs: number,
): Promise<void> {
  const mechanisms = usableMechanisms(offers);
  if (mechanisms.length === 0) throw new SettingsFault(NO_PASSWORDS);
  let refusal: Refusal | undefined;
  for (const mechanism of mechanisms) {
    const reply = await authenticate(dialogue, mechanism, credentials, timeoutMs).catch((error) => {
      // Some servers close the connection after one refusal.
      throw refusal ?? error;
    });
    if (isDone(reply)) return;
    if (!offers.logins && reply.code === 503) throw new SettingsFault(NO_LOGIN);
    // What is said for now, or about the order of commands, may only be about a second attempt.
    if (!refusal || isVerdict(reply)) refusal = new Refusal('AUTH', reply);
    if (!mayTryOther(reply)) break;
  }
  throw refusal;
}

/** The reply that ends the exchange. */
async function authenticate(
  dialogue: Dialogue,
  { begin, answers }: Mechanism,
  credentials: Credentials,
  timeoutMs: number,
): Promise<Reply> {
  let reply = await dialogue.ask(begin(credentials), timeoutMs);
  for (const answer of answers) {
    if (!isQuestion(reply)) return reply;
    reply = await dialogue.ask(answer(credentials, challengeIn(reply)), timeoutMs);
  }
  if (isQuestion(reply)) throw new NetworkFault('the server does not speak SMTP');
  return reply;
}
