/** Channels from their configuration. Each kind is loaded only where it is configured. */
import { readFileSync } from 'node:fs';
import { type ChannelConfig, variableOf } from '../config/notify/kinds.ts';
import { addressPolicy, type MayConnect } from '../net/addresses.ts';
import { type CaTrust, readTrust } from '../net/ca-bundle.ts';
import { createClient, type Send } from '../net/http-client.ts';
import type { Channel } from '../notify/channels/channel.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Reads the CA bundle when the first connection needs it, and keeps it. Throws a `TrustError` until it can. */
export function lazyTrust(env: Env): () => CaTrust {
  let trust: CaTrust | undefined;
  return () => {
    trust ??= readTrust(env, (path) => readFileSync(path, 'utf8'));
    return trust;
  };
}

/** Rejects with a `RangeError` for settings that cannot work. */
export async function createChannel(config: ChannelConfig, trust: () => CaTrust): Promise<Channel> {
  const { kind, name } = config;
  switch (kind) {
    case 'wecom': {
      const { users, parties, tags, proxy, ...rest } = config.values;
      const to = { ...(users && { users }), ...(parties && { parties }), ...(tags && { tags }) };
      const { createWecomChannel } = await import('../notify/channels/wecom/channel.ts');
      return createWecomChannel({ name, to, ...rest }, clientBy(proxy, trust));
    }
    case 'wecom-robot': {
      const { proxy, ...rest } = config.values;
      const { createWecomRobotChannel } = await import('../notify/channels/wecom-robot/channel.ts');
      return createWecomRobotChannel({ name, ...rest }, clientBy(proxy, trust));
    }
    case 'smtp':
      return smtpChannel(config, trust);
    case 'aliyun': {
      const { proxy, ...rest } = config.values;
      const { createAliyunChannel } = await import('../notify/channels/sms/aliyun.ts');
      return createAliyunChannel({ name, ...rest }, clientBy(proxy, trust));
    }
    case 'tencent': {
      const { proxy, ...rest } = config.values;
      const { createTencentChannel } = await import('../notify/channels/sms/tencent.ts');
      return createTencentChannel({ name, ...rest }, clientBy(proxy, trust));
    }
    case 'twilio':
      return twilioChannel(config, trust);
    case 'webhook':
      return webhookChannel(config, trust);
  }
}

type ConfigOf<K extends ChannelConfig['kind']> = Extract<ChannelConfig, { kind: K }>;

async function smtpChannel({ name, values }: ConfigOf<'smtp'>, trust: () => CaTrust): Promise<Channel> {
  const { url, user, password, from, to } = values;
  const [{ createSmtpChannel }, { parseSmtpUrl }] = await Promise.all([
    import('../notify/channels/smtp/channel.ts'),
    import('../notify/channels/smtp/server.ts'),
  ]);
  const server = parseSmtpUrl(url);
  if (user === undefined && password === undefined) {
    return createSmtpChannel({ name, ...server, from, to }, { trust });
  }
  if (server.credentials)
    throw new RangeError('user, password: they stand in the url already; leave one of the two out');
  const credentials = { user: user ?? '', password: password ?? '' };
  return createSmtpChannel({ name, ...server, credentials, from, to }, { trust });
}

async function twilioChannel({ name, values }: ConfigOf<'twilio'>, trust: () => CaTrust): Promise<Channel> {
  const { proxy, from, messagingServiceSid, ...rest } = values;
  if ((from === undefined) === (messagingServiceSid === undefined)) {
    throw new RangeError('from, messagingServiceSid: one of the two is needed, and not both');
  }
  const sender = from === undefined ? { messagingServiceSid: messagingServiceSid as string } : { from };
  const { createTwilioChannel } = await import('../notify/channels/sms/twilio.ts');
  return createTwilioChannel({ name, ...rest, sender }, clientBy(proxy, trust));
}

async function webhookChannel({ name, values }: ConfigOf<'webhook'>, trust: () => CaTrust): Promise<Channel> {
  const { proxy, allowAddresses, successStatuses, successPointer, successEquals, ...rest } = values;
  if ((successPointer === undefined) !== (successEquals === undefined)) {
    throw new RangeError('successPointer, successEquals: one needs the other');
  }
  if (proxy !== undefined && allowAddresses !== undefined) {
    throw new RangeError(
      'allowAddresses: cannot hold behind a proxy, since it is the proxy that connects; leave one of the two out',
    );
  }
  const success = {
    ...(successStatuses && { statuses: successStatuses }),
    ...(successPointer !== undefined &&
      successEquals !== undefined && { match: { pointer: successPointer, equals: successEquals } }),
  };
  const mayConnect = addressPolicy(allowAddresses);
  const send = clientBy(proxy, trust, mayConnect);
  const [{ createWebhookChannel }, { addressIn }] = await Promise.all([
    import('../notify/channels/webhook/channel.ts'),
    import('../notify/channels/webhook/places.ts'),
  ]);
  const channel = createWebhookChannel({ name, ...rest, success }, send);
  // Which address a name stands for is seen at the first attempt.
  const address = proxy === undefined ? addressIn(rest.url) : undefined;
  if (address !== undefined && !mayConnect(address)) {
    throw new RangeError(
      `allowAddresses: the host of the url has a private or special address, ${address}; allow it (${ALLOW_VARIABLE}=${address}), or choose another host`,
    );
  }
  return channel;
}

const ALLOW_VARIABLE = variableOf('webhook', 'allowAddresses');

const PROXY_FORM = 'write http://host:port or http://user:password@host:port';

/** `mayConnect` holds for connections without a proxy. */
function clientBy(
  proxy: string | undefined,
  getTrust: () => CaTrust,
  mayConnect: MayConnect = () => true,
): Send {
  const trust = () => getTrust().secureContext;
  if (proxy === undefined) return createClient({ trust, route: { kind: 'direct', mayConnect } });
  if (!URL.canParse(proxy)) throw new RangeError(`proxy: not a URL; ${PROXY_FORM}`);
  try {
    return createClient({ trust, route: { kind: 'proxy', url: new URL(proxy) } });
  } catch (error) {
    throw new RangeError(`proxy: ${(error as Error).message}; ${PROXY_FORM}`);
  }
}
