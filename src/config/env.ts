/** The environment: `MOTE_…` variables, the plain ones that some options also have, and secrets in files. */
import { notifyVariables } from './notify/env.ts';
import { type NamedOption, options } from './options.ts';
import { readSecret, type Setting, type Source, textsOf, unknownName, unreadableSecret } from './source.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Gives the text of a file or throws the system's error. */
export type ReadFile = (path: string) => string;

/** Names the JSON file, as `--config` does. */
export const CONFIG_VARIABLE = 'MOTE_CONFIG';

/**
 * What Kubernetes puts into every container beside a service named `mote` or `mote-…`
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
 */
const SERVICE_LINK_NAME =
  /^MOTE(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
/** The variable among them that has the name of an option, `MOTE_PORT`. */
const SERVICE_LINK_VALUE = /^(tcp|udp|sctp):\/\//;

const knownNames: readonly string[] = [
  CONFIG_VARIABLE,
  ...notifyVariables,
  ...options.flatMap((option) => option.envNames),
  ...options.flatMap((option) => (option.secret ? [fileVariableOf(option)] : [])),
];

/** The variable that names a file with the secret. */
export function fileVariableOf(option: NamedOption): string {
  return `${option.envNames[0]}_FILE`;
}

export function readEnv(env: Env, readFile: ReadFile): Source {
  const given = meantForUs(env);
  const source: Source = { settings: new Map(), problems: [] };
  for (const option of options) {
    const setting = settingOf(option, given, readFile);
    if (typeof setting === 'string') source.problems.push(setting);
    else if (setting) source.settings.set(option, setting);
  }
  for (const name of given.keys()) {
    if (!name.startsWith('MOTE_') || knownNames.includes(name)) continue;
    source.problems.push(unknownName(name, 'environment variable', knownNames));
  }
  return source;
}

/** The variables that are set and not empty: compose files and shells cannot easily leave one out. */
function meantForUs(env: Env): Map<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    const serviceLink =
      SERVICE_LINK_NAME.test(name) ||
      (/^MOTE(_\w+)?_PORT$/.test(name) && SERVICE_LINK_VALUE.test(value ?? ''));
    if (value && !serviceLink) given.set(name, value);
  }
  return given;
}

/** What the environment says about an option, or a problem in words. */
function settingOf(
  option: NamedOption,
  given: ReadonlyMap<string, string>,
  readFile: ReadFile,
): Setting | string | undefined {
  const name = option.envNames.find((candidate) => given.has(candidate));
  const fileVariable = fileVariableOf(option);
  const path = option.secret ? given.get(fileVariable) : undefined;
  if (path === undefined) {
    return name === undefined ? undefined : { origin: name, texts: textsOf(option, given.get(name) ?? '') };
  }
  if (name !== undefined) return `${name}: set together with ${fileVariable}; allowed: one of the two`;
  try {
    return { origin: fileVariable, texts: textsOf(option, readSecret(path, readFile)) };
  } catch (error) {
    return unreadableSecret(fileVariable, error);
  }
}
