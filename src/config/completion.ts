/** Scripts for shells that complete what the command line takes, made of the tables of options and commands. */
import { namedCommands, SHELLS, type Shell } from './commands.ts';
import { type NamedOption, options } from './options.ts';
import { firstSentence, topics } from './usage.ts';

export function isShell(word: string): word is Shell {
  return SHELLS.some((shell) => shell === word);
}

export function completionOf(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return bash();
    case 'zsh':
      return zsh();
    case 'fish':
      return fish();
  }
}

/** A flag as shells need to know it. */
interface CompletedFlag {
  /** All of its names; the others are no different. */
  readonly names: readonly string[];
  /** One sentence. */
  readonly doc: string;
  readonly value: FlagValue;
  readonly isRepeated: boolean;
}

type FlagValue =
  | { readonly kind: 'none' | 'file' | 'folder' | 'free'; readonly label: string }
  | { readonly kind: 'word'; readonly label: string; readonly words: readonly string[] };

/** Flags that are not in the table of options. */
const others: readonly CompletedFlag[] = [
  { names: ['--config'], doc: 'A JSON file with options.', value: flagValue('FILE'), isRepeated: false },
  { names: ['--help', '-h'], doc: 'Help.', value: flagValue(''), isRepeated: false },
  { names: ['--version', '-v'], doc: 'The version.', value: flagValue(''), isRepeated: false },
  { names: ['--licenses'], doc: 'The licenses.', value: flagValue(''), isRepeated: false },
];

function flagValue(label: string): FlagValue {
  if (label === '') return { kind: 'none', label };
  if (label === 'DIR') return { kind: 'folder', label };
  return { kind: label === 'FILE' || label === 'PATH' ? 'file' : 'free', label };
}

function completedFlags(): CompletedFlag[] {
  return [...options.flatMap(flagsOf), ...others];
}

function flagsOf(option: NamedOption): CompletedFlag[] {
  const common = { doc: firstSentence(option.doc), isRepeated: option.kind === 'list' };
  if (option.kind === 'boolean') {
    const value = flagValue('');
    return [
      { ...common, names: [option.flag], value },
      { ...common, names: [`--no-${option.key}`], doc: `Not ${option.flag}.`, value },
    ];
  }
  const names = [option.flag, ...(option.short ? [option.short] : [])];
  return [{ ...common, names, value: { ...flagValue(option.label), ...wordsOf(option) } as FlagValue }];
}

function wordsOf(option: NamedOption): { kind: 'word'; words: readonly string[] } | undefined {
  if (option.kind !== 'text' && option.kind !== 'list') return undefined;
  return 'words' in option.parse
    ? { kind: 'word', words: option.parse.words as readonly string[] }
    : undefined;
}

/** The words that the first operand of a command can be. */
function wordsOfCommand(name: string, words: readonly string[] | undefined): readonly string[] {
  return name === 'help' ? topics : (words ?? []);
}

function bash(): string {
  const flags = completedFlags();
  const names = flags.flatMap((flag) => flag.names);
  const values = flags.flatMap(({ names, value }) => {
    const action = bashAction(value);
    return action === undefined ? [] : [`    ${names.join('|')}) ${action} ;;`];
  });
  const commands = namedCommands.map(([name]) => name);
  const operands = namedCommands.flatMap(([name, { words }]) => {
    const list = wordsOfCommand(name, words);
    return list.length === 0 ? [] : [`    ${name}) _mote_words '${list.join(' ')}' ;;`];
  });
  return `# Completion of mote for bash. To use it: source <(mote completion bash)
_mote_words() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$cur")
}
# Where nothing is found, readline completes names of files, however they are quoted.
_mote_none() { compopt +o default 2>/dev/null; }
_mote() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} word
  COMPREPLY=()
  if [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  if [[ $cur == = ]]; then cur=; fi
  case $prev in
${values.join('\n')}
  esac
  if [[ $cur == -* ]]; then _mote_words '${names.join(' ')}'; return; fi
  if ((COMP_CWORD == 1)); then
    _mote_words '${commands.join(' ')}'
    if ((\${#COMPREPLY[@]})); then
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
    fi
    return
  fi
  if ((COMP_CWORD > 2)); then return; fi
  case \${COMP_WORDS[1]} in
${operands.join('\n')}
  esac
}
complete -o default -F _mote mote
`;
}

