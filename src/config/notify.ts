/** Who may send messages and where they go: from the notify file, or from the environment alone. */
import type { ReadFile } from './env.ts';
import { parseJson } from './json-syntax.ts';
import { channelVariablesIn, readNotifyEnv, TOKEN_VARIABLE } from './notify/env.ts';
import type { Secrets } from './notify/fields.ts';
import { type NotifyConfig, readNotifyFile } from './notify/file.ts';
import type { Config } from './options.ts';
import { reasonOf, refused, refusedUnseen, shownName } from './source.ts';

/** Options that say something about notify only. */
type NotifyOptions = Pick<Config, 'notify' | 'spool' | 'notifyDialects' | 'notifyQuery'>;

/** `undefined` when notify is off, and after a complaint: `problems` grows by a line for each mistake. */
export function loadNotify(
  options: NotifyOptions,
  secrets: Secrets,
  problems: string[],
): NotifyConfig | undefined {
  const before = problems.length;
  const fromEnv = readNotifyEnv(secrets, problems);
  if (options.notify !== '') {
    if (fromEnv) problems.push(`${TOKEN_VARIABLE}: set together with --notify; allowed: one of the two`);
    const file = readJson(options.notify, secrets.readFile, problems);
    return file && readNotifyFile(shownName(options.notify), file.value, secrets, problems);
  }
  if (!fromEnv && problems.length === before) refuseIdle(options, problems);
  return fromEnv;
}

function readJson(path: string, readFile: ReadFile, problems: string[]): { value: unknown } | undefined {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const allowed = `a file that can be read${reasonOf(error)}`;
    if (/[/.]/.test(path)) return void problems.push(refused('--notify', path, allowed));
    // MOTE_NOTIFY is easily taken for the variable of the token.
    return void problems.push(
      refusedUnseen('--notify', `${allowed}; a token belongs into ${TOKEN_VARIABLE}`),
    );
  }
  const parsed = parseJson(text);
  return typeof parsed === 'string' ? void problems.push(`${shownName(path)}: ${parsed}`) : parsed;
}

/** What an operator should know who has set variables of channels, which another program may be meant by. */
export function idleNotice(env: Secrets['env']): string | undefined {
  const names = channelVariablesIn(env);
  if (names.length === 0) return undefined;
  return `${names.join(', ')}: set, but notify is off; ${TOKEN_VARIABLE} turns it on`;
}

/** Somebody who sets these wants notify, and would find it off. */
function refuseIdle({ spool, notifyDialects, notifyQuery }: NotifyOptions, problems: string[]): void {
  const idle = [
    ...(spool === '' ? [] : ['--spool']),
    ...(notifyDialects.length === 0 ? [] : ['--notify-dialects']),
    ...(notifyQuery ? ['--notify-query'] : []),
  ];
  if (idle.length === 0) return;
  problems.push(
    `${idle.join(', ')}: set while notify is off; set --notify or ${TOKEN_VARIABLE} too, or none of them`,
  );
}
