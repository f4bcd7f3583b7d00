import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import {
  json,
  type Received,
  type Reply,
  type StandIn,
  startStandIn,
} from '../../../test/support/stand-in.ts';
import { createClient, type Send } from '../../net/http-client.ts';
import type { Result } from '../../util/result.ts';
import type { Channel } from './channel.ts';
import { deliver, during, errorOf, successOf } from './fixtures.ts';
import { createPresetChannel } from './preset/channel.ts';
import { type PresetName, presets } from './preset/presets.ts';
import type { Values } from './preset/row.ts';
import { createAliyunChannel } from './sms/aliyun.ts';
import { createTencentChannel } from './sms/tencent.ts';
import { createTwilioChannel } from './sms/twilio.ts';
import { createWebhookChannel } from './webhook/channel.ts';
import { createWecomChannel } from './wecom/channel.ts';
import { createWecomRobotChannel } from './wecom-robot/channel.ts';

const SECRET = 'S3cr3t+/of "them" all';
const ACCESS_TOKEN = 'T0ken+/of-the-application';

/** A secret in all the forms in which it travels. */
function formsOf(secret: string): string[] {
  const forms = [secret, encodeURIComponent(secret), new URLSearchParams({ a: secret }).toString().slice(2)];
  return [...forms, JSON.stringify(secret).slice(1, -1), encodeURI(secret), secret.replaceAll(' ', '')];
}

const basic = (user: string): string => Buffer.from(`${user}:${SECRET}`).toString('base64');
const forbidden = [...formsOf(SECRET), ...formsOf(ACCESS_TOKEN), basic('AC1'), basic('user')];

type Create = (base: string, send: Send) => Result<Channel, string>;

const channels: Record<string, Create> = {
  wecom: (base, send) =>
    createWecomChannel(
      { name: 'c', base, corpId: 'c', secret: SECRET, agentId: 1, to: { users: ['a'] } },
      send,
    ),
  'wecom robot': (base, send) => createWecomRobotChannel({ name: 'c', base, key: SECRET }, send),
  aliyun: (base, send) => {
    const settings = { name: 'c', base, keyId: 'k', keySecret: SECRET, signName: 's', templateCode: 't' };
    return createAliyunChannel({ ...settings, variables: {}, to: ['13800001111'] }, send);
  },
  tencent: (base, send) => {
    const settings = {
      name: 'c',
      base,
      secretId: 'i',
      secretKey: SECRET,
      region: 'r',
      appId: 'a',
      templateId: 't',
    };
    return createTencentChannel({ ...settings, variables: [], to: ['+8613800001111'] }, send);
  },
  twilio: (base, send) => {
    const settings = {
      name: 'c',
      base,
      accountSid: 'AC1',
      authToken: SECRET,
      sender: { from: '+15005550006' },
    };
    return createTwilioChannel({ ...settings, to: ['+15005550007'] }, send);
  },
  webhook: (base, send) => {
    const url = `${base.replace('//', `//user:${encodeURIComponent(SECRET)}@`)}/${encodeURIComponent(SECRET)}?k=${SECRET}`;
    return createWebhookChannel({ name: 'c', url, headers: { 'x-key': SECRET } }, send);
  },
};

/** Where each preset has secrets; those in a URL are encoded as an operator pastes them. */
const inUrl = (base: string) => ({
  url: `${base}/hooks/${encodeURIComponent(SECRET)}?sig=${encodeURIComponent(SECRET)}`,
});
const presetSecrets: Readonly<Record<PresetName, (base: string) => Values>> = {
  slack: inUrl,
  discord: inUrl,
  telegram: (base) => ({ base, token: SECRET, chat: '1' }),
  feishu: (base) => ({ ...inUrl(base), secret: SECRET }),
  dingtalk: (base) => ({ ...inUrl(base), secret: SECRET }),
  teams: inUrl,
  mattermost: inUrl,
  pushplus: (base) => ({ base, token: SECRET }),
  serverchan: (base) => ({ base, key: SECRET }),
  bark: (base) => ({ base, key: SECRET }),
  gotify: (base) => ({ base, token: SECRET }),
  ntfy: (base) => ({ base, topic: 't', token: SECRET }),
};
for (const [name, valuesOf] of Object.entries(presetSecrets)) {
  channels[name] = (base, send) =>
    createPresetChannel(presets[name as PresetName], { name: 'c', values: valuesOf(base) }, send);
}

