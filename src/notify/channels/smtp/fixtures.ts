/** What the tests of the SMTP channel share. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { lacking } from '../../../../scripts/test/lacking.ts';
import {
  account,
  type SmtpStandIn,
  type SmtpStandInOptions,
  startSmtp,
  trust,
} from '../../../../test/support/providers/smtp.ts';
import {
  type Line,
  type Pieces,
  type Say,
  type ScriptedSmtp,
  startScriptedSmtp,
  usual,
} from '../../../../test/support/providers/smtp-scripted.ts';
import type { Channel, Delivery } from '../channel.ts';
import { successOf } from '../fixtures.ts';
import { createSmtpChannel, type SmtpOptions, type SmtpSettings } from './channel.ts';
import type { SmtpLimits } from './pool.ts';

export const ANN = 'ann@a.example';

export const usualSettings: SmtpSettings = {
  name: 'mail',
  host: 'localhost',
  security: 'tls',
  credentials: account,
  from: 'mote <mote@mote.example>',
  to: [ANN],
};

export function channelFor(
  t: TestContext,
  settings: Partial<SmtpSettings>,
  limits: Partial<SmtpLimits> = {},
  options: Partial<SmtpOptions> = {},
): Channel {
  const channel = successOf(
    createSmtpChannel({ ...usualSettings, ...settings }, { trust, limits, ...options }),
  );
  t.after(() => channel.close?.());
  return channel;
}

export async function scene(
  t: TestContext,
  settings: Partial<SmtpSettings> = {},
  options: SmtpStandInOptions = {},
  limits: Partial<SmtpLimits> = {},
): Promise<{ smtp: SmtpStandIn; channel: Channel }> {
  const smtp = await startSmtp({ security: settings.security ?? 'tls', ...options });
  // After the channel, whose kept connections it would wait for.
  const channel = channelFor(t, { ...settings, port: smtp.port }, limits);
  t.after(() => smtp.close());
  return { smtp, channel };
}

/** Without TLS, and so without login. */
export async function scripted(
  t: TestContext,
  say: Say,
  settings: Partial<SmtpSettings> = {},
  limits: Partial<SmtpLimits> = {},
): Promise<{ smtp: ScriptedSmtp; channel: Channel }> {
  const tls = settings.security === 'tls';
  const smtp = await startScriptedSmtp(say, { tls });
  const { credentials: _, ...plain } = usualSettings;
  const all = { ...(tls ? usualSettings : plain), security: 'none' as const, ...settings, port: smtp.port };
  const channel = successOf(createSmtpChannel(all, { trust, limits }));
  t.after(async () => {
    await channel.close?.();
    await smtp.close();
  });
  return { smtp, channel };
}

/** The usual replies but to what begins so: always the same, or in turn and then the last one on. */
export function but(changes: Readonly<Record<string, Line | readonly Line[]>>): Say {
  const used = new Map<string, number>();
  return (line) => {
    const found = Object.entries(changes).find(([start]) => line.startsWith(start));
    if (!found) return usual(line);
    const [start, replies] = found;
    if (!Array.isArray(replies)) return replies as Line;
    const count = used.get(start) ?? 0;
    used.set(start, count + 1);
    return replies[Math.min(count, replies.length - 1)] as Line;
  };
}

export function pieces(...all: string[]): Pieces {
  return { pieces: all };
}

/** The reply to EHLO of a server that offers this. */
export function offering(...keywords: string[]): string {
  const lines = ['mail.example', ...keywords];
  return lines.map((line, i) => `250${i < lines.length - 1 ? '-' : ' '}${line}`).join('\r\n');
}

export const PIPELINING = offering('PIPELINING', 'SIZE 1000000');

export const DELIVERED: Delivery = { kind: 'delivered' };

export function later(reason: string): Delivery {
  return { kind: 'retry', reason, done: [] };
}

export function never(reason: string): Delivery {
  return { kind: 'rejected', reason };
}

/** Why Python cannot read mail here, or `false`. */
export const noPython = lacking({ python3: 'python3' });

/** What the function `read` of a script in Python makes of each sample. */
export function readByPython(script: string, samples: readonly unknown[]): unknown {
  const whole = `${script}
import json, sys
json.dump([read(sample) for sample in json.load(sys.stdin)], sys.stdout)
`;
  const { stdout, stderr, status } = spawnSync('python3', ['-c', whole], {
    input: JSON.stringify(samples),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}