/** What follows the flag; \`undefined\` for whatever follows any word. */
function bashAction(value: FlagValue): string | undefined {
  switch (value.kind) {
    case 'none':
      return undefined;
    case 'word':
      return `_mote_words '${value.words.join(' ')}'; return`;
    case 'file':
    case 'folder':
      return 'return';
    case 'free':
      return '_mote_none; return';
  }
}

function zsh(): string {
  const flags = completedFlags().map(zshFlag);
  const commands = namedCommands.map(
    ([name, { forms }]) => `    ${zshQuoted(`${name}:${forms[0]?.[1] ?? ''}`)}`,
  );
  const operands = namedCommands.flatMap(([name, { words }]) => {
    const list = wordsOfCommand(name, words);
    return list.length === 0 ? [] : [`    (${name}) compadd -- ${list.join(' ')} ;;`];
  });
  return `#compdef mote
# Completion of mote for zsh. To use it: source <(mote completion zsh), or put it into a folder of $fpath as _mote
_mote_first() {
  local -a commands
  commands=(
${commands.join('\n')}
  )
  _describe command commands
  _files
}
_mote_second() {
  case $words[2] in
${operands.join('\n')}
  esac
}
_mote() {
  _arguments -S \\
${flags.map((flag) => `    ${flag} \\`).join('\n')}
    '1: :_mote_first' \\
    '2: :_mote_second'
}
if [[ $funcstack[1] == _mote ]]; then _mote "$@"; else compdef _mote mote; fi
`;
}

function zshFlag({ names, doc, value, isRepeated }: CompletedFlag): string {
  const takesValue = value.kind !== 'none';
  const text = `[${doc.replace(/[[\]\\]/g, '\\$&')}]${takesValue ? `:${value.label.replace(/[:\\]/g, '\\$&')}:${zshAction(value)}` : ''}`;
  const others = isRepeated ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  return names
    .map((name) => zshQuoted(`${others}${name}${takesValue && name.startsWith('--') ? '=' : ''}${text}`))
    .join(' ');
}

function zshAction(value: FlagValue): string {
  switch (value.kind) {
    case 'word':
      return `(${value.words.join(' ')})`;
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    default:
      return ' ';
  }
}

/** Two single quotes inside of single quotes would be none: each is a quote of its own. */
function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fish(): string {
  const first = '__fish_use_subcommand';
  const commands = namedCommands.map(([name, { forms }]) => {
    return `complete -c mote -n ${first} -a ${name} -d ${fishQuoted(forms[0]?.[1] ?? '')}`;
  });
  const operands = namedCommands.flatMap(([name, { words }]) => {
    const list = wordsOfCommand(name, words);
    if (list.length === 0) return [];
    return [`complete -c mote -n '__fish_seen_subcommand_from ${name}' -f -a '${list.join(' ')}'`];
  });
  const flags = completedFlags().map(({ names, doc, value }) => {
    const named = names.map((name) =>
      name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
    );
    return ['complete -c mote', ...named, ...fishValue(value), '-d', fishQuoted(doc)].join(' ');
  });
  return `# Completion of mote for fish. To use it: mote completion fish > ~/.config/fish/completions/mote.fish
${[...commands, ...operands, ...flags].join('\n')}
`;
}

function fishValue(value: FlagValue): string[] {
  switch (value.kind) {
    case 'none':
      return [];
    case 'word':
      return ['-x', '-a', `'${value.words.join(' ')}'`];
    case 'file':
      return ['-r', '-F'];
    case 'folder':
      return ['-x', '-a', "'(__fish_complete_directories)'"];
    case 'free':
      return ['-x'];
  }
}

function fishQuoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
