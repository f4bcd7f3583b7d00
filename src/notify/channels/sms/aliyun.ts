/**
 * Short messages by Alibaba Cloud (SendSms, 2017-05-25). There is no free text: title and text go into the
 * variables of a template that Alibaba has approved. One request for all numbers.
 */
import { randomUUID } from 'node:crypto';
import { parseBase } from '../../../net/base-url.ts';
import type { ClientResponse, Send } from '../../../net/http-client.ts';
import { collect, type Result, success } from '../../../util/result.ts';
import type { Message } from '../../message.ts';
import type { Channel, Delivery } from '../channel.ts';
import { blockMs, FIRST_BLOCK_MS, identifier, limited, objectIn, retry } from '../failure.ts';
import { delivered } from '../partial-delivery.ts';
import { asText } from '../text/split.ts';
import { turns } from '../text/turns.ts';
import { acs3Authorization, canonicalQuery } from './aliyun-signature.ts';
import { checkNumbers, compileVariable, SMS_TIMEOUT_MS, smsFailureWithout, unclear } from './delivery.ts';
import { sha256 } from './signing.ts';

export interface AliyunSettings {
  readonly name: string;
  /** Default {@link ALIYUN_BASE}. */
  readonly base?: string;
  readonly keyId: string;
  /** Secret. */
  readonly keySecret: string;
  readonly signName: string;
  readonly templateCode: string;
  /** The template's variables and what fills them, for example `{ "content": "{{title}} {{text}}" }`. */
  readonly variables: Readonly<Record<string, string>>;
  /** Longer values of variables are cut. Default: they are sent as they are, and Alibaba refuses them. */
  readonly maxVariableCharacters?: number;
  /** 1 to 1000 numbers, digits with or without `+`. */
  readonly to: readonly string[];
}

/** Stubbed by tests. */
export interface SigningContext {
  nowMs(): number;
  nonce(): string;
}

export const ALIYUN_BASE = 'https://dysmsapi.aliyuncs.com';
const MAX_NUMBERS = 1000;
const NUMBER = /^\+?\d{5,20}$/;

export function createAliyunChannel(
  settings: AliyunSettings,
  send: Send,
  signing: SigningContext = { nowMs: Date.now, nonce: randomUUID },
): Result<Channel, string> {
  const numbers = checkNumbers(settings.to, MAX_NUMBERS, NUMBER);
  if (!numbers.ok) return numbers;
  const origin = parseBase(settings.base ?? ALIYUN_BASE);
  if (!origin.ok) return origin;
  const base = new URL('/', origin.value);
  const names = Object.keys(settings.variables);
  const fills = collect(
    Object.values(settings.variables).map((source) =>
      compileVariable(source, settings.maxVariableCharacters),
    ),
  );
  if (!fills.ok) return fills;
  const parameterOf = (message: Message): string =>
    JSON.stringify(Object.fromEntries(fills.value.map((fill, i) => [names[i], fill(message)])));
  return success({
    name: settings.name,
    timeoutMs: SMS_TIMEOUT_MS,
    ifUnclear: 'give up',
    async deliver(message, { number, signal, beforeSending }) {
      const { url, headers } = signedRequest(
        settings,
        base,
        parameterOf(await turns.run(asText(message), signal)),
        signing,
      );
      const outcome = await send({
        method: 'POST',
        url,
        headers,
        signal,
        beforeSending: async () => beforeSending?.(),
      });
      return outcome.kind === 'response' ? deliveryOf(outcome, number) : smsFailureWithout(outcome);
    },
  });
}

function signedRequest(settings: AliyunSettings, base: URL, parameter: string, signing: SigningContext) {
  const query = {
    PhoneNumbers: settings.to.join(','),
    SignName: settings.signName,
    TemplateCode: settings.templateCode,
    TemplateParam: parameter,
  };
  const headers = {
    host: base.host,
    'x-acs-action': 'SendSms',
    'x-acs-content-sha256': sha256(''),
    'x-acs-date': new Date(signing.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z'),
    'x-acs-signature-nonce': signing.nonce(),
    'x-acs-version': '2017-05-25',
  };
  const request = { method: 'POST', path: '/', query, headers, body: '' };
  const authorization = acs3Authorization(settings.keyId, settings.keySecret, request);
  const url = new URL(base);
  url.search = canonicalQuery(query);
  return { url, headers: { ...headers, accept: 'application/json', authorization } };
}

/** Too many calls of the account. */
const limitedCode = /^Throttling(\..+)?$/;
/** Too many messages to a number, or a fault on their side after which their pages say to try again. */
const temporary = /^(isv\.BUSINESS_LIMIT_CONTROL|isp\.SYSTEM_ERROR|ServiceUnavailable)$/;
/** Their servers do not know either what became of it; a nonce that was used may have been ours. */
const undecided = /^(InternalError|SignatureNonceUsed)(\..+)?$/;

const meanings: ReadonlyMap<string, string> = new Map([
  ['isv.BUSINESS_LIMIT_CONTROL', ': too many messages to this number'],
  ['isv.MOBILE_NUMBER_ILLEGAL', ': a number is wrong'],
  ['isv.PARAM_LENGTH_LIMIT', ': a variable is too long'],
  ['InvalidTimeStamp.Expired', ': the clock of this server is wrong'],
]);

function deliveryOf(response: ClientResponse, attempt: number): Delivery {
  const fields = objectIn(response);
  const code = identifier(fields?.Code);
  if (!code) return unclear(`HTTP ${response.status} without a code`);
  if (code === 'OK') return delivered(identifier(fields?.BizId), []);
  const reason = `Aliyun ${code}${meanings.get(code) ?? ''}`;
  if (undecided.test(code)) return unclear(reason);
  if (limitedCode.test(code)) return limited(reason, FIRST_BLOCK_MS);
  return temporary.test(code) ? retry(reason, blockMs(attempt)) : { kind: 'rejected', reason };
}
