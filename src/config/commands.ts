/** The table of commands: an entry is a word of the command line, lines of the help and words to complete. */

/** The shells that `mote completion` knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface CommandEntry {
  /** How many operands it leaves to `main`. */
  readonly maxOperands: number;
  /** The operands, for a message about too many. */
  readonly operands?: string;
  /** How it is written, and what that does. */
  readonly forms: readonly (readonly [form: string, doc: string])[];
  /** The topic of the help that it belongs to besides its own. */
  readonly topic?: string;
  /** The words that its first operand can be. */
  readonly words?: readonly string[];
}

const SPOOL_OPERANDS = 'list, show ID, requeue ID, or purge ID, AGE or all';

export const commands = {
  serve: {
    maxOperands: 0,
    operands: 'PATH and PORT',
    forms: [['[PATH] [PORT]', 'Serve a folder or a single file.']],
  },
  healthcheck: {
    maxOperands: 1,
    operands: 'one URL',
    topic: 'logging',
    forms: [
      ['healthcheck', 'Exit with 0 if the server with these options is healthy.'],
      ['healthcheck URL', 'The same for any http or https URL.'],
    ],
  },
  'hash-password': {
    maxOperands: 1,
    topic: 'access',
    forms: [['hash-password USER', 'Ask for a password, print a line for --auth.']],
  },
  token: {
    maxOperands: 0,
    topic: 'notify',
    forms: [['token', 'Create a token for POST /notify, print it and its hash.']],
  },
  'hash-token': {
    maxOperands: 0,
    topic: 'notify',
    forms: [['hash-token', 'Ask for a token, print its hash.']],
  },
  'notify-test': {
    maxOperands: 1,
    operands: 'the name of one channel',
    topic: 'notify',
    forms: [
      [
        'notify-test [CHANNEL]',
        'Send one message by each channel of the configuration, or by this one, and say what to do where it does not arrive.',
      ],
    ],
  },
  spool: {
    maxOperands: 2,
    operands: SPOOL_OPERANDS,
    topic: 'notify',
    words: ['list', 'show', 'requeue', 'purge'],
    forms: [
      ['spool list', 'List the messages of the --spool: waiting or given up.'],
      ['spool show ID', 'Print a message and the progress of its delivery.'],
      ['spool requeue ID', 'Retry a message that was given up.'],
      ['spool purge ID, AGE or all', 'Remove messages given up: one, those older than 30d, or all.'],
    ],
  },
  completion: {
    maxOperands: 1,
    operands: SHELLS.join(', '),
    words: SHELLS,
    forms: [['completion bash|zsh|fish', 'Print what makes the shell complete options and commands.']],
  },
  help: {
    maxOperands: 1,
    operands: 'one topic',
    forms: [['help [TOPIC]', 'The help, of a topic, a command or an option. Also --help, -h.']],
  },
  version: {
    maxOperands: 0,
    forms: [['version', 'The version. Also --version [--json], -v.']],
  },
  licenses: {
    maxOperands: 0,
    forms: [['licenses', 'The licenses of what is inside. Also --licenses.']],
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;

export type Command = keyof typeof commands;

/** The commands that are words, with their entries. */
export const namedCommands: readonly (readonly [Command, CommandEntry])[] = Object.entries(commands)
  .filter(([name]) => name !== 'serve')
  .map(([name, entry]) => [name as Command, entry]);

export function isCommand(word: string): word is Exclude<Command, 'serve'> {
  return word !== 'serve' && Object.hasOwn(commands, word);
}

/** The operands of a command, for messages. */
export function operandsOf(command: Command): string {
  const { operands }: CommandEntry = commands[command];
  return operands ?? `nothing after ${command}`;
}
