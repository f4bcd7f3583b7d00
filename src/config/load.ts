/** From argv, environment and JSON file to one valid `Config`, or to every problem at once. */
import { type Arguments, type Command, readArgv } from './argv.ts';
import { findConflicts } from './conflicts.ts';
import { CONFIG_VARIABLE, type Env, type ReadFile, readEnv } from './env.ts';
import { readFirstProcess } from './first-process.ts';
import { readJsonFile } from './json-file.ts';
import type { NotifyConfig } from './notify/file.ts';
import { idleNotice, loadNotify } from './notify.ts';
import { type Config, defaults, type NamedOption, options } from './options.ts';
import { type Parser, parseBoolean, parseQuantity } from './parse.ts';
import { refused, refusedSecret, type Setting, type Source } from './source.ts';

/** How the sources name what they set: `--port`, `HOST`, `the argument PATH`. */
export type Origins = Readonly<Partial<Record<keyof Config, string>>>;

export type Loaded =
  | {
      readonly kind: 'ok';
      readonly command: Command;
      /** What the command takes besides options: the user name of `hash-password`, the URL of `healthcheck`. */
      readonly args: readonly string[];
      /** `--json` was given, which goes only with `--version`. */
      readonly json: boolean;
      /** Complete for `serve`, `spool`, and `healthcheck` without a URL; the others have no use for it. */
      readonly config: Config;
      /** Where the options come from that are not at their defaults. */
      readonly origins: Origins;
      /** Only for `serve`, and only where notify is on. */
      readonly notify?: NotifyConfig;
      /** What is no mistake, and yet may not be as it was meant; only for `serve`. */
      readonly notice?: string;
      /** What was read: the configuration, and secrets that stand in files. */
      readonly files: readonly string[];
    }
  | {
      readonly kind: 'problems';
      /** One line each: what was given, its value unless that is secret, and what is allowed. */
      readonly problems: readonly string[];
    };

/** The others must work while the environment or the file is wrong: a new password line may repair it. */
function needsOptions({ command, operands }: Arguments): boolean {
  return command === 'serve' || command === 'spool' || (command === 'healthcheck' && operands.length === 0);
}

/**
 * Loads the configuration: a flag counts before the environment, that before the JSON file, that before
 * the default. `argv` begins after the name of the program; `readFile` is for the JSON file, for secrets in files and
 * for the command line of the server that is checked, and throws when it cannot read.
 */
export function load(argv: readonly string[], env: Env, readFile: ReadFile): Loaded {
  const args = readArgv(argv);
  const { command, json } = args;
  const files: string[] = [];
  const done = { kind: 'ok', command, args: args.operands, json, files } as const;
  // Whoever asks for help may be doing so because of a mistake elsewhere.
  if (command === 'help') return { ...done, config: defaults, origins: {} };
  const recorded: ReadFile = (path) => {
    const text = readFile(path);
    files.push(path);
    return text;
  };
  const sources = needsOptions(args) ? sourcesOf(args, argv.length, env, recorded) : [args];
  const { config, origins, problems } = merge(sources);
  const notify = command === 'serve' ? loadNotify(config, { env, readFile: recorded }, problems) : undefined;
  if (problems.length > 0) return { kind: 'problems', problems };
  const notice = command === 'serve' && !notify ? idleNotice(env) : undefined;
  return { ...done, config, origins, ...(notify && { notify }), ...(notice !== undefined && { notice }) };
}

/** In order of precedence: the flags, those of the server that is asked about, the environment and the JSON file. */
function sourcesOf(args: Arguments, argc: number, env: Env, readFile: ReadFile): Source[] {
  const server = args.command === 'healthcheck' ? readFirstProcess(argc, readFile) : undefined;
  const sources = [args, ...(server ? [server] : []), readEnv(env, readFile)];
  const configFile = args.configFile ?? server?.configFile;
  const path = configFile ?? env[CONFIG_VARIABLE];
  if (!path) return sources;
  const namedBy = configFile === undefined ? CONFIG_VARIABLE : '--config';
  return [...sources, readJsonFile(path, namedBy, readFile)];
}

function merge(sources: readonly Source[]): { config: Config; origins: Origins; problems: string[] } {
  const problems = sources.flatMap((source) => source.problems);
  const values: Partial<Record<keyof Config, unknown>> = {};
  const origins: Partial<Record<keyof Config, string>> = {};
  const refusedOptions = new Set<keyof Config>();
  for (const option of options) {
    const setting = sources.find(({ settings }) => settings.has(option))?.settings.get(option);
    if (!setting) continue;
    origins[option.property] = setting.origin;
    const parsed = parseSetting(option, setting);
    if (parsed.problems.length > 0) refusedOptions.add(option.property);
    else values[option.property] = parsed.value;
    problems.push(...parsed.problems);
  }
  const config = { ...defaults, ...values } as Config;
  problems.push(...findConflicts(config, refusedOptions));
  return { config, origins, problems };
}

function parseSetting(
  option: NamedOption,
  { origin, texts }: Setting,
): { value: unknown; problems: string[] } {
  const parse = parserOf(option);
  const problems: string[] = [];
  const values: unknown[] = [];
  for (const text of texts) {
    const parsed = parse(text);
    if (parsed.ok) values.push(parsed.value);
    else if (option.secret) problems.push(refusedSecret(origin, parsed.error));
    else problems.push(refused(origin, text, parsed.error));
  }
  if (option.secret && texts.length === 0) {
    // An empty secret is a mistake somewhere, and going on would leave the door open.
    problems.push(`${origin}: received nothing; allowed: at least one entry, or not to set it`);
  }
  return { value: option.kind === 'list' ? values.flat() : values[0], problems };
}

function parserOf(option: NamedOption): Parser<unknown> {
  switch (option.kind) {
    case 'number':
      return (text) => parseQuantity(text, option);
    case 'boolean':
      return parseBoolean;
    case 'text':
    case 'list':
      return option.parse;
  }
}
