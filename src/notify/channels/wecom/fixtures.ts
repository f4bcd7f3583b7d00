/** What the tests of WeCom applications share: the stand-in and a channel that sends to it. */
import type { TestContext } from 'node:test';
import { trusted } from '../../../../test/support/certificates.ts';
import { type Scripted, startWecom, type WecomStandIn } from '../../../../test/support/providers/wecom.ts';
import type { StandInOptions } from '../../../../test/support/stand-in.ts';
import { createClient } from '../../../net/http-client.ts';
import type { Channel } from '../channel.ts';
import { during, successOf } from '../fixtures.ts';
import { createWecomChannel, type WecomSettings } from './channel.ts';

export const users: readonly string[] = ['ann', 'bob'];
export const credentials = {
  corpId: 'ww0123',
  secret: 'S3cret+/=of the application',
  agentId: 1000002,
} as const;

export interface Scene {
  readonly wecom: WecomStandIn;
  readonly channel: Channel;
  /** Lets time go by, for both sides. */
  pass(ms: number): void;
}

export async function scene(
  t: TestContext,
  settings: Partial<WecomSettings> = {},
  options?: StandInOptions,
): Promise<Scene> {
  let nowMs = 1_700_000_000_000;
  const clock = () => nowMs;
  const world = { ...credentials, users, robotKey: 'k', nowMs: clock };
  const wecom = during(t, await startWecom(world, options));
  const all = {
    name: 'wecom',
    base: wecom.origin,
    ...credentials,
    to: { users: ['ann'] },
    ...settings,
  };
  const channel = successOf(createWecomChannel(all, createClient({ trust: () => trusted }), clock));
  return {
    wecom,
    channel,
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

export function script({ wecom }: Scene, path: string, ...replies: Scripted[]): void {
  wecom.scripted.set(path, replies);
}

export function contents({ wecom }: Scene): string[] {
  return wecom.delivered.map(({ content }) => content);
}

export function bodies({ wecom }: Scene): string[] {
  return wecom.received.filter(({ method }) => method === 'POST').map(({ body }) => body.toString());
}
