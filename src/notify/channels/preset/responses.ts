/** What a response means for a message, by the row of its provider. Pure. */
import type { ClientResponse } from '../../../net/http-client.ts';
import { memberOf } from '../../../util/json.ts';
import type { Delivery } from '../channel.ts';
import {
  type FailedDelivery,
  FIRST_BLOCK_MS,
  failureOfStatus,
  identifier,
  jsonIn,
  limited,
  type Repetition,
  redirectOf,
  retry,
  retryAfterMs,
  retryUnread,
} from '../failure.ts';
import { delivered } from '../partial-delivery.ts';
import type { Preset, Responses } from './row.ts';

export interface JudgeContext extends Repetition {
  readonly url: URL;
  readonly nowMs: number;
  /** An explanation without secrets, in one line. */
  readonly redact: (said: string) => string;
}

/** What is at a place of a response, see {@link Responses}. */
export function takeFrom(response: ClientResponse, at: string): unknown {
  if (at === '') return response.complete ? response.body.toString().trim() : undefined;
  const fields = jsonIn(response);
  for (const path of at.split('|')) {
    const found = path.split('.').reduce(memberOf, fields);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The provider's own words. */
export function saidIn(response: ClientResponse, { said }: Responses): string {
  const text = takeFrom(response, said);
  return typeof text === 'string' ? text : '';
}

export function judge(preset: Preset, response: ClientResponse, context: JudgeContext): Delivery {
  const { success, id } = preset.responses;
  const isTaken = response.status >= 200 && response.status < 300;
  if (isTaken && (success === undefined || saysSuccess(response, success))) {
    return delivered(id === undefined ? undefined : identifier(takeFrom(response, id)), []);
  }
  return failureOf(preset, response, context, isTaken);
}

function saysSuccess(response: ClientResponse, [at, value]: NonNullable<Responses['success']>): boolean {
  const found = takeFrom(response, at);
  return value === undefined ? found !== undefined : found === value;
}

function failureOf(
  preset: Preset,
  response: ClientResponse,
  context: JudgeContext,
  isTaken: boolean,
): FailedDelivery {
  const { responses } = preset;
  const {
    rejects = {},
    retries = {},
    limits = {},
    rejectsIf,
    limitsIf,
    blockMs = FIRST_BLOCK_MS,
  } = responses;
  const given = identifier(takeFrom(response, responses.code)) ?? '';
  const words = saidIn(response, responses);
  const isLimit = limitsIf?.test(words) === true;
  const known = isLimit
    ? limits
    : [rejects, retries, limits].find((meanings) => Object.hasOwn(meanings, given));
  // Servers echo what they received, which may look like a code.
  const code = known || context.redact(given) === given ? given : '';
  const reason = reasonOf(preset, code, known?.[code], words === given ? '' : context.redact(words));
  const afterMs = waitMs(response, responses, context.nowMs);
  if (known === limits) return limited(reason, afterMs ?? blockMs);
  if (rejectsIf?.test(words) || known === rejects) return { kind: 'rejected', reason };
  if (known) return retry(reason, afterMs);
  if (!isTaken)
    return withDelay(failureOfStatus(response, context.nowMs, saidBy(response, reason, context)), afterMs);
  // A word that is not the one of success may be a page of something in between.
  if (given !== '' && responses.code !== '') return { kind: 'rejected', reason };
  return retryUnread('the response does not say that it was taken', context);
}

/** Such as `Feishu 19021: what to do (what it said)`. */
function reasonOf({ label }: Preset, code: string, advice = '', said = ''): string {
  const explained = [advice, advice && said ? `(${said})` : said].filter(Boolean).join(' ');
  return [code === '' ? '' : `${label} ${code}`, explained].filter(Boolean).join(': ');
}

function saidBy(response: ClientResponse, reason: string, { url }: JudgeContext): string {
  return response.status >= 300 && response.status < 400 ? redirectOf(response, url) : reason;
}

function withDelay(failure: FailedDelivery, afterMs: number | undefined): FailedDelivery {
  return failure.kind === 'retry' && afterMs !== undefined ? { ...failure, afterMs } : failure;
}

/** By `Retry-After` and by the provider's own field, which say the same unless something in between has changed one. */
function waitMs(response: ClientResponse, { retryAfter }: Responses, nowMs: number): number | undefined {
  const seconds = retryAfter === undefined ? undefined : Number(takeFrom(response, retryAfter));
  const times = [
    retryAfterMs(response.headers, nowMs),
    seconds !== undefined && seconds >= 0 ? Math.ceil(seconds * 1000) : undefined,
  ].filter((ms) => ms !== undefined);
  return times.length > 0 ? Math.max(...times) : undefined;
}
