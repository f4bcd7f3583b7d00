/** How long a server is waited for: in vain is harmless before a content, and after it costs another copy. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { trust } from '../../../../test/support/providers/smtp.ts';
import { END_OF_CONTENT, GREETING, type Pieces } from '../../../../test/support/providers/smtp-scripted.ts';
import { deliver, successOf } from '../fixtures.ts';
import { createSmtpChannel, MAX_RECIPIENTS } from './channel.ts';
import { but, later, scripted, usualSettings } from './fixtures.ts';
import { DEFAULT_LIMITS } from './pool.ts';

/** Said after a while. */
function afterMs(ms: number, line: string): Pieces {
  return { pieces: ['', `${line}\r\n`], everyMs: ms };
}

describe('a server', () => {
  test('checking a content for longer than it takes for anything else: it is sent once', async (t) => {
    const say = but({ [END_OF_CONTENT]: afterMs(1500, '250 Ok') });
    const limits = { silenceTimeoutMs: 300, envelopeTimeoutMs: 900, recipientTimeoutMs: 0 };
    const { smtp, channel } = await scripted(t, say, {}, limits);
    assert.deepEqual(await deliver(channel), { kind: 'delivered' });
    assert.equal(smtp.heard.filter((line) => line === END_OF_CONTENT).length, 1);
  });

  test('taking its time for all of an envelope', async (t) => {
    const slow = afterMs(300, '250 Ok');
    const { smtp, channel } = await scripted(
      t,
      but({ EHLO: slow, MAIL: slow, RCPT: slow }),
      {},
      { envelopeTimeoutMs: 500, recipientTimeoutMs: 100 },
    );
    assert.deepEqual(await deliver(channel), later('it took too long'));
    assert.ok(!smtp.heard.includes('DATA'));
  });

  test('asking for each of many recipients', async (t) => {
    const say = but({ RCPT: afterMs(150, '250 Ok') });
    const to = Array.from({ length: 8 }, (_, i) => `a${i}@a.example`);
    const limits = { envelopeTimeoutMs: 600, recipientTimeoutMs: 500 };
    const { channel } = await scripted(t, say, { to }, limits);
    assert.deepEqual(await deliver(channel), { kind: 'delivered' });
  });

  test('greeting late, as where everybody is looked up first', async (t) => {
    const say = but({ [GREETING]: afterMs(600, '220 at last') });
    const { channel } = await scripted(t, say, {}, { greetingTimeoutMs: 200, lateGreetingTimeoutMs: 10_000 });
    assert.deepEqual(await deliver(channel), later('the server did not greet in time'));
    assert.deepEqual(await deliver(channel), { kind: 'delivered' });
  });

  test('at an attempt is never longer than its limits say', () => {
    const { envelopeTimeoutMs, recipientTimeoutMs, acceptanceTimeoutMs } = DEFAULT_LIMITS;
    for (const count of [1, MAX_RECIPIENTS]) {
      const to = Array.from({ length: count }, (_, i) => `a${i}@a.example`);
      const { timeoutMs } = successOf(createSmtpChannel({ ...usualSettings, to }, { trust }));
      assert.ok(timeoutMs > envelopeTimeoutMs + count * recipientTimeoutMs + acceptanceTimeoutMs);
    }
    // RFC 5321 §4.5.3.2.6.
    assert.ok(acceptanceTimeoutMs >= 600_000);
  });
});
