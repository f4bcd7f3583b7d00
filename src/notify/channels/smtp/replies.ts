/** Interprets replies and failures of an SMTP server. The server's own text is never passed on. */

import { networkFaultOf } from '../../../net/network-fault.ts';
import { type FailedDelivery, retry } from '../failure.ts';

/** The parts of the library's errors that are used. */
export interface SmtpError {
  /** The library's own error code. */
  readonly code?: string;
  /** The error code of the system or of OpenSSL, if there was one. */
  readonly originalCode?: string;
  readonly timeoutType?: string;
  /** The command that the reply belongs to; `CONN` for the greeting and for unsolicited replies. */
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
}

const stages: readonly (readonly [command: RegExp, words: string, isAboutMessage: boolean])[] = [
  [/^STARTTLS/, 'the server cannot do STARTTLS now', false],
  [/^AUTH/, 'the login was refused', true],
  [/^MAIL/, 'the sender was refused', true],
  [/^RCPT/, 'the recipient was refused', true],
  [/^DATA/, 'the message was refused', true],
];
const NO_STAGE = [/^/, 'the server is not available', false] as const;
/** Commands in the wrong order, which only concerns this connection. */
const BAD_SEQUENCE = 503;
/** The error code if TLS is disabled but the server has a public address, where TLS is required. */
export const PUBLIC_SERVER = 'EPUBLIC';

const WITHOUT_TLS = 'smtp://host?security=none for a relay on this host or in a private network';
/** Configuration mistakes: if messages were retried, the operator would only learn of them a day later. */
const settingsFaults: ReadonlyMap<string | undefined, string> = new Map([
  [
    'ERR_SSL_WRONG_VERSION_NUMBER',
    `the server does not begin with TLS; write smtp:// for STARTTLS, or ${WITHOUT_TLS}`,
  ],
  [
    PUBLIC_SERVER,
    'the server has a public address, and ?security=none is for loopback and private ones; write smtps:// (TLS) or smtp:// (STARTTLS) without it',
  ],
]);

/**
 * A 5yz reply to login, sender, recipient or content is permanent (RFC 5321 §4.2.1), and one to STARTTLS
 * means that the settings require what the server does not support. Everything else concerns the connection:
 * a 554 greeting or an invalid certificate may be an attack or an accident, so the message is retried.
 *
 * The same applies to a connection lost after the end of the content: it is unknown whether the server
 * accepted the message, and in that case mail is sent again (RFC 5321 §4.5.4.1, §6.1).
 */
export function failureOfReply(error: SmtpError): FailedDelivery {
  const { command = '', responseCode, code, originalCode } = error;
  if (responseCode === undefined) {
    const fault = settingsFaults.get(originalCode) ?? settingsFaults.get(code);
    return fault === undefined ? retry(faultWithout(error)) : { kind: 'rejected', reason: fault };
  }
  if (command === 'STARTTLS' && responseCode >= 500) {
    const remedy = `write smtps://host if it has TLS from the start, or ${WITHOUT_TLS}`;
    return {
      kind: 'rejected',
      reason: `the server does not offer STARTTLS: SMTP ${codesOf(error)}; ${remedy}`,
    };
  }
  const [, words, isAboutMessage] = stages.find(([pattern]) => pattern.test(command)) ?? NO_STAGE;
  const reason = `${words}: SMTP ${codesOf(error)}`;
  const isFinal =
    isAboutMessage &&
    responseCode >= 500 &&
    responseCode !== BAD_SEQUENCE &&
    !temporaryDetails.has(detailOf(error));
  return isFinal ? { kind: 'rejected', reason } : retry(reason);
}

/** Subject and detail of enhanced codes (RFC 3463, RFC 4954 §6). */
const meanings: ReadonlyMap<string, string> = new Map([
  ['1.1', 'there is no such mailbox'],
  ['1.2', 'there is no such host'],
  ['1.8', 'the host of the sender cannot be found'],
  ['2.1', 'the mailbox is switched off'],
  ['2.2', 'the mailbox is full'],
  ['3.4', 'the message is too large'],
  ['4.5', 'too many messages for now'],
  ['7.28', 'too many messages for now'],
  ['7.1', 'the server does not allow it'],
  ['7.8', 'the user or the password is wrong'],
]);

/** Rate limits and a server that shuts down are temporary, whatever the first digit is. */
const temporaryDetails: ReadonlySet<string> = new Set(['3.2', '4.5', '7.28']);

function enhancedIn({ response = '' }: SmtpError): RegExpExecArray | null {
  return /^\d{3}[ -][245]\.(\d{1,3}\.\d{1,3})\b/.exec(response);
}

function detailOf(error: SmtpError): string {
  return enhancedIn(error)?.[1] ?? '';
}

function codesOf(error: SmtpError): string {
  const enhanced = enhancedIn(error);
  if (!enhanced) return String(error.responseCode);
  const meaning = meanings.get(enhanced[1] ?? '');
  return `${enhanced[0].replace('-', ' ')}${meaning ? `, ${meaning}` : ''}`;
}

const timeouts: ReadonlyMap<string, string> = new Map([
  ['GREETING_TIMEOUT', 'the server did not greet in time'],
  ['UPGRADE_TIMEOUT', 'TLS took too long'],
  ['SOCKET_TIMEOUT', 'the server fell silent'],
]);
const faults: ReadonlyMap<string, string> = new Map([
  ['ECONNECTION', 'the server closed the connection'],
  ['EPROTOCOL', 'the server does not speak SMTP'],
  ['ETLS', 'TLS could not be agreed on'],
  ['EDNS', 'the host name could not be looked up'],
]);

function faultWithout(error: SmtpError): string {
  const { code = '', originalCode, timeoutType = '' } = error;
  const own = timeouts.get(timeoutType) ?? (originalCode === undefined ? faults.get(code) : undefined);
  return own ?? networkFaultOf(originalCode === undefined ? error : { code: originalCode });
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
