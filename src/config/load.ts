/** From argv, environment and JSON file to one valid `Config`, or to every problem at once. */
import { failure, type Result, success } from '../util/result.ts';
import { type Arguments, readArgv } from './argv.ts';
import type { Command } from './commands.ts';
import { findConflicts } from './conflicts.ts';
import { CONFIG_VARIABLE, caFileIn, readEnv } from './env.ts';
import { readFirstProcess } from './first-process.ts';
import { readJsonFile } from './json-file.ts';
import type { NotifyConfig } from './notify/file.ts';
import type * as notifyModule from './notify/load.ts';
import { hasNotifyVariables } from './notify/variables.ts';
import { AUTO } from './option-kinds.ts';
import { type Config, defaults, type NamedOption, options } from './options.ts';
import { type Parsed, type Parser, parseBoolean, parseQuantity } from './parse.ts';
import { allOf, type Problems, refused, refusedSecret } from './problems.ts';
import type { Setting, SettingSource } from './setting.ts';
import type { Env, ReadFile } from './system.ts';

/** How the sources name what they set: `--port`, `HOST`, `the argument PATH`. */
export type Origins = Readonly<Partial<Record<keyof Config, string>>>;

/** One run of the program: the command and everything that it needs to know. */
export interface Invocation {
  readonly command: Command;
  /** What the command takes besides options: the user name of `hash-password`, the URL of `healthcheck`. */
  readonly args: readonly string[];
  /** `--json` was given, which is allowed only with `--version`. */
  readonly json: boolean;
  /** Complete for `serve`, `spool`, `notify-test`, and `healthcheck` without a URL; the other commands do not use it. */
  readonly config: Config;
  /** Where the options come from that are not at their defaults. */
  readonly origins: Origins;
  /** The file with the CA bundle for outgoing TLS, from `SSL_CERT_FILE`; empty: the one of the system. */
  readonly caFile: string;
  /** Only for `serve` and `notify-test`, and only where notify is on. */
  readonly notify?: NotifyConfig;
  /** A warning about settings that are valid and may not be meant; only for the same. */
  readonly notice?: string;
  /** The files that were read: the configuration, and secrets that stand in files. */
  readonly files: readonly string[];
}

/** The other commands must work while the environment or the file is wrong: a new password line may repair it. */
function needsOptions({ command, operands }: Arguments): boolean {
  return command === 'spool' || mayNotify(command) || (command === 'healthcheck' && operands.length === 0);
}

/** The commands that send messages. */
function mayNotify(command: Command): boolean {
  return command === 'serve' || command === 'notify-test';
}

/**
 * Loads the configuration: flags override environment variables, which override the JSON file, which overrides the
 * defaults. `argv` begins after the name of the program; `readFile` is for the JSON file, for secrets in files and
 * for the command line of the server that is checked, and throws when it cannot read. Without `notifyLoading` notify is
 * taken for off.
 */
export function load(
  argv: readonly string[],
  env: Env,
  readFile: ReadFile,
  notifyLoading?: NotifyLoading,
): Result<Invocation, Problems> {
  const args = readArgv(argv);
  const { command, operands, json } = args;
  const files: string[] = [];
  const common = { command, args: operands, json, files, caFile: caFileIn(env) };
  // Whoever asks for help may be doing so because of a mistake elsewhere.
  if (command === 'help') return success({ ...common, config: defaults, origins: {} });
  const recorded: ReadFile = (path) => {
    const text = readFile(path);
    files.push(path);
    return text;
  };
  const sources = needsOptions(args) ? sourcesOf(args, argv.length, env, recorded) : [args];
  const { config, origins, problems } = merge(sources);
  const notifying = mayNotify(command) ? notifyLoading : undefined;
  const notify = notifying?.loadNotify(config, { env, readFile: recorded }) ?? success(undefined);
  if (!notify.ok) return failure([...problems, ...notify.error]);
  if (problems.length > 0) return failure(problems);
  const notice = notify.value ? undefined : notifying?.idleNotice(env);
  return success({
    ...common,
    config,
    origins,
    ...(notify.value && { notify: notify.value }),
    ...(notice !== undefined && { notice }),
  });
}

