/**
 * Short messages by Tencent Cloud (SendSms, 2021-01-11). There is no free text: title and text go into the
 * numbered variables of an approved template. One request for all numbers, and a response for each.
 */

import { parseBase } from '../../../net/base-url.ts';
import type { ClientResponse, Send } from '../../../net/http-client.ts';
import { collect, type Result, success } from '../../../util/result.ts';
import type { Channel, Delivery, EndedPart } from '../channel.ts';
import {
  asObject,
  blockMs,
  type FailedDelivery,
  FIRST_BLOCK_MS,
  identifier,
  limited,
  objectIn,
  retry,
} from '../failure.ts';
import { concludeParts, givenUpPart, remainingParts, settleParts } from '../partial-delivery.ts';
import { asText } from '../text/split.ts';
import { turns } from '../text/turns.ts';
import {
  checkNumbers,
  compileVariable,
  E164,
  SMS_TIMEOUT_MS,
  smsFailureWithout,
  smsSummaries,
  unclear,
} from './delivery.ts';
import { tc3Authorization } from './tencent-signature.ts';

export interface TencentSettings {
  readonly name: string;
  /** Default {@link TENCENT_BASE}. */
  readonly base?: string;
  readonly secretId: string;
  /** Secret. */
  readonly secretKey: string;
  /** Such as `ap-guangzhou`. */
  readonly region: string;
  readonly appId: string;
  /** Needed for numbers of mainland China. */
  readonly signName?: string;
  readonly templateId: string;
  /** What fills the template's variables {1}, {2} and so on, for example `["{{title}}", "{{text}}"]`. */
  readonly variables: readonly string[];
  /** Longer values of variables are cut. Default: they are sent as they are, and Tencent refuses them. */
  readonly maxVariableCharacters?: number;
  /** 1 to 200 numbers in E.164 form. */
  readonly to: readonly string[];
}

export const TENCENT_BASE = 'https://sms.tencentcloudapi.com';
const MAX_NUMBERS = 200;
const ACTION = 'SendSms';

export function createTencentChannel(
  settings: TencentSettings,
  send: Send,
  nowMs: () => number = Date.now,
): Result<Channel, string> {
  const checked = checkNumbers(settings.to, MAX_NUMBERS, E164);
  if (!checked.ok) return checked;
  const base = parseBase(settings.base ?? TENCENT_BASE);
  if (!base.ok) return base;
  const url = new URL('/', base.value);
  const fills = collect(
    settings.variables.map((source) => compileVariable(source, settings.maxVariableCharacters)),
  );
  if (!fills.ok) return fills;
  return success({
    name: settings.name,
    timeoutMs: SMS_TIMEOUT_MS,
    ifUnclear: 'give up',
    async deliver(message, { number: attempt, done, signal, beforeSending }) {
      const numbers = remainingParts(settings.to, done);
      // The settings may have lost numbers since the last attempt.
      if (numbers.length === 0) return concludeParts(done, smsSummaries);
      const readable = await turns.run(asText(message), signal);
      const values = fills.value.map((fill) => fill(readable));
      const body = bodyOf(settings, numbers, values);
      const headers = headersOf(settings, url, body, Math.floor(nowMs() / 1000));
      const outcome = await send({
        method: 'POST',
        url,
        headers,
        body,
        signal,
        beforeSending: async () => beforeSending?.(),
      });
      const result = outcome.kind === 'response' ? readResult(outcome, attempt) : smsFailureWithout(outcome);
      if (result.kind === 'result') return deliveryOf(result, numbers, done, attempt);
      if (result.kind === 'retry') return { ...result, done };
      if (done.length === 0) return result;
      const ended = [...done, ...numbers.map((number) => givenUpPart(number, result.reason))];
      return concludeParts(ended, smsSummaries);
    },
  });
}

function bodyOf(
  { appId, signName, templateId }: TencentSettings,
  numbers: readonly string[],
  values: readonly string[],
): string {
  return JSON.stringify({
    PhoneNumberSet: numbers,
    SmsSdkAppId: appId,
    TemplateId: templateId,
    TemplateParamSet: values,
    ...(signName && { SignName: signName }),
  });
}

function headersOf(
  { secretId, secretKey, region }: TencentSettings,
  { host }: URL,
  body: string,
  timestampSeconds: number,
): Record<string, string> {
  const type = 'application/json; charset=utf-8';
  const signed = { 'content-type': type, host, 'x-tc-action': ACTION.toLowerCase() };
  const request = { method: 'POST', service: 'sms', headers: signed, body, timestampSeconds };
  return {
    'content-type': type,
    host,
    'x-tc-action': ACTION,
    'x-tc-version': '2021-01-11',
    'x-tc-region': region,
    'x-tc-timestamp': String(timestampSeconds),
    authorization: tc3Authorization(secretId, secretKey, request),
  };
}

const SUCCESS = 'Ok';
/** Too many calls of the account. */
const limitedCode = /^RequestLimitExceeded(\.|$)/;
/** Too many messages to a number. */
const temporary = /^LimitExceeded(\.|$)/;
/** Their servers do not know either what became of it. */
const undecided = /^InternalError(\.|$)/;

const meanings: ReadonlyMap<string, string> = new Map([
  ['AuthFailure.SignatureExpire', ': the clock of this server is wrong'],
  ['AuthFailure.SignatureFailure', ': the key is wrong'],
  ['AuthFailure.SecretIdNotFound', ': the id of the key is wrong'],
]);

/** A response that says something about each number. */
interface TencentResult {
  readonly kind: 'result';
  /** By number: its code, where there is one. */
  readonly codes: ReadonlyMap<string, string>;
  readonly providerId: string | undefined;
}

function readResult(response: ClientResponse, attempt: number): TencentResult | FailedDelivery {
  const result = asObject(objectIn(response)?.Response);
  const error = asObject(result?.Error);
  if (error) return failureOfTencentCode(identifier(error.Code) ?? 'without a code', attempt);
  if (!Array.isArray(result?.SendStatusSet)) return unclear(`HTTP ${response.status} without a result`);
  const statuses = result.SendStatusSet.map((status) => asObject(status) ?? {});
  const codes = statuses.map(
    ({ PhoneNumber, Code }) => [String(PhoneNumber), identifier(Code) ?? 'without a code'] as const,
  );
  const id = statuses.length === 1 ? statuses[0]?.SerialNo : result.RequestId;
  return { kind: 'result', codes: new Map(codes), providerId: identifier(id) };
}

function deliveryOf(
  { codes, providerId }: TencentResult,
  numbers: readonly string[],
  before: readonly EndedPart[],
  attempt: number,
): Delivery {
  const failures = new Map<string, FailedDelivery>();
  for (const number of numbers) {
    const code = codes.get(number);
    if (code === SUCCESS) continue;
    failures.set(number, code === undefined ? unclear('no result') : failureOfTencentCode(code, attempt));
  }
  const { done, deferred } = settleParts(numbers, before, failures);
  const last = deferred.at(-1);
  return last ? { ...last, done } : concludeParts(done, smsSummaries, { providerId });
}

function failureOfTencentCode(code: string, attempt: number): FailedDelivery {
  const reason = `Tencent ${code}${meanings.get(code) ?? ''}`;
  if (undecided.test(code)) return unclear(reason);
  if (limitedCode.test(code)) return limited(reason, FIRST_BLOCK_MS);
  return temporary.test(code) ? retry(reason, blockMs(attempt)) : { kind: 'rejected', reason };
}
