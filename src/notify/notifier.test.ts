import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { success } from '../util/result.ts';
import { Access } from './auth/access.ts';
import { hashToken } from './auth/token.ts';
import { FakeChannel, FakeClock, queueOptions } from './fixtures.ts';
import { Notifier } from './notifier.ts';
import { Queue } from './queue/queue.ts';

const TOKEN = 'token-of-ann';

const hints: readonly [
  name: string,
  channels: string[] | undefined,
  hints: string[] | undefined,
  used: string,
][] = [
  ['none', undefined, undefined, 'mail sms'],
  ['a channel of the user', undefined, ['sms'], 'sms'],
  ['a channel among other words', undefined, ['ops', 'sms'], 'sms'],
  ['only other words', undefined, ['ops'], 'mail sms'],
  ["somebody else's channel", undefined, ['fax'], 'mail sms'],
  ['beside channels that are named', ['mail'], ['sms'], 'mail'],
];
describe('hints at channels', () => {
  for (const [name, channels, channelHints, used] of hints) {
    test(name, async () => {
      const clock = new FakeClock();
      const all = ['mail', 'sms', 'fax'].map((channel) => new FakeChannel(channel));
      const queue = new Queue(queueOptions(all, { clock }));
      const limit = { burst: 3, perMinute: 60 };
      const user = { name: 'ann', tokenHashes: [hashToken(TOKEN)], channels: ['mail', 'sms'], limit };
      const access = new Access([user], () => clock.now());
      const notifier = new Notifier({ access, queue, waitMs: 1000, now: () => clock.now() });
      const sender = { token: TOKEN, client: '' };
      const input = success({ text: 'a', channels });
      const end = notifier.submit({ ...sender, input, ...(channelHints && { channelHints }) });
      await clock.pass(0);
      const result = await end;
      assert.ok(result.ok);
      assert.equal(result.value.status.progress.map(({ channel }) => channel).join(' '), used);
    });
  }
});
