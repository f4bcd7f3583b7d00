/** Debian's prometheus-alertmanager, alone on loopback with a configuration of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from './folder.ts';
import { freePort } from './free-port.ts';

const PATIENCE_MS = 20_000;
const POLL_MS = 50;

export interface Alertmanager {
  /** Tells it of alerts, as Prometheus does (API v2). */
  post(alerts: readonly object[]): Promise<void>;
  /** Waits until its log has a line that matches. */
  logged(pattern: RegExp): Promise<void>;
}

/** `credentials` are the lines of `http_config` for the webhook at `url`. */
export function startAlertmanager(t: TestContext, url: string, credentials: string): Promise<Alertmanager> {
  const webhook = `    webhook_configs:
      - url: ${url}
        http_config:
          ${credentials.replaceAll('\n', '\n          ')}`;
  return startWith(t, webhook);
}

/** With its own receiver for Slack, at `url`. */
export function startSlackAlertmanager(t: TestContext, url: string): Promise<Alertmanager> {
  return startWith(t, `    slack_configs: [{ api_url: '${url}', channel: '#ops', send_resolved: true }]`);
}

async function startWith(t: TestContext, receiver: string): Promise<Alertmanager> {
  const folder = makeFolder({ 'alertmanager.yml': configuration(receiver) });
  const port = await freePort();
  const child = spawn(
    'prometheus-alertmanager',
    [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=debug',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  t.after(() => end(child));
  const origin = `http://127.0.0.1:${port}`;
  await untilReady(child, `${origin}/-/ready`, () => log);
  return {
    async post(alerts) {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${origin}/api/v2/alerts`, {
        method: 'POST',
        headers,
        body: JSON.stringify(alerts),
      });
      if (!response.ok) throw new Error(`alertmanager: ${response.status} ${await response.text()}`);
    },
    async logged(pattern) {
      for (const endMs = Date.now() + PATIENCE_MS; Date.now() < endMs; await sleep(POLL_MS)) {
        if (pattern.test(log)) return;
      }
      throw new Error(`prometheus-alertmanager logged nothing like ${pattern}:\n${log}`);
    },
  };
}

function configuration(receiver: string): string {
  return `route:
  receiver: mote
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: mote
${receiver}
`;
}

async function untilReady(child: ChildProcess, url: string, log: () => string): Promise<void> {
  for (const endMs = Date.now() + PATIENCE_MS; Date.now() < endMs; await sleep(POLL_MS)) {
    if (child.exitCode !== null) break;
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
  }
  throw new Error(`prometheus-alertmanager did not start:\n${log()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
