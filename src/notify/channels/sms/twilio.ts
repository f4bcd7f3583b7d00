/** Short messages by Twilio (Messages, 2010-04-01): free text, one request for each number. */

import { parseBase } from '../../../net/base-url.ts';
import type { ClientResponse, Send } from '../../../net/http-client.ts';
import { type Result, success } from '../../../util/result.ts';
import type { Channel, Delivery } from '../channel.ts';
import { identifier, limited, objectIn, retryAfterMs } from '../failure.ts';
import { deliverEachPart, delivered } from '../partial-delivery.ts';
import { cutText, plainText } from '../text/split.ts';
import { turns } from '../text/turns.ts';
import { checkNumbers, E164, SMS_TIMEOUT_MS, smsFailureWithout, smsSummaries, unclear } from './delivery.ts';

export interface TwilioSettings {
  readonly name: string;
  /** Default {@link TWILIO_BASE}. */
  readonly base?: string;
  readonly accountSid: string;
  /** Secret. */
  readonly authToken: string;
  readonly sender: { readonly from: string } | { readonly messagingServiceSid: string };
  /** 1 to 100 numbers in E.164 form. */
  readonly to: readonly string[];
}

export const TWILIO_BASE = 'https://api.twilio.com';
/** Each number is a request of its own within one attempt. */
const MAX_NUMBERS = 100;
const BODY_MAX_UNITS = 1600;
const TOO_MANY_CALLS = '20429';

const meanings: ReadonlyMap<string, string> = new Map([
  ['20003', ': the account or its token is wrong'],
  ['21211', ': the number is wrong'],
  [TOO_MANY_CALLS, ': too many calls'],
]);

export function createTwilioChannel(
  settings: TwilioSettings,
  send: Send,
  nowMs: () => number = Date.now,
): Result<Channel, string> {
  const numbers = checkNumbers(settings.to, MAX_NUMBERS, E164);
  if (!numbers.ok) return numbers;
  const base = parseBase(settings.base ?? TWILIO_BASE);
  if (!base.ok) return base;
  const { accountSid, authToken, sender } = settings;
  const path = `/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`;
  const url = new URL(path, base.value);
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
  };
  const from = 'from' in sender ? { From: sender.from } : { MessagingServiceSid: sender.messagingServiceSid };
  return success({
    name: settings.name,
    timeoutMs: SMS_TIMEOUT_MS,
    ifUnclear: 'give up',
    async deliver(message, attempt) {
      const text = await turns.run(plainText(message), attempt.signal);
      const cut = cutText(text, BODY_MAX_UNITS);
      const notes = cut === text ? [] : [`cut to ${BODY_MAX_UNITS} characters`];
      const deliver = async (number: string): Promise<Delivery> => {
        const body = new URLSearchParams({ To: number, ...from, Body: cut }).toString();
        const beforeSending = async () => attempt.beforeSending?.(number);
        const outcome = await send({
          method: 'POST',
          url,
          headers,
          body,
          signal: attempt.signal,
          beforeSending,
        });
        return outcome.kind === 'response' ? deliveryOf(outcome, nowMs(), notes) : smsFailureWithout(outcome);
      };
      return deliverEachPart(settings.to, attempt, {
        deliver,
        onRejected: 'give up',
        summaries: smsSummaries,
      });
    },
  });
}

function deliveryOf(response: ClientResponse, nowMs: number, notes: readonly string[]): Delivery {
  const { status, headers } = response;
  const fields = objectIn(response);
  if (status >= 200 && status < 300) return delivered(identifier(fields?.sid), notes);
  const code = identifier(fields?.code);
  const reason = code ? `Twilio ${code}${meanings.get(code) ?? ''}` : `HTTP ${status}`;
  // The one refusal that says: not processed, come again.
  if (status === 429 || code === TOO_MANY_CALLS) return limited(reason, retryAfterMs(headers, nowMs));
  return status >= 500 ? unclear(reason) : { kind: 'rejected', reason };
}
