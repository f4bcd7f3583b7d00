/** The environment: `MOTE_…` variables, the plain ones that some options also have, and secrets in files. */
import { failure, type Result, success } from '../util/result.ts';
import { notifyVariables } from './notify/variables.ts';
import { type NamedOption, options } from './options.ts';
import { readSecretFile, unknownName, unreadableSecret } from './problems.ts';
import { type Setting, type SettingSource, sourceOf, textsOf } from './setting.ts';
import type { Env, ReadFile } from './system.ts';

/** Names the JSON file, as `--config` does. */
export const CONFIG_VARIABLE = 'MOTE_CONFIG';
/** Names the file with the CA bundle, as it does for OpenSSL and for most other programs. */
const CA_FILE_VARIABLE = 'SSL_CERT_FILE';

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

export function readEnv(env: Env, readFile: ReadFile): SettingSource {
  const given = relevantVariables(env);
  const settings = options.flatMap((option) => {
    const setting = settingOf(option, given, readFile);
    return setting ? [[option, setting] as const] : [];
  });
  const unknown = [...given.keys()].filter((name) => name.startsWith('MOTE_') && !knownNames.includes(name));
  return sourceOf(
    settings,
    unknown.map((name) => unknownName(name, 'environment variable', knownNames)),
  );
}

/** The file with the CA bundle for outgoing TLS; empty: the one of the system. */
export function caFileIn(env: Env): string {
  return env[CA_FILE_VARIABLE] ?? '';
}

/** The variables that are set and not empty: compose files and shells cannot easily leave one out. */
function relevantVariables(env: Env): Map<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    const serviceLink =
      SERVICE_LINK_NAME.test(name) ||
      (/^MOTE(_\w+)?_PORT$/.test(name) && SERVICE_LINK_VALUE.test(value ?? ''));
    if (value && !serviceLink) given.set(name, value);
  }
  return given;
}

/** What the environment says about an option, if anything. */
function settingOf(
  option: NamedOption,
  given: ReadonlyMap<string, string>,
  readFile: ReadFile,
): Result<Setting, string> | undefined {
  const name = option.envNames.find((candidate) => given.has(candidate));
  const fileVariable = fileVariableOf(option);
  const path = option.secret ? given.get(fileVariable) : undefined;
  if (path === undefined) {
    return name === undefined
      ? undefined
      : success({ origin: name, texts: textsOf(option, given.get(name) ?? '') });
  }
  if (name !== undefined)
    return failure(`${name}: set together with ${fileVariable}; allowed: one of the two`);
  try {
    return success({ origin: fileVariable, texts: textsOf(option, readSecretFile(path, readFile)) });
  } catch (error) {
    return failure(unreadableSecret(fileVariable, error));
  }
}
