/**
 * Stands in for Alibaba Cloud's SendSms. It works out the signature (ACS3-HMAC-SHA256) from the bytes that
 * arrived, with code of its own.
 */
import { createHash, createHmac } from 'node:crypto';
import {
  json,
  type Received,
  type Reply,
  type StandIn,
  type StandInOptions,
  startStandIn,
} from '../stand-in.ts';
import { Script } from './script.ts';

export interface AliyunWorld {
  readonly keyId: string;
  readonly keySecret: string;
  nowMs(): number;
}

export interface AliyunStandIn extends StandIn {
  /** The parameters of each request that was taken. */
  readonly taken: Record<string, string>[];
  readonly script: Script;
}

const MAX_SKEW_MS = 15 * 60_000;
const NEEDED = [
  'host',
  'x-acs-action',
  'x-acs-content-sha256',
  'x-acs-date',
  'x-acs-signature-nonce',
  'x-acs-version',
];

export async function startAliyun(world: AliyunWorld, options: StandInOptions = {}): Promise<AliyunStandIn> {
  const taken: Record<string, string>[] = [];
  const nonces = new Set<string>();
  const script = new Script();
  const respond = (received: Received) =>
    script.reply(() => {
      const parameters = Object.fromEntries(new URL(received.target, 'http://stand.in').searchParams);
      const fault = faultOfSignature(received, world, nonces) ?? faultOfParameters(received, parameters);
      if (fault) return fault;
      taken.push(parameters);
      return json({ Code: 'OK', Message: 'OK', RequestId: 'R-1', BizId: `9000${taken.length}^0` });
    });
  return { ...(await startStandIn(respond, options)), taken, script };
}

function faultOfSignature(received: Received, world: AliyunWorld, nonces: Set<string>): Reply | undefined {
  const { headers } = received;
  const authorization = headers.authorization ?? '';
  const [, keyId, names = '', signature] =
    /^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  if (keyId !== world.keyId) return failure(404, 'InvalidAccessKeyId.NotFound', authorization);
  const signed = names.split(';');
  if (NEEDED.some((name) => !signed.includes(name))) return failure(400, 'MissingParameter', names);
  if (signature !== signatureOf(received, signed, world.keySecret)) {
    return failure(400, 'SignatureDoesNotMatch', authorization);
  }
  const dateMs = Date.parse(String(headers['x-acs-date']));
  if (!(Math.abs(world.nowMs() - dateMs) <= MAX_SKEW_MS))
    return failure(400, 'InvalidTimeStamp.Expired', 'time');
  const nonce = String(headers['x-acs-signature-nonce']);
  if (nonces.has(nonce)) return failure(400, 'SignatureNonceUsed', nonce);
  nonces.add(nonce);
  return undefined;
}

function signatureOf({ method, target, headers, body }: Received, signed: string[], secret: string): string {
  const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
  const [path = '', query = ''] = target.split('?');
  const pairs = query.split('&').map((pair) =>
    pair
      .split('=')
      .map((part) => rfc3986(decodeURIComponent(part)))
      .join('='),
  );
  let canonical = `${method}\n${path}\n${pairs.sort().join('&')}\n`;
  for (const name of signed) canonical += `${name}:${String(headers[name]).trim()}\n`;
  canonical += `\n${signed.join(';')}\n${hash(body)}`;
  if (headers['x-acs-content-sha256'] !== hash(body)) return 'the hash of the body is wrong';
  return createHmac('sha256', secret)
    .update(`ACS3-HMAC-SHA256\n${hash(canonical)}`)
    .digest('hex');
}

/** Byte for byte. */
function rfc3986(text: string): string {
  const bytes = [...Buffer.from(text)];
  return bytes
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function faultOfParameters(
  { method, headers }: Received,
  parameters: Record<string, string>,
): Reply | undefined {
  if (
    method !== 'POST' ||
    headers['x-acs-action'] !== 'SendSms' ||
    headers['x-acs-version'] !== '2017-05-25'
  ) {
    return failure(404, 'InvalidAction.NotFound', 'no such action');
  }
  const numbers = (parameters.PhoneNumbers ?? '').split(',');
  if (!numbers.every((number) => /^\+?\d{11,15}$/.test(number)))
    return failure(200, 'isv.MOBILE_NUMBER_ILLEGAL', '');
  if (!parameters.SignName || !parameters.TemplateCode) return failure(200, 'isv.SMS_TEMPLATE_ILLEGAL', '');
  const values = Object.values(JSON.parse(parameters.TemplateParam ?? '{}'));
  return values.some((value) => String(value).length > 35)
    ? failure(200, 'isv.PARAM_LENGTH_LIMIT', 'a variable is too long')
    : undefined;
}

function failure(status: number, Code: string, Message: string): Reply {
  return json({ Code, Message, RequestId: 'R-1', Recommend: 'https://api.aliyun.com' }, status);
}
