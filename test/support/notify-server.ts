/** mote with all dialects on, and what it delivers to a webhook. */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from './folder.ts';
import { hashOf, notifyFile } from './notify.ts';
import { startStandIn } from './stand-in.ts';
import { start } from './target.ts';

const PATIENCE_MS = 20_000;
const POLL_MS = 20;
const DIALECTS =
  'serverchan,slack,wecom-robot,pushdeer,message-pusher,gotify,ntfy,bark,apprise,alertmanager,grafana';
const BROKEN = '/broken';

/** Good for every dialect, also for clients that want 15 characters beginning with an A. */
export const TOKEN = 'A23456789012345';
/** Long enough for GETs in paths that files could have. */
export const LONG_TOKEN = 'mote_0123456789-0123456789_0123456789-01234567890';
/** Whoever uses this gets nothing delivered. */
export const BROKEN_TOKEN = 'Abroken89012345';

export interface Received {
  readonly title: string;
  readonly text: string;
  readonly url: string;
}

export interface NotifyServer {
  readonly port: number;
  readonly origin: string;
  /** What was delivered, in order. */
  readonly received: readonly Received[];
  /** All that the program printed, that of the requests before included. */
  printed(): Promise<string>;
  /** Waits until `count` messages were delivered, and gives the last of them. */
  message(count: number): Promise<Received>;
}

/** Stops when the test, or the file, ends. `limit` is that of each token; the provider responds after `delayMs`. */
export async function startNotifyServer(
  scope: { after(end: () => Promise<unknown>): void },
  limit = { burst: 1000, perMinute: 1000 },
  delayMs = 0,
): Promise<NotifyServer> {
  const received: Received[] = [];
  const hook = await startStandIn(async ({ target, body }) => {
    if (target === BROKEN) return { status: 410 };
    received.push(JSON.parse(String(body)));
    if (delayMs > 0) await sleep(delayMs);
    return { status: 204 };
  });
  scope.after(() => hook.close());
  const webhook = { kind: 'webhook', allowAddresses: ['127.0.0.1'] };
  const json = { title: '{{title}}', text: '{{text}}', url: '{{url}}' };
  const file = notifyFile(
    {
      kept: { ...webhook, url: `${hook.origin}/`, json },
      broken: { ...webhook, url: `${hook.origin}${BROKEN}`, json },
    },
    {
      ann: { tokens: [TOKEN, LONG_TOKEN].map(hashOf), channels: ['kept'], ...limit },
      bob: { tokens: [hashOf(BROKEN_TOKEN)], channels: ['broken'], ...limit },
    },
  );
  const root = makeFolder({ 'index.html': 'the site', 'docs/send': 'a file' });
  const server = await start({ root, args: ['--notify', file, '--notify-dialects', DIALECTS] });
  scope.after(() => server.stop());
  const { port, stdout, stderr } = server;
  const origin = `http://127.0.0.1:${port}`;
  let marks = 0;
  return {
    port,
    origin,
    received,
    async printed() {
      marks += 1;
      await fetch(`${origin}/?mark=${marks}.`);
      await stdout.find(new RegExp(`mark=${marks}\\.`));
      return [...stdout.all, ...stderr.all].join('\n');
    },
    message: (count) => waitFor(received, count),
  };
}

async function waitFor(received: readonly Received[], count: number): Promise<Received> {
  for (const endMs = Date.now() + PATIENCE_MS; Date.now() < endMs; await sleep(POLL_MS)) {
    const message = received[count - 1];
    if (message) return message;
  }
  throw new Error(`${received.length} of ${count} messages came within ${PATIENCE_MS} ms`);
}
