/**
 * Stands in for Tencent Cloud's SendSms. It works out the signature (TC3-HMAC-SHA256) from the bytes that
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

export interface TencentWorld {
  readonly secretId: string;
  readonly secretKey: string;
  /** What becomes of a number; `Ok` unless it stands here. */
  readonly codes?: Readonly<Record<string, string>>;
  nowMs(): number;
}

export interface TencentStandIn extends StandIn {
  /** The body of each request that was taken. */
  readonly taken: Record<string, unknown>[];
  readonly script: Script;
}

const MAX_SKEW_SECONDS = 300;

export async function startTencent(
  world: TencentWorld,
  options: StandInOptions = {},
): Promise<TencentStandIn> {
  const taken: Record<string, unknown>[] = [];
  const script = new Script();
  const respond = (received: Received) => script.reply(() => act(received, world, taken));
  return { ...(await startStandIn(respond, options)), taken, script };
}

function act(received: Received, world: TencentWorld, taken: Record<string, unknown>[]): Reply {
  const fault = faultOfSignature(received, world) ?? faultOfAction(received);
  if (fault) return fault;
  const body = JSON.parse(received.body.toString());
  if (!body.SmsSdkAppId || !body.TemplateId) return failure('MissingParameter', 'SmsSdkAppId');
  taken.push(body);
  const SendStatusSet = body.PhoneNumberSet.map((PhoneNumber: string, i: number) => {
    const Code = world.codes?.[PhoneNumber] ?? 'Ok';
    const [SerialNo, Message] = Code === 'Ok' ? [`5000:${i}`, 'send success'] : ['', `no: ${PhoneNumber}`];
    return { SerialNo, PhoneNumber, Fee: 1, SessionContext: '', Code, Message, IsoCode: 'CN' };
  });
  return json({ Response: { SendStatusSet, RequestId: 'a0aabda6-cf91' } });
}

function faultOfSignature(
  { method, target, headers, body }: Received,
  world: TencentWorld,
): Reply | undefined {
  const authorization = headers.authorization ?? '';
  const [, secretId, date, service, names = '', signature] =
    /^TC3-HMAC-SHA256 Credential=([^/]+)\/([\d-]+)\/(\w+)\/tc3_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  if (secretId !== world.secretId) return failure('AuthFailure.SecretIdNotFound', authorization);
  const timestamp = Number(headers['x-tc-timestamp']);
  if (!(Math.abs(world.nowMs() / 1000 - timestamp) <= MAX_SKEW_SECONDS)) {
    return failure('AuthFailure.SignatureExpire', 'time');
  }
  const signed = names.split(';');
  const value = (name: string) => String(headers[name]).trim().toLowerCase();
  const [path = '', query = ''] = target.split('?');
  const lines = signed.map((name) => `${name}:${value(name)}\n`).join('');
  const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
  const canonical = `${method}\n${path}\n${query}\n${lines}\n${names}\n${hash(body)}`;
  const toSign = `TC3-HMAC-SHA256\n${timestamp}\n${date}/${service}/tc3_request\n${hash(canonical)}`;
  const today = new Date(timestamp * 1000).toISOString().slice(0, 10);
  let key: string | Buffer = `TC3${world.secretKey}`;
  for (const step of [today, 'sms', 'tc3_request']) key = createHmac('sha256', key).update(step).digest();
  const right = createHmac('sha256', key).update(toSign).digest('hex');
  const complete = ['content-type', 'host'].every((name) => signed.includes(name));
  return right === signature && complete ? undefined : failure('AuthFailure.SignatureFailure', authorization);
}

function faultOfAction({ method, headers }: Received): Reply | undefined {
  if (method !== 'POST' || headers['x-tc-action'] !== 'SendSms')
    return failure('InvalidAction', 'no such action');
  if (headers['x-tc-version'] !== '2021-01-11') return failure('NoSuchVersion', 'no such version');
  return headers['x-tc-region'] ? undefined : failure('MissingParameter', 'X-TC-Region');
}

function failure(Code: string, Message: string): Reply {
  return json({ Response: { Error: { Code, Message }, RequestId: 'a0aabda6-cf91' } });
}
