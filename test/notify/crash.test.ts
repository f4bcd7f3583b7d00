/** The running program against SIGKILL: senders that repeat requests without a response, and a spool. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { ann, notifyFile, send } from '../support/notify.ts';
import { repetitions } from '../support/repetitions.ts';
import { json, startStandIn } from '../support/stand-in.ts';
import { type Server, start } from '../support/target.ts';

const MESSAGES = 500;
const SENDERS = 8;
const MAX_KILLS = 40;
/** From the start line to the kill. */
const MAX_LIFE_MS = 400;
/** Attempts at a time on one channel: what a kill can hide. */
const CHANNEL_CONCURRENCY = 8;
const LIMIT_MS = 90_000;
/** The rest of the time is for what is left: several workers, or a busy machine, start slowly. */
const KILLING_MS = LIMIT_MS / 2;

interface Delivery {
  readonly title: string;
  readonly key: unknown;
  readonly atMs: number;
}

async function startReceiver() {
  const deliveries: Delivery[] = [];
  const standIn = await startStandIn(async ({ body, headers }) => {
    const { title } = JSON.parse(body.toString());
    deliveries.push({ title, key: headers['idempotency-key'], atMs: performance.now() });
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    return json({ ok: true });
  });
  return { deliveries, standIn };
}

/** Sends `title` until it is accepted by whatever server runs; the key makes it one message. */
async function sendUntilAccepted(running: () => Server, title: string, deadlineMs: number): Promise<void> {
  while (performance.now() < deadlineMs) {
    const result = await send(running(), { title }, { 'Idempotency-Key': title }).catch(() => undefined);
    if (result && result.http >= 200 && result.http < 300) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${title} was never accepted`);
}

test(`${MESSAGES} messages outlive SIGKILL`, { timeout: 2 * LIMIT_MS }, async (t) => {
  const { deliveries, standIn } = await startReceiver();
  t.after(() => standIn.close());
  const file = notifyFile(
    { hook: { kind: 'webhook', url: standIn.origin, allowAddresses: ['127.0.0.1'] } },
    { ann },
  );
  const options = {
    root: makeFolder(),
    args: ['--notify', file, '--spool', makeFolder(), '--notify-wait', '0'],
  };
  const deadlineMs = performance.now() + LIMIT_MS;
  const calmMs = performance.now() + KILLING_MS;
  let server = await start(options);
  const titles = Array.from({ length: MESSAGES }, (_, number) => `message ${number}`);
  const waiting = [...titles];
  const senders = Array.from({ length: SENDERS }, async () => {
    for (let title = waiting.pop(); title !== undefined; title = waiting.pop()) {
      await sendUntilAccepted(() => server, title, deadlineMs);
      // Slow enough to be killed often.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  const killsMs: number[] = [];
  while (killsMs.length < MAX_KILLS && waiting.length > 0 && performance.now() < calmMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_LIFE_MS));
    await server.stop('SIGKILL');
    killsMs.push(performance.now());
    server = await start(options);
  }
  t.after(() => server.stop());
  await Promise.all(senders);
  const isMissing = (title: string) => !deliveries.some((one) => one.title === title);
  while (titles.some(isMissing) && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(titles.filter(isMissing), [], 'everything was delivered');
  const repeated = repetitions(deliveries);
  t.diagnostic(
    `${killsMs.length} kills, ${repeated.length} of ${MESSAGES} deliveries repeated because of them`,
  );
  assert.ok(killsMs.length >= 3, 'it was killed several times');
  for (const [first, second] of repeated) {
    const kill = killsMs.some((atMs) => first.atMs < atMs && atMs < second.atMs);
    assert.equal(first.key, second.key, 'a receiver that looks at the key takes it once');
    assert.ok(kill, `${first.title} was repeated without a kill in between`);
  }
  assert.ok(repeated.length <= killsMs.length * CHANNEL_CONCURRENCY, `${repeated.length} repetitions`);
});
