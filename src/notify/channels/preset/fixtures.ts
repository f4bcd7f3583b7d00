/** What the tests of presets share. */
import type { TestContext } from 'node:test';
import {
  NOW_MS,
  type PresetStandIn,
  SECRET,
  startProvider,
} from '../../../../test/support/providers/presets.ts';
import { createClient } from '../../../net/http-client.ts';
import type { Channel } from '../channel.ts';
import { during, successOf } from '../fixtures.ts';
import { createPresetChannel } from './channel.ts';
import { type PresetName, presets } from './presets.ts';
import type { Values } from './row.ts';

/** What is configured for the stand-ins. */
export const settings: Readonly<Record<PresetName, (origin: string) => Values>> = {
  slack: (origin) => ({ url: `${origin}/services/T0/B0/x%2Fy` }),
  discord: (origin) => ({ url: `${origin}/api/webhooks/1/tok` }),
  telegram: (base) => ({ base, token: '1:AAH', chat: '42' }),
  feishu: (origin) => ({ url: `${origin}/open-apis/bot/v2/hook/h`, secret: SECRET }),
  dingtalk: (origin) => ({ url: `${origin}/robot/send?access_token=tok`, secret: SECRET }),
  teams: (origin) => ({
    url: `${origin}/workflows/w/paths/invoke?api-version=1&sp=%2Frun&sig=s3cr3t-signature`,
  }),
  mattermost: (origin) => ({ url: `${origin}/hooks/h` }),
  pushplus: (base) => ({ base, token: 'tok' }),
  serverchan: (base) => ({ base, key: 'SCT1key' }),
  bark: (base) => ({ base, key: 'devkey' }),
  gotify: (origin) => ({ base: `${origin}/sub/`, token: 'Atok' }),
  ntfy: (base) => ({ base, topic: 'alerts', token: 'tk_1' }),
};
export const names = Object.keys(presets) as PresetName[];

interface Scene {
  readonly provider: PresetStandIn;
  readonly channel: Channel;
}

export async function scene(t: TestContext, name: PresetName, values: Values = {}): Promise<Scene> {
  const provider = during(t, await startProvider(name));
  const all = { ...settings[name](provider.origin), ...values };
  return { provider, channel: make(name, all) };
}

export function make(name: PresetName, values: Values, nowMs = NOW_MS): Channel {
  return successOf(createPresetChannel(presets[name], { name: 'c', values }, createClient(), () => nowMs));
}