type NotifyLoading = Pick<typeof notifyModule, 'loadNotify' | 'idleNotice'>;

/**
 * The same, with the configuration of notify, which most servers do not have, loaded only where something is set. At
 * once for the others: a server listens for signals first of all.
 */
export function loadLazily(
  argv: readonly string[],
  env: Env,
  readFile: ReadFile,
): Result<Invocation, Problems> | Promise<Result<Invocation, Problems>> {
  const texts = new Map<string, string>();
  // What is read may be a pipe, which can be read once.
  const readOnce: ReadFile = (path) => {
    const text = texts.get(path) ?? readFile(path);
    texts.set(path, text);
    return text;
  };
  const loaded = load(argv, env, readOnce);
  if (loaded.ok && !concernsNotify(loaded.value, env)) return loaded;
  return import('./notify/load.ts').then((notifyLoading) => load(argv, env, readOnce, notifyLoading));
}

function concernsNotify({ command, config }: Invocation, env: Env): boolean {
  const { notify, spool, notifyDialects, notifyQuery } = config;
  const hasOptions = notify !== '' || spool !== '' || notifyDialects.length > 0 || notifyQuery;
  return mayNotify(command) && (hasOptions || hasNotifyVariables(env));
}

/** In order of precedence: the flags, those of the server that is checked, the environment and the JSON file. */
function sourcesOf(args: Arguments, argc: number, env: Env, readFile: ReadFile): SettingSource[] {
  const server = args.command === 'healthcheck' ? readFirstProcess(argc, readFile) : undefined;
  const sources = [args, ...(server ? [server] : []), readEnv(env, readFile)];
  const configFile = args.configFile ?? server?.configFile;
  const path = configFile ?? env[CONFIG_VARIABLE];
  if (!path) return sources;
  const namedBy = configFile === undefined ? CONFIG_VARIABLE : '--config';
  return [...sources, readJsonFile(path, namedBy, readFile)];
}

interface Merged {
  /** Options with problems are at their defaults. */
  readonly config: Config;
  readonly origins: Origins;
  readonly problems: Problems;
}

function merge(sources: readonly SettingSource[]): Merged {
  const problems = sources.flatMap((source) => source.problems);
  const values: Partial<Record<keyof Config, unknown>> = {};
  const origins: Partial<Record<keyof Config, string>> = {};
  const invalid = new Set<keyof Config>();
  for (const option of options) {
    const setting = sources.find(({ settings }) => settings.has(option))?.settings.get(option);
    if (!setting) continue;
    origins[option.property] = setting.origin;
    const parsed = parseSetting(option, setting);
    if (parsed.ok) {
      values[option.property] = parsed.value;
    } else {
      invalid.add(option.property);
      problems.push(...parsed.error);
    }
  }
  const config = { ...defaults, ...values } as Config;
  return { config, origins, problems: [...problems, ...findConflicts(config, invalid)] };
}

function parseSetting(option: NamedOption, { origin, texts }: Setting): Result<unknown, Problems> {
  if (option.secret && texts.length === 0) {
    // An empty secret is a mistake somewhere, and going on would leave the door open.
    return failure([`${origin}: received nothing; allowed: at least one entry, or not to set it`]);
  }
  const parse = parserOf(option);
  const entries = texts.map((text): Result<unknown, Problems> => {
    const parsed = parse(text);
    if (parsed.ok) return parsed;
    return failure([
      option.secret ? refusedSecret(origin, parsed.error) : refused(origin, text, parsed.error),
    ]);
  });
  const values = allOf(entries);
  if (!values.ok) return values;
  return success(option.kind === 'list' ? values.value.flat() : values.value[0]);
}

function parserOf(option: NamedOption): Parser<unknown> {
  switch (option.kind) {
    case 'number':
      return option.auto
        ? (text) => (text === 'auto' ? success(AUTO) : orAuto(parseQuantity(text, option)))
        : (text) => parseQuantity(text, option);
    case 'boolean':
      return parseBoolean;
    case 'text':
    case 'list':
      return option.parse;
  }
}

function orAuto(parsed: Parsed<number>): Parsed<number> {
  return parsed.ok ? parsed : failure(`auto, or ${parsed.error}`);
}
