/** Channels from their configuration. Each kind is loaded only where it is configured. */
import { readFileSync } from 'node:fs';
import { type ChannelConfig, variableOf } from '../config/notify/kinds.ts';
import { type MayConnect, parseAddressPolicy } from '../net/addresses.ts';
import { type CaTrust, readTrust } from '../net/ca-bundle.ts';
import { createKeepingClient, type KeepingClient, type Send } from '../net/http-client.ts';
import { parseProxy } from '../net/proxy.ts';
import type { Channel } from '../notify/channels/channel.ts';
import type { PresetName } from '../notify/channels/preset/presets.ts';
import type { SharedToken } from '../notify/channels/wecom/token.ts';
import { failure, type Result, success } from '../util/result.ts';

/** Reads the CA bundle when the first connection needs it, and keeps it. Throws a `TrustError` until it can. */
export function lazyTrust(caFile: string): () => CaTrust {
  let trust: CaTrust | undefined;
  return () => {
    trust ??= readTrust(caFile, (path) => readFileSync(path, 'utf8'));
    return trust;
  };
}

/** What processes share of a provider: the token that it gives for a secret. */
export type ShareToken = (secret: string) => SharedToken;

/** The channel, or why its settings cannot work. */
export async function createChannel(
  config: ChannelConfig,
  trust: () => CaTrust,
  share?: ShareToken,
): Promise<Result<Channel, string>> {
  const { kind, name } = config;
  switch (kind) {
    case 'smtp':
      return smtpChannel(config, trust);
    case 'webhook':
      return webhookChannel(config, trust);
    default: {
      const client = clientBy(config.values.proxy, trust);
      if (!client.ok) return client;
      return closing(await providerChannel({ ...config, name }, client.value.send, share), client.value);
    }
  }
}

type ConfigOf<K extends ChannelConfig['kind']> = Extract<ChannelConfig, { kind: K }>;
type ProviderConfig = ConfigOf<'wecom' | 'wecom-robot' | 'aliyun' | 'tencent' | 'twilio' | PresetName>;

async function providerChannel(
  config: ProviderConfig,
  send: Send,
  share?: ShareToken,
): Promise<Result<Channel, string>> {
  const { kind, name } = config;
  switch (kind) {
    case 'wecom': {
      const { users, parties, tags, proxy: _, ...rest } = config.values;
      const to = { ...(users && { users }), ...(parties && { parties }), ...(tags && { tags }) };
      const { createWecomChannel } = await import('../notify/channels/wecom/channel.ts');
      const shared = share?.(`wecom\n${rest.base ?? ''}\n${rest.corpId}\n${rest.secret}`);
      return createWecomChannel({ name, to, ...rest }, send, Date.now, shared);
    }
    case 'wecom-robot': {
      const { proxy: _, ...rest } = config.values;
      const { createWecomRobotChannel } = await import('../notify/channels/wecom-robot/channel.ts');
      return createWecomRobotChannel({ name, ...rest }, send);
    }
    case 'aliyun': {
      const { proxy: _, ...rest } = config.values;
      const { createAliyunChannel } = await import('../notify/channels/sms/aliyun.ts');
      return createAliyunChannel({ name, ...rest }, send);
    }
    case 'tencent': {
      const { proxy: _, ...rest } = config.values;
      const { createTencentChannel } = await import('../notify/channels/sms/tencent.ts');
      return createTencentChannel({ name, ...rest }, send);
    }
    case 'twilio':
      return twilioChannel(config, send);
    default:
      return presetChannel(config, send);
  }
}

async function presetChannel(
  { kind, name, values }: ConfigOf<PresetName>,
  send: Send,
): Promise<Result<Channel, string>> {
  const [{ createPresetChannel }, { presets }] = await Promise.all([
    import('../notify/channels/preset/channel.ts'),
    import('../notify/channels/preset/presets.ts'),
  ]);
  return createPresetChannel(presets[kind], { name, values }, send);
}

async function smtpChannel(
  { name, values }: ConfigOf<'smtp'>,
  trust: () => CaTrust,
): Promise<Result<Channel, string>> {
  const { url, user, password, from, to } = values;
  const [{ createSmtpChannel }, { parseSmtpUrl }] = await Promise.all([
    import('../notify/channels/smtp/channel.ts'),
    import('../notify/channels/smtp/server.ts'),
  ]);
  const server = parseSmtpUrl(url);
  if (!server.ok) return server;
  if (user === undefined && password === undefined) {
    return createSmtpChannel({ name, ...server.value, from, to }, { trust });
  }
  if (server.value.credentials) {
    return failure('user, password: the url contains them already; leave one of the two out');
  }
  const credentials = { user: user ?? '', password: password ?? '' };
  return createSmtpChannel({ name, ...server.value, credentials, from, to }, { trust });
}

