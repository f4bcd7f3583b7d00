/**
 * Which variables of the environment concern notify. The rest of its configuration is loaded only where one of them is
 * set, or one of its options.
 */
import type { Env } from '../system.ts';

export const TOKEN_VARIABLE = 'MOTE_NOTIFY_TOKEN';
/** The variables that begin with `MOTE_` and are no options. */
export const notifyVariables = [TOKEN_VARIABLE, `${TOKEN_VARIABLE}_FILE`] as const;

/** The kinds of channels; what their variables begin with. */
export const kindNames = [
  'wecom',
  'wecom-robot',
  'smtp',
  'aliyun',
  'tencent',
  'twilio',
  'webhook',
  'slack',
  'discord',
  'telegram',
  'feishu',
  'dingtalk',
  'teams',
  'mattermost',
  'pushplus',
  'serverchan',
  'bark',
  'gotify',
  'ntfy',
] as const;

export type Kind = (typeof kindNames)[number];

const concerning = new RegExp(
  `^(?:${TOKEN_VARIABLE}|(?:${kindNames.map((kind) => kind.replaceAll('-', '_').toUpperCase()).join('|')})_)`,
);

/** Whether a variable is set that is one of notify, or could be. */
export function hasNotifyVariables(env: Env): boolean {
  return Object.keys(env).some((name) => concerning.test(name) && env[name]);
}