/** All that the server received, said back in every place that a provider may use for words. */
function echo({ target, headers, body }: Received, status: number): Reply {
  const token = target.includes('access_token=') ? ACCESS_TOKEN : '';
  const heard = `${SECRET} ${token} ${target} ${JSON.stringify(headers)} ${body}`;
  const fields = {
    errmsg: heard,
    msg: heard,
    description: heard,
    error: heard,
    errorDescription: heard,
    data: heard,
    id: heard,
    Message: heard,
    message: heard,
    more_info: heard,
    msgid: heard,
    sid: heard,
  };
  const codes = { errcode: 60020, Code: heard, code: heard, invaliduser: heard, BizId: heard };
  const status_ = { PhoneNumber: heard, Code: heard, Message: heard, SerialNo: heard };
  const response = { Error: status === 200 ? undefined : codes, SendStatusSet: [status_], RequestId: heard };
  return json({ ...fields, ...codes, Response: response }, status, {
    'retry-after': encodeURIComponent(heard),
  });
}

const replies: Readonly<Record<string, (received: Received) => Reply>> = {
  'an echo': (received) => echo(received, 200),
  'an echo of success': (received) => {
    const { body = '' } = echo(received, 200) as { body?: string };
    return { body: body.replace('60020', '0'), status: 201 };
  },
  'an echo with 400': (received) => echo(received, 400),
  'an echo with 503': (received) => echo(received, 503),
  'an echo without JSON': ({ target, headers }) => ({ status: 401, body: target + JSON.stringify(headers) }),
  'an echo as a redirect': ({ target }) => ({ status: 302, headers: { location: target } }),
  silence: () => 'silence',
  'hanging up': () => 'hang up',
  garbage: () => 'garbage',
  'breaking off': () => 'break off',
};

/** Answers gettoken correctly, so that the access token is there to be told. */
async function provider(t: TestContext, reply: (received: Received) => Reply): Promise<StandIn> {
  const token = json({ errcode: 0, access_token: ACCESS_TOKEN, expires_in: 7200 });
  const response = (received: Received) => (received.target.includes('gettoken') ? token : reply(received));
  return during(t, await startStandIn(response));
}

function assertNothingIn(value: unknown): void {
  const text = inspect(value, { depth: 20, breakLength: Number.POSITIVE_INFINITY });
  for (const form of forbidden) assert.ok(!text.includes(form), `${form} in ${text}`);
}

for (const [name, create] of Object.entries(channels)) {
  const make = (base: string, send: Send) => successOf(create(base, send));
  describe(`${name} keeps its secrets`, () => {
    for (const [what, reply] of Object.entries(replies)) {
      test(`from ${what}`, async (t) => {
        const { origin, received } = await provider(t, reply);
        const channel = make(origin, createClient());
        assertNothingIn(await deliver(channel, undefined, { signal: AbortSignal.timeout(200) }));
        assertNothingIn(channel);
        const sent = received
          .map(({ target, headers, body }) => target + JSON.stringify(headers) + body)
          .join();
        // The test would show nothing if the secrets were not at stake.
        if (!/aliyun|tencent/.test(name)) assert.ok(forbidden.some((form) => sent.includes(form)));
      });
    }

    test('from gettoken and everything else that echoes', async (t) => {
      const { origin } = during(t, await startStandIn((received) => echo(received, 200)));
      assertNothingIn(await deliver(make(origin, createClient())));
    });

    test('from faults of the network', async (t) => {
      const { origin, port, close } = await provider(t, () => ({}));
      const tls = make(`https://127.0.0.1:${port}`, createClient());
      assertNothingIn(await deliver(tls));
      const proxy = new URL(`http://user:${encodeURIComponent(SECRET)}@127.0.0.1:${port}`);
      assertNothingIn(await deliver(make(origin, createClient({ route: { kind: 'proxy', url: proxy } }))));
      await close();
      assertNothingIn(await deliver(make(origin, createClient())));
    });

    test('from a base that is none', () => {
      for (const base of [
        `//${SECRET}`,
        `ftp://user:${encodeURIComponent(SECRET)}@a.example`,
        `http://[${SECRET}]`,
      ]) {
        assertNothingIn(errorOf(create(base, createClient())));
      }
    });
  });
}
