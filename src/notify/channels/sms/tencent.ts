/**
 * Short messages by Tencent Cloud (SendSms, 2021-01-11). There is no free text: title and text go into the
 * numbered variables of an approved template. One request for all numbers, and an answer for each.
 */
import type { Channel, Delivery } from '../channel.ts';
import type { Answer, Send } from '../http/client.ts';
import { asObject, blockMs, identifier, objectIn, retry } from '../http/failure.ts';
import {
  checkNumbers,
  compileVariable,
  delivered,
  E164,
  maskNumber,
  SMS_TIMEOUT_MS,
  smsFailureWithout,
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

/** Throws a `RangeError` for settings that cannot work. */
export function createTencentChannel(
  settings: TencentSettings,
  send: Send,
  nowMs: () => number = Date.now,
): Channel {
  checkNumbers(settings.to, MAX_NUMBERS, E164);
  const url = new URL('/', settings.base ?? TENCENT_BASE);
  const variables = settings.variables.map((source) =>
    compileVariable(source, settings.maxVariableCharacters),
  );
  return {
    name: settings.name,
    timeoutMs: SMS_TIMEOUT_MS,
    async deliver(message, { number, signal }) {
      const values = variables.map((fill) => fill(message));
      const body = bodyOf(settings, values);
      const headers = headersOf(settings, url, body, Math.floor(nowMs() / 1000));
      const outcome = await send({ method: 'POST', url, headers, body, signal });
      return outcome.kind === 'answered' ? judge(outcome, number) : smsFailureWithout(outcome);
    },
  };
}

function bodyOf({ to, appId, signName, templateId }: TencentSettings, values: readonly string[]): string {
  return JSON.stringify({
    ...{ PhoneNumberSet: to, SmsSdkAppId: appId, TemplateId: templateId, TemplateParamSet: values },
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

const temporary = /^(Request)?LimitExceeded(\.|$)/;
/** Their servers do not know either what became of it. */
const undecided = /^InternalError(\.|$)/;

const meanings: Readonly<Record<string, string>> = {
  'AuthFailure.SignatureExpire': ': the clock of this server is wrong',
  'AuthFailure.SignatureFailure': ': the key is wrong',
  'AuthFailure.SecretIdNotFound': ': the id of the key is wrong',
};

function judge(answer: Answer, attempt: number): Delivery {
  const response = asObject(objectIn(answer)?.Response);
  const error = asObject(response?.Error);
  if (error) return failureOfCodes([identifier(error.Code) ?? 'without a code'], attempt);
  const statuses = Array.isArray(response?.SendStatusSet) ? response.SendStatusSet.map(statusOf) : [];
  const failed = statuses.filter(({ code }) => code !== 'Ok');
  if (statuses.length === 0) return unclear(`HTTP ${answer.status} without a result`);
  if (failed.length === statuses.length)
    return failureOfCodes(new Set(failed.map(({ code }) => code)), attempt);
  const id = statuses.length === 1 ? statuses[0]?.serial : identifier(response?.RequestId);
  const list = failed.map(({ number, code }) => `${maskNumber(number)}: Tencent ${code}`).join(', ');
  return delivered(id, failed.length > 0 ? [`not sent to ${list}`] : []);
}

interface Status {
  readonly code: string;
  readonly number: string;
  readonly serial: string | undefined;
}

function statusOf(value: unknown): Status {
  const { Code, PhoneNumber, SerialNo } = asObject(value) ?? {};
  return {
    code: identifier(Code) ?? 'without a code',
    number: identifier(PhoneNumber) ?? '',
    serial: identifier(SerialNo),
  };
}

/** Nothing was sent to anybody, unless the provider does not know. */
function failureOfCodes(codes: Iterable<string>, attempt: number): Delivery {
  const list = [...codes];
  const reason = `Tencent ${list.map((code) => `${code}${meanings[code] ?? ''}`).join(', ')}`;
  if (list.some((code) => undecided.test(code))) return unclear(reason);
  return list.every((code) => temporary.test(code))
    ? retry(reason, blockMs(attempt))
    : { kind: 'rejected', reason };
}
