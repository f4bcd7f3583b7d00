/**
 * Mail by SMTP submission (RFC 6409). An attempt:
 *
 * 1. the recipients that no earlier attempt has ended
 * 2. a kept connection, or a new one: TLS, verified, and login come first
 * 3. the message in the very bytes of earlier attempts, with one Message-ID, by which receivers can tell what
 *    they got twice after a connection was lost at the wrong moment
 * 4. the replies say what became of each recipient: those who got it are not sent it again
 *
 * This module loads all of it; `smtp/server.ts` and `smtp/address.ts` read settings without it.
 */
import { isGlobalAddress, type MayConnect } from '../../../net/addresses.ts';
import type { CaTrust } from '../../../net/ca-bundle.ts';
import { collect, failure, type Result, success } from '../../../util/result.ts';
import type { Channel } from '../channel.ts';
import { retry } from '../failure.ts';
import { concludeParts, remainingParts } from '../partial-delivery.ts';
import { turns } from '../text/turns.ts';
import { parseAddress, parseMailbox } from './address.ts';
import { mailOf } from './content.ts';
import { DEFAULT_LIMITS, type SmtpLimits, SmtpPool } from './pool.ts';
import { mailSummaries, settleRecipients } from './recipients.ts';
import { checkServer, type SmtpServer } from './server.ts';

export interface SmtpSettings extends SmtpServer {
  readonly name: string;
  /** `address` or `Name <address>`. */
  readonly from: string;
  /** 1 to {@link MAX_RECIPIENTS} addresses. All see each other. */
  readonly to: readonly string[];
}

export interface SmtpOptions {
  /**
   * The CAs to trust, read before the first connection with TLS. Throws an `Error` with a message for the operator if
   * there are none; messages wait then, and it is called again.
   */
  readonly trust: () => CaTrust;
  /** Default {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<SmtpLimits>;
  /** Addresses that must not get mail without TLS. Default: all global ones. */
  readonly isPublic?: MayConnect;
}

/** Servers may refuse more in one message (RFC 5321 §4.5.3.1.8). */
export const MAX_RECIPIENTS = 100;
/** For the content to leave, and so that the limits of the parts are what gets reported. */
const MARGIN_MS = 30_000;

export function createSmtpChannel(settings: SmtpSettings, options: SmtpOptions): Result<Channel, string> {
  const server = checkServer(settings);
  if (!server.ok) return server;
  const from = parseMailbox(settings.from);
  if (!from.ok) return from;
  const to = parseRecipients(settings.to);
  if (!to.ok) return to;
  const letterhead = { from: from.value, to: to.value };
  const { security } = settings;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const isPublic = options.isPublic ?? isGlobalAddress;
  let pool: SmtpPool | undefined;
  return success({
    name: settings.name,
    timeoutMs: timeoutOf(letterhead.to.length, limits),
    async deliver(message, { done, signal }) {
      const remaining = remainingParts(letterhead.to, done);
      // The settings may have lost recipients since the last attempt.
      if (remaining.length === 0) return concludeParts(done, mailSummaries);
      try {
        pool ??= new SmtpPool(settings, security === 'none' ? undefined : options.trust(), limits, isPublic);
      } catch (error) {
        return { ...retry((error as Error).message), done };
      }
      const content = await turns.run(mailOf(message, letterhead), signal);
      const mail = { from: letterhead.from.address, to: remaining, content };
      const { failures, providerId } = await pool.submit(mail, signal);
      return settleRecipients(remaining, done, failures, providerId);
    },
    async close() {
      pool?.close();
    },
  });
}

function timeoutOf(recipients: number, limits: SmtpLimits): number {
  const { envelopeTimeoutMs, recipientTimeoutMs, acceptanceTimeoutMs } = limits;
  return envelopeTimeoutMs + recipients * recipientTimeoutMs + acceptanceTimeoutMs + MARGIN_MS;
}

function parseRecipients(to: readonly string[]): Result<readonly string[], string> {
  if (to.length === 0) return failure('there is no address to send to');
  if (to.length > MAX_RECIPIENTS) return failure(`more than ${MAX_RECIPIENTS} addresses`);
  const addresses = collect(to.map(parseAddress));
  return addresses.ok ? success([...new Set(addresses.value)]) : addresses;
}
