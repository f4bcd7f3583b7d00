/** Messages by way of presets, from the configuration to the provider's own checks. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { notifyFile, send, TOKEN } from '../support/notify.ts';
import { type checks, SECRET, startProvider } from '../support/providers/presets.ts';
import { startStandIn } from '../support/stand-in.ts';
import { run, startForTest } from '../support/target.ts';

type Name = keyof typeof checks;
type Keys = (origin: string) => Readonly<Record<string, unknown>>;

const root = makeFolder({ 'index.html': 'index' });
/** What `test/support/providers/presets.ts` takes. */
const channels = {
  slack: (origin) => ({ url: `${origin}/services/T0/B0/x%2Fy` }),
  discord: (origin) => ({ url: `${origin}/api/webhooks/1/tok` }),
  telegram: (base) => ({ base, token: '1:AAH', chat: '42' }),
  feishu: (origin) => ({ url: `${origin}/open-apis/bot/v2/hook/h`, secret: SECRET }),
  dingtalk: (origin) => ({ url: `${origin}/robot/send?access_token=tok`, secret: SECRET }),
  teams: (origin) => ({ url: `${origin}/workflows/w?api-version=1&sig=s3cr3t-signature` }),
  mattermost: (origin) => ({ url: `${origin}/hooks/h` }),
  pushplus: (base) => ({ base, token: 'tok' }),
  serverchan: (base) => ({ base, key: 'SCT1key' }),
  bark: (base) => ({ base, key: 'devkey' }),
  gotify: (origin) => ({ base: `${origin}/sub`, token: 'Atok' }),
  ntfy: (base) => ({ base, topic: 'alerts', token: 'tk_1' }),
} as const satisfies Record<Name, Keys>;
const names = Object.keys(channels) as (keyof typeof channels)[];

async function providersFor(t: TestContext) {
  const started = await Promise.all(
    names.map(async (name) => {
      const provider = await startProvider(name, Date.now);
      t.after(() => provider.close());
      return [name, provider] as const;
    }),
  );
  return new Map(started);
}

test('one message to all of them, by the notify file', async (t) => {
  const providers = await providersFor(t);
  const entries = [...providers].map(([name, { origin }]) => [
    name,
    { kind: name, ...channels[name](origin) },
  ]);
  const server = await startForTest(t, {
    root,
    args: ['--notify', notifyFile(Object.fromEntries(entries)), '--notify-wait', '10s'],
  });
  const text = '**full** & <b>\n'.repeat(400);
  const result = await send(server, { title: 'Disk', text, format: 'markdown', url: 'https://a.example/' });
  assert.equal(result.http, 200, result.text);
  for (const [name, { taken }] of providers) {
    assert.equal(result.channels[name]?.status, 'delivered', name);
    assert.match(JSON.stringify(taken), /Disk.*full.*https:\/\/a\.example\//, name);
  }
});

describe('by the environment', () => {
  test('Telegram, whose refusal and network faults show no token', async (t) => {
    const provider = await startProvider('telegram');
    t.after(() => provider.close());
    const token = '1:AAH-s3cr3t-0123456789';
    const env = {
      MOTE_NOTIFY_TOKEN: TOKEN,
      TELEGRAM_TOKEN: token,
      TELEGRAM_CHAT: '42',
      TELEGRAM_BASE: provider.origin,
    };
    const server = await startForTest(t, { root, env });
    const { http, channels: results } = await send(server, { text: 'x' });
    assert.equal(http, 502);
    assert.equal(results.telegram?.reason, 'Telegram 404: the token is wrong (Not Found)');
    assert.equal(provider.received[0]?.target, `/bot${token}/sendMessage`);
    await provider.close();
    assert.equal((await send(server, { text: 'y' })).http, 202);
    await server.stop();
    const log = [...server.stdout.all, ...server.stderr.all].join('\n');
    assert.match(log, /telegram/);
    assert.doesNotMatch(log, /s3cr3t/);
  });

  test('a key that is missing is named, and an address of another product', async () => {
    const common = { MOTE_NOTIFY_TOKEN: TOKEN };
    const missing = await run([root, '0'], { env: { ...common, TELEGRAM_TOKEN: '1:s3cr3t' } });
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /TELEGRAM_CHAT: missing; channel telegram needs it/);
    const url = 'https://hooks.slack.com/workflows/T0/s3cr3t';
    const other = await run([root, '0'], { env: { ...common, SLACK_URL: url } });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /slack.*url: belongs to a workflow/);
    for (const { stderr } of [missing, other]) assert.doesNotMatch(stderr, /s3cr3t/);
  });

  test('a webhook is signed', async (t) => {
    const hook = await startStandIn(() => ({ status: 204 }));
    t.after(() => hook.close());
    const env = {
      MOTE_NOTIFY_TOKEN: TOKEN,
      WEBHOOK_URL: hook.origin,
      WEBHOOK_ALLOW_ADDRESSES: '127.0.0.1',
      WEBHOOK_SIGN_SECRET: 'a-signing-secret',
    };
    const server = await startForTest(t, { root, env });
    assert.equal((await send(server, { text: 'x' })).http, 200);
    const [received] = hook.received;
    const hex = createHmac('sha256', 'a-signing-secret')
      .update(received?.body ?? '')
      .digest('hex');
    assert.equal(received?.headers['x-hub-signature-256'], `sha256=${hex}`);
  });
});