async function twilioChannel(
  { name, values }: ConfigOf<'twilio'>,
  send: Send,
): Promise<Result<Channel, string>> {
  const { proxy: _, from, messagingServiceSid, ...rest } = values;
  if ((from === undefined) === (messagingServiceSid === undefined)) {
    return failure('from, messagingServiceSid: one of the two is needed, and not both');
  }
  const sender = from === undefined ? { messagingServiceSid: messagingServiceSid as string } : { from };
  const { createTwilioChannel } = await import('../notify/channels/sms/twilio.ts');
  return createTwilioChannel({ name, ...rest, sender }, send);
}

async function webhookChannel(
  { name, values }: ConfigOf<'webhook'>,
  trust: () => CaTrust,
): Promise<Result<Channel, string>> {
  const { proxy, allowAddresses, successStatuses, successPointer, successEquals, ...signed } = values;
  if ((successPointer === undefined) !== (successEquals === undefined)) {
    return failure('successPointer, successEquals: one needs the other');
  }
  if (proxy !== undefined && allowAddresses !== undefined) {
    return failure(
      'allowAddresses: has no effect behind a proxy, which connects itself; leave one of the two out',
    );
  }
  const criteria = {
    ...(successStatuses && { statuses: successStatuses }),
    ...(successPointer !== undefined &&
      successEquals !== undefined && { match: { pointer: successPointer, equals: successEquals } }),
  };
  const policy = parseAddressPolicy(allowAddresses ?? []);
  if (!policy.ok) return policy;
  const mayConnect = policy.value;
  const client = clientBy(proxy, trust, mayConnect);
  if (!client.ok) return client;
  const [{ createWebhookChannel }, { addressIn }] = await Promise.all([
    import('../notify/channels/webhook/channel.ts'),
    import('../notify/channels/webhook/request-template.ts'),
  ]);
  const { sign, rest } = signatureIn(signed);
  if (!sign.ok) return sign;
  const settings = { name, ...rest, success: criteria, ...(sign.value && { sign: sign.value }) };
  const channel = closing(createWebhookChannel(settings, client.value.send), client.value);
  // The address of a name is checked at the first attempt.
  const address = channel.ok && proxy === undefined ? addressIn(rest.url) : undefined;
  if (address === undefined || mayConnect(address)) return channel;
  return failure(
    `allowAddresses: the host of the url has a private or special address, ${address}; allow it (${ALLOW_VARIABLE}=${address}), or choose another host`,
  );
}

type SignedValues = Omit<ConfigOf<'webhook'>['values'], 'proxy' | 'allowAddresses' | `success${string}`>;

/** The keys of the signature, and all others. */
function signatureIn(values: SignedValues) {
  const { signSecret, signAlgorithm, signContent, signHeader, signValue, ...unsigned } = values;
  const { signTimestampHeader, signIdHeader, ...rest } = unsigned;
  const options = {
    ...(signAlgorithm && { algorithm: signAlgorithm }),
    ...(signContent && { content: signContent }),
    ...(signHeader && { header: signHeader }),
    ...(signValue && { value: signValue }),
    ...(signTimestampHeader && { timestampHeader: signTimestampHeader }),
    ...(signIdHeader && { idHeader: signIdHeader }),
  };
  if (signSecret !== undefined) return { rest, sign: success({ secret: signSecret, ...options }) };
  const isUnsigned = Object.keys(options).length === 0;
  const missing = failure('signSecret: missing; the other keys of the signature need it');
  return { rest, sign: isUnsigned ? success(undefined) : missing };
}

const ALLOW_VARIABLE = variableOf('webhook', 'allowAddresses');

/** Of the requests of a channel, those that are repeatable share connections. `mayConnect` is for those without a proxy. */
function clientBy(
  proxy: string | undefined,
  getTrust: () => CaTrust,
  mayConnect: MayConnect = () => true,
): Result<KeepingClient, string> {
  const trust = () => getTrust().secureContext;
  if (proxy === undefined) {
    return success(createKeepingClient({ trust, route: { kind: 'direct', mayConnect } }));
  }
  const url = parseProxy(proxy);
  return url.ok ? success(createKeepingClient({ trust, route: { kind: 'proxy', url: url.value } })) : url;
}

function closing(channel: Result<Channel, string>, client: KeepingClient): Result<Channel, string> {
  return channel.ok ? success({ ...channel.value, close: async () => client.close() }) : channel;
}
