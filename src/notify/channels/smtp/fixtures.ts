/** What the tests of the SMTP channel share. */

import type { TestContext } from 'node:test';
import {
  account,
  type SmtpStandIn,
  type SmtpStandInOptions,
  startSmtp,
  trust,
} from '../../../../test/support/providers/smtp.ts';
import {
  type Say,
  type ScriptedSmtp,
  startScriptedSmtp,
} from '../../../../test/support/providers/smtp-scripted.ts';
import type { Channel } from '../channel.ts';
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
