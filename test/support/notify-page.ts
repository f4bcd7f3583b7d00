/** A server with the page of the notify endpoint, in this process, with channels that do as they are told. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { defaults } from '../../src/config/options.ts';
import type { Hooks } from '../../src/http/engine/contract.ts';
import { HttpServer } from '../../src/http/engine/http-server.ts';
import { defaultHeaders } from '../../src/http/middleware/default-headers.ts';
import { route } from '../../src/http/router.ts';
import type { RequestFacts } from '../../src/http/types.ts';
import { createNotifyStage } from '../../src/notify/api/handler.ts';
import { createPageStage } from '../../src/notify/api/page/page.ts';
import { Access } from '../../src/notify/auth/access.ts';
import { hashToken } from '../../src/notify/auth/token.ts';
import type { Delivery } from '../../src/notify/channels/channel.ts';
import { FakeChannel, queueOptions } from '../../src/notify/fixtures.ts';
import type { Message } from '../../src/notify/message.ts';
import { Notifier } from '../../src/notify/notifier.ts';
import { systemClock } from '../../src/notify/queue/clock.ts';
import { Queue } from '../../src/notify/queue/queue.ts';
import type { Page } from './chromium.ts';

export const TOKEN = 'token-of-ann';
export const OTHER_TOKEN = 'token-of-bob';
export const CHANNELS = ['phone', 'mail'];
/** The phone's is not known. */
const KINDS = new Map([['mail', 'smtp']]);

/** What the server does with requests before mote sees them. */
type Interference = (facts: RequestFacts) => 'pass' | 'lose the response';

export async function startPageServer(t: TestContext, pageStage = createPageStage()) {
  const sent: { readonly channel: string; readonly message: Message }[] = [];
  const script: Record<string, Delivery> = {};
  const channels = CHANNELS.map(
    (name) =>
      new FakeChannel(name, (_attempt, message) => {
        const delivery = script[name] ?? { kind: 'delivered' };
        if (delivery.kind === 'delivered') sent.push({ channel: name, message });
        return delivery;
      }),
  );
  const policy = { firstDelayMs: 600, maxDelayMs: 600, maxAttempts: 100, maxAgeMs: 3_600_000 };
  const queue = new Queue(queueOptions(channels, { clock: systemClock, randomBytes, policy }));
  await queue.start();
  const more = { channels: CHANNELS, limit: { burst: 100, perMinute: 600 } };
  const users = [
    { name: 'ann', tokenHashes: [hashToken(TOKEN)], ...more },
    { name: 'bob', tokenHashes: [hashToken(OTHER_TOKEN)], ...more },
  ];
  const access = new Access(users, () => Date.now());
  const notifier = new Notifier({ access, queue, waitMs: 50, now: () => performance.now() });
  const respond = route([createNotifyStage(notifier, { allowQuery: false, kinds: KINDS }), pageStage]);
  const control = {
    interfere: (() => 'pass') as Interference,
    requests: [] as RequestFacts[],
    faults: [] as unknown[],
  };
  const hooks: Hooks = {
    async handle(received) {
      // As behind a proxy that puts mote below a prefix.
      const facts = { ...received, path: received.path.replace(/^\/prefix/, '') };
      control.requests.push(facts);
      const plan = await respond(facts);
      if (control.interfere(facts) === 'pass') return plan;
      return { status: 502, headers: ['Content-Length', '0'], body: { kind: 'none' } };
    },
    // A policy of the operator that would stop every inline script.
    defaultHeaders: () => defaultHeaders({ ...defaults, csp: "default-src 'self'" }),
    clientOf: (peer) => peer,
    onConnection() {},
    onStart() {},
    onEnd() {},
    onRefused() {},
    onExhausted() {},
    onFault: (error) => control.faults.push(error),
  };
  const server = await HttpServer.create(defaults, hooks, 'auto');
  await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(async () => {
    await server.stop(0);
    await queue.stop(0);
    assert.deepEqual(control.faults, []);
  });
  const url = `http://127.0.0.1:${server.port}/notify`;
  return { url, sent, script, control };
}

export async function write(page: Page, text: string): Promise<void> {
  await page.fill('#token', TOKEN);
  await page.reads(/for ann/);
  await page.fill('#text', text);
}
