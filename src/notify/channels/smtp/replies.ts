/** What replies and faults of an SMTP server mean for a message. The server's own words are never handed on. */

import { networkFaultOf } from '../../../net/network-fault.ts';
import { type FailedDelivery, retry } from '../failure.ts';

/** What the library says about an attempt that failed, as far as it is looked at. */
export interface SmtpError {
  /** The library's own word. */
  readonly code?: string;
  /** The system's or OpenSSL's, where there was one. */
  readonly originalCode?: string;
  readonly timeoutType?: string;
  /** The command that the reply belongs to; `CONN` for the greeting, and for replies to no command. */
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
/** Commands in a wrong order: of this connection only. */
const BAD_SEQUENCE = 503;
/** What the code of a connection says whose server has a public address, where TLS is a must. */
export const PUBLIC_SERVER = 'EPUBLIC';

const WITHOUT_TLS = 'smtp://host?security=none for a relay on this host or in a private network';
/** Faults that the settings are to blame for: they would only be told a day later if messages waited. */
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
 * A 5yz reply to login, sender, recipient or content will be given again (RFC 5321 §4.2.1), and one to STARTTLS says
 * that the settings promise what the server does not have. Everything else is about the connection: a greeting with
 * 554 and a wrong certificate may be an attack or an accident, so that the message waits for better times.
 *
 * That holds for a connection lost after the end of the content too: whether the message was taken is not known,
 * and mail is sent again then (RFC 5321 §4.5.4.1, §6.1).
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

/** Of a day's or an hour's limit, and of a server that ends: for now, whatever the first digit says. */
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

/** How servers name a message that they took: Postfix; Exim and others; OpenSMTPD and Sendmail; Amazon; Microsoft. */
const idPatterns = [
  /\bqueued as ([\w.-]{1,64})(?:$|\s)/i,
  /\bid=([\w.-]{1,64})(?:$|\s)/i,
  /^250[ -]2\.\d\.\d ([\w.-]{1,64}) Message accepted/i,
  /^250 Ok ([\da-f-]{20,64})$/i,
  /^250 2\.\d\.\d (?:OK )?<([\w.-]{1,64}@[\w.-]+\.outlook\.com)>/i,
];

/** Of the reply to a message that was taken, the name under which the server's log has it. */
export function queueIdIn(response: string): string | undefined {
  return idPatterns.map((pattern) => pattern.exec(response)?.[1]).find((id) => id !== undefined);
}
