/** Who may send messages and where they go: from the notify file, or from the environment alone. */
import { failure, type Result, success } from '../../util/result.ts';
import { parseJson } from '../json-syntax.ts';
import type { Config } from '../options.ts';
import { bracketedCode, type Problems, refused, refusedUnseen, shownName } from '../problems.ts';
import type { Env } from '../system.ts';
import { channelVariablesIn, readNotifyEnv } from './env.ts';
import { type NotifyConfig, readNotifyFile } from './file.ts';
import type { SecretSources } from './key-table.ts';
import { TOKEN_VARIABLE } from './variables.ts';

/** Options that say something about notify only. */
type NotifyFlags = Pick<Config, 'notify' | 'spool' | 'notifyDialects' | 'notifyQuery'>;

/** `undefined` when notify is off. */
export function loadNotify(
  options: NotifyFlags,
  secrets: SecretSources,
): Result<NotifyConfig | undefined, Problems> {
  const fromEnv = readNotifyEnv(secrets);
  if (options.notify === '') return fromEnv.ok && !fromEnv.value ? unlessIdle(options) : fromEnv;
  const fromFile = readFile(options.notify, secrets);
  if (fromEnv.ok && !fromEnv.value) return fromFile;
  const problems = fromEnv.ok
    ? [`${TOKEN_VARIABLE}: set together with --notify; allowed: one of the two`]
    : fromEnv.error;
  return failure(fromFile.ok ? problems : [...problems, ...fromFile.error]);
}

function readFile(path: string, secrets: SecretSources): Result<NotifyConfig, Problems> {
  let text: string;
  try {
    text = secrets.readFile(path);
  } catch (error) {
    const allowed = `a file that can be read${bracketedCode(error)}`;
    // MOTE_NOTIFY is easily taken for the variable of the token.
    const problem = /[/.]/.test(path)
      ? refused('--notify', path, allowed)
      : refusedUnseen('--notify', `${allowed}; a token belongs in ${TOKEN_VARIABLE}`);
    return failure([problem]);
  }
  const parsed = parseJson(text);
  const name = shownName(path);
  return parsed.ok ? readNotifyFile(name, parsed.value, secrets) : failure([`${name}: ${parsed.error}`]);
}

/** A warning for an operator who has set variables of channels, which may be meant for another program. */
export function idleNotice(env: Env): string | undefined {
  const names = channelVariablesIn(env);
  if (names.length === 0) return undefined;
  return `${names.join(', ')}: set, but notify is off; ${TOKEN_VARIABLE} turns it on`;
}

/** Somebody who sets these options wants notify, and would find it off. */
function unlessIdle({ spool, notifyDialects, notifyQuery }: NotifyFlags): Result<undefined, Problems> {
  const idle = [
    ...(spool === '' ? [] : ['--spool']),
    ...(notifyDialects.length === 0 ? [] : ['--notify-dialects']),
    ...(notifyQuery ? ['--notify-query'] : []),
  ];
  if (idle.length === 0) return success(undefined);
  return failure([
    `${idle.join(', ')}: set while notify is off; set --notify or ${TOKEN_VARIABLE} too, or none of them`,
  ]);
}
