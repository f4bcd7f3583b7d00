/** Interprets refusals and failures. The server's own text is never passed on. */
import { networkFaultOf } from '../../../net/network-fault.ts';
import { type FailedDelivery, retry } from '../failure.ts';
import type { Reply } from './reply-parser.ts';

/** Which command a reply belongs to. `CONN` is the greeting; `DATA` is for the content too. */
export type SmtpCommand = 'CONN' | 'EHLO' | 'HELO' | 'STARTTLS' | 'AUTH' | 'RSET' | 'MAIL' | 'RCPT' | 'DATA';

/** A reply that is no consent. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly command: SmtpCommand;
  readonly reply: Reply;

  constructor(command: SmtpCommand, reply: Reply) {
    super(`${command} was refused`);
    this.command = command;
    this.reply = reply;
  }
}

/**
 * A mistake in the settings: if messages were retried, the operator would only learn of it a day later. The message is
 * shown.
 */
export class SettingsFault extends Error {
  override readonly name = 'SettingsFault';
}

const WITHOUT_TLS = 'smtp://host?security=none for a relay on this host or in a private network';
export const NOT_TLS = `the server does not begin with TLS; write smtp:// for STARTTLS, or ${WITHOUT_TLS}`;
export const PUBLIC_SERVER =
  'the server has a public address, and ?security=none is for loopback and private ones; write smtps:// (TLS) or smtp:// (STARTTLS) without it';
export const NO_PASSWORDS =
  'the server offers no login by user and password (PLAIN, LOGIN, CRAM-MD5); allow it for this account, or name another server';
export const NO_LOGIN =
  'the server offers no login: SMTP 503; name its port for submission (465 or 587), or leave user and password out';

const stages: Readonly<Partial<Record<SmtpCommand, string>>> = {
  STARTTLS: 'the server cannot do STARTTLS now',
  AUTH: 'the login was refused',
  MAIL: 'the sender was refused',
  RCPT: 'the recipient was refused',
  DATA: 'the message was refused',
};
/** Refusals of these are about the message or the account; others are about the connection. */
const judging: ReadonlySet<SmtpCommand> = new Set(['AUTH', 'MAIL', 'RCPT', 'DATA']);
/** Commands in the wrong order, which only concerns this connection. */
const BAD_SEQUENCE = 503;
/** All servers know the commands of a message: one was lost or garbled on the way, as by some proxies. */
const aboutOrder: ReadonlySet<number> = new Set([500, 502, BAD_SEQUENCE]);
/** Google's relay takes no address here (421), and Exim no name that is malformed. */
const NAME_ADVICE =
  'some servers want a full name of this host: give it one, for example by docker run --hostname';

/** What any error of an attempt means. */
export function failureOf(error: unknown): FailedDelivery {
  if (error instanceof Refusal) return failureOfReply(error.command, error.reply);
  if (error instanceof SettingsFault) return { kind: 'rejected', reason: error.message };
  return retry(networkFaultOf(error));
}

/** Whether the server missed a command. */
export function isAboutOrder(error: unknown): boolean {
  return error instanceof Refusal && aboutOrder.has(error.reply.code);
}

/**
 * A 5yz reply to login, sender, recipient or content is permanent (RFC 5321 §4.2.1), and one to STARTTLS
 * means that the settings require what the server does not support. Everything else concerns the connection:
 * a 554 greeting or an invalid certificate may be an attack or an accident, so the message is retried.
 *
 * The same applies to a connection lost after the end of the content: it is unknown whether the server
 * accepted the message, and in that case mail is sent again (RFC 5321 §4.5.4.1, §6.1).
 */
export function failureOfReply(command: SmtpCommand, reply: Reply): FailedDelivery {
  if (command === 'STARTTLS' && reply.code >= 500) {
    const remedy = `write smtps://host if it has TLS from the start, or ${WITHOUT_TLS}`;
    return {
      kind: 'rejected',
      reason: `the server does not offer STARTTLS: SMTP ${codesOf(reply)}; ${remedy}`,
    };
  }
  if (command === 'EHLO' || command === 'HELO') {
    return retry(`${command} was refused: SMTP ${codesOf(reply)}; ${NAME_ADVICE}`);
  }
  const isFinal =
    judging.has(command) &&
    reply.code >= 500 &&
    !(command === 'AUTH' ? reply.code === BAD_SEQUENCE : aboutOrder.has(reply.code)) &&
    !temporaryDetails.has(detailOf(reply));
  // A size that is too large for the server is announced with the sender (RFC 1870 §6.1).
  const stage = command === 'MAIL' && detailOf(reply) === TOO_LARGE ? 'DATA' : command;
  const reason = `${stages[stage] ?? 'the server is not available'}: SMTP ${codesOf(reply)}`;
  return isFinal ? { kind: 'rejected', reason } : retry(reason);
}

const TOO_LARGE = '3.4';
/** Subject and detail of enhanced codes (RFC 3463, RFC 4954 §6). */
const meanings: ReadonlyMap<string, string> = new Map([
  ['1.1', 'there is no such mailbox'],
  ['1.2', 'there is no such host'],
  ['1.8', 'the host of the sender cannot be found'],
  ['2.1', 'the mailbox is switched off'],
  ['2.2', 'the mailbox is full'],
  [TOO_LARGE, 'the message is too large'],
  ['4.5', 'too many messages for now'],
  ['7.28', 'too many messages for now'],
  ['7.1', 'the server does not allow it'],
  ['7.8', 'the user or the password is wrong'],
]);

/** Rate limits and a server that shuts down are temporary, whatever the first digit is. */
const temporaryDetails: ReadonlySet<string> = new Set(['3.2', '4.5', '7.28']);

function enhancedIn({ text }: Reply): RegExpExecArray | null {
  return /^\d{3}[ -][245]\.(\d{1,3}\.\d{1,3})\b/.exec(text);
}

function detailOf(reply: Reply): string {
  return enhancedIn(reply)?.[1] ?? '';
}

function codesOf(reply: Reply): string {
  const enhanced = enhancedIn(reply);
  if (!enhanced) return String(reply.code);
  const meaning = meanings.get(enhanced[1] ?? '');
  return `${enhanced[0].replace('-', ' ')}${meaning ? `, ${meaning}` : ''}`;
}

/** How servers report a queue ID: Postfix; Exim and others; OpenSMTPD and Sendmail; Amazon; Microsoft. */
const idPatterns = [
  /\bqueued as ([\w.-]{1,64})(?:$|\s)/i,
  /\bid=([\w.-]{1,64})(?:$|\s)/i,
  /^250[ -]2\.\d\.\d ([\w.-]{1,64}) Message accepted/i,
  /^250 Ok ([\da-f-]{20,64})$/i,
  /^250 2\.\d\.\d (?:OK )?<([\w.-]{1,64}@[\w.-]+\.outlook\.com)>/i,
];

/** The queue ID in the reply to an accepted message, under which the server logs it. */
export function queueIdIn(response: string): string | undefined {
  return idPatterns.map((pattern) => pattern.exec(response)?.[1]).find((id) => id !== undefined);
}
