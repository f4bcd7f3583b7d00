/** The command line: a command, positional arguments, and flags in any order. */
import { type Command, commands, isCommand, operandsOf } from './commands.ts';
import { type NamedOption, options } from './options.ts';
import { refused, shownName, unknownName } from './problems.ts';
import { type Setting, type SettingSource, textsOf } from './setting.ts';

export interface Arguments extends SettingSource {
  readonly command: Command;
  /** The arguments of the command itself. */
  readonly operands: readonly string[];
  /** The JSON file to read; empty means none, even if the environment names one. */
  readonly configFile: string | undefined;
  readonly json: boolean;
}

/** What a flag sets. */
type Target = NamedOption | 'config' | 'help' | 'version' | 'licenses' | 'json';

interface Flag {
  readonly target: Target;
  /** The value if the flag stands alone; without this, it takes the next argument. */
  readonly implied?: string;
  /** `--flag=value` is not allowed. */
  readonly bare?: true;
}

const flags: ReadonlyMap<string, Flag> = new Map([
  ...options.flatMap((option) => flagsOf(option)),
  ['--config', { target: 'config' }],
  ['--help', bareFlag('help')],
  ['-h', bareFlag('help')],
  ['--version', bareFlag('version')],
  ['-v', bareFlag('version')],
  ['--licenses', bareFlag('licenses')],
  ['--json', bareFlag('json')],
]);

function bareFlag(target: Target): Flag {
  return { target, implied: '', bare: true };
}

function flagsOf(option: NamedOption): [string, Flag][] {
  if (option.kind !== 'boolean') {
    return [option.flag, ...(option.short ? [option.short] : [])].map((name) => [name, { target: option }]);
  }
  return [
    [option.flag, { target: option, implied: 'true' }],
    [`--no-${option.key}`, { target: option, implied: 'false', bare: true }],
  ];
}

/** `-p8080`, as people know it from other servers. */
const SHORT_WITH_NUMBER = /^(-[a-z])(\d+)$/;

export function readArgv(argv: readonly string[]): Arguments {
  const reader = new ArgvReader();
  for (let index = 0; index < argv.length; ) index += reader.take(argv[index] ?? '', argv[index + 1]);
  return reader.finish();
}

class ArgvReader {
  readonly #settings = new Map<NamedOption, Setting>();
  readonly #problems: string[] = [];
  readonly #seen = new Set<Target>();
  readonly #operands: string[] = [];
  #command: Command = 'serve';
  #configFile: string | undefined;
  #positionals = 0;
  /** PATH, if it was an argument. */
  #path = '';
  #onlyPositionals = false;

  /** Takes one argument; returns how many are consumed: 2 if the next one was its value. */
  take(word: string, next: string | undefined): 1 | 2 {
    if (this.#onlyPositionals || !word.startsWith('-') || word === '-' || this.#isTopic(word)) {
      this.#takePositional(word);
      return 1;
    }
    if (word === '--') {
      this.#onlyPositionals = true;
      return 1;
    }
    const [, name = word, value] = /^([^=]*)=(.*)$/s.exec(word) ?? SHORT_WITH_NUMBER.exec(word) ?? [];
    const flag = flags.get(name);
    if (flag) return this.#takeFlag(name, flag, value, next);
    this.#problems.push(unknownName(name, 'flag', [...flags.keys()]));
    // What follows is probably the value, perhaps a secret: it must not be taken for PATH and shown.
    return value === undefined && isValue(next) ? 2 : 1;
  }

  finish(): Arguments {
    const json = this.#seen.has('json');
    const asked = this.#command;
    if (this.#seen.has('licenses')) this.#command = 'licenses';
    if (this.#seen.has('version')) this.#command = 'version';
    if (this.#seen.has('help')) this.#askForHelp(asked);
    const surplus = this.#operands.length - commands[this.#command].maxOperands;
    if (surplus > 0) this.#problems.push(this.#surplusProblem(this.#operands.slice(-surplus)));
    if (json && this.#command !== 'version') {
      this.#problems.push('--json: allowed only together with --version');
    }
    return {
      settings: this.#settings,
      problems: this.#problems,
      command: this.#command,
      operands: this.#operands,
      configFile: this.#configFile,
      json,
    };
  }

  /** `mote help --port` asks about the option. */
  #isTopic(word: string): boolean {
    return this.#command === 'help' && word !== '--' && flags.get(word)?.target !== 'help';
  }

  /** With `mote spool --help` the command is the topic. */
  #askForHelp(asked: Command): void {
    this.#command = 'help';
    if (asked === 'help') return;
    this.#operands.splice(0, this.#operands.length, ...(asked === 'serve' ? [] : [asked]));
  }

  #takePositional(word: string): void {
    const place = this.#positionals++;
    if (place === 0 && !this.#onlyPositionals && isCommand(word)) {
      this.#command = word;
      return;
    }
    if (place === 1 && this.#path === 'serve' && !/^\d+$/.test(word)) {
      const path = shownName(word);
      this.#problems.push(`serve: no such command; serving needs none: write \`mote ${path}\``);
      return;
    }
    const option = options.find(({ positional }) => positional === place);
    if (!option || this.#command !== 'serve') return void this.#operands.push(word);
    if (place === 0) this.#path = word;
    this.#record(`the argument ${option.key.toUpperCase()}`, option, word);
  }

  #takeFlag(name: string, flag: Flag, value: string | undefined, next: string | undefined): 1 | 2 {
    if (value !== undefined && flag.bare) {
      this.#problems.push(`${name}: allowed only without a value`);
    } else if (value !== undefined || flag.implied !== undefined) {
      this.#record(name, flag.target, value ?? flag.implied ?? '');
    } else if (next !== undefined && (isValue(next) || isSecret(flag.target))) {
      this.#record(name, flag.target, next);
      return 2;
    } else {
      this.#problems.push(`${name}: needs a value; write ${name}=VALUE if it begins with a dash`);
    }
    return 1;
  }

  #record(origin: string, target: Target, value: string): void {
    this.#seen.add(target);
    if (target === 'config') this.#configFile = value;
    if (typeof target === 'string') return;
    // Lists grow; for anything else the last flag wins, so that a wrapper's flags can be overridden.
    const earlier = target.kind === 'list' ? (this.#settings.get(target)?.texts ?? []) : [];
    this.#settings.set(target, { origin, texts: [...earlier, ...textsOf(target, value)] });
  }

  #surplusProblem(surplus: readonly string[]): string {
    // A password given here would be in the process list already; it need not get into a log as well.
    if (this.#command === 'hash-password') return 'hash-password: allowed: one user name and nothing else';
    if (this.#command === 'hash-token')
      return 'hash-token: allowed: no arguments; the token is read from standard input';
    return refused('arguments', surplus.join(' '), operandsOf(this.#command));
  }
}

/** What follows the flag of a secret is never taken for another flag, whose name would be shown. */
function isSecret(target: Target): boolean {
  return typeof target !== 'string' && target.secret === true;
}

/** Whether an argument can be the value of the flag before it: anything but a flag. */
function isValue(word: string | undefined): boolean {
  return word !== undefined && (!word.startsWith('-') || word === '-' || /^-\d/.test(word));
}
