/** The options for people: `--help`, `mote help TOPIC` and the table of the documentation. */
import { type Features, features as ownFeatures } from '../build/features.ts';
import { failure, type Result, success } from '../util/result.ts';
import { isCommand, namedCommands } from './commands.ts';
import { CONFIG_VARIABLE, fileVariableOf } from './env.ts';
import { type Group, groups, topicOf } from './option-kinds.ts';
import { type NamedOption, options } from './options.ts';
import { describeSpan, formatQuantity } from './parse.ts';
import { refused, unknownName } from './problems.ts';
import { refusedFeature, refusedFeatures } from './refused-features.ts';
import { closestName } from './suggestion.ts';

const MAX_COLUMNS = 80;
/** The column where explanations begin. */
const DOC_COLUMN = 30;
const ORDINALS = ['first', 'second'];

const CONFIG_DOC = 'A JSON file with the options as keys, for example {"port": 9000, "cors": ["*"]}.';

/** What most people look for; all others are in the topics. */
const COMMON: readonly NamedOption['property'][] = [
  'port',
  'host',
  'listing',
  'spa',
  'corsOrigins',
  'auth',
  'headers',
  'notify',
  'spool',
  'logFormat',
];

const HEADER = `mote: a minimal static HTTP server that also sends messages

Usage: mote [PATH] [PORT] [OPTIONS]
       mote COMMAND

Examples:
  mote public                     serve the folder public on port 8080
  mote . 3000 --listing           this folder on port 3000, with listings
  mote site --notify notify.json  a site, and messages at POST /notify
`;

const CONVENTIONS = `Each --some-option is also the environment variable MOTE_SOME_OPTION and the key
"some-option" of the JSON file. Flags override environment variables, which
override the file. Lists: repeat the flag; in a variable one entry per line; in
JSON an array. Times are in milliseconds or have the suffix ms, s, m or h; sizes
are in bytes or have the suffix k, M or G (of 1024).
`;

/** What a build that lacks something says about it, with a line break at its end. */
export function lackingNote(features: Features): string {
  const { compression, workers, replicas, nodeHttp, charsets, tls, largeMessages } = features;
  const lacking = Object.entries({
    '--compression': compression,
    '--workers above 1': workers,
    'a --spool in a server': replicas,
    '--http-engine node': nodeHttp,
    'legacy charsets': charsets,
    '--tls-cert': tls,
    'messages above 256 KiB': largeMessages,
  }).filter(([, isThere]) => !isThere);
  if (lacking.length === 0) return '';
  const text = `Not in this build: ${lacking.map(([name]) => name).join(', ')}.`;
  return `\n${wrap(text, MAX_COLUMNS).join('\n')}\n`;
}

/** The text of `--help`: one screen. */
export function usage(): string {
  const common = COMMON.map((property) => options.find((option) => option.property === property));
  const entries = common.flatMap((option) =>
    option ? [renderOption(option, firstSentence(option.doc))] : [],
  );
  const names = namedCommands.map(([name]) => name);
  return [
    HEADER + lackingNote(ownFeatures),
    `Options:\n${entries.join('\n')}\n`,
    `Commands:\n${indented(`${names.join(', ')}.`)}\n`,
    `More: mote help TOPIC\n${indented(`TOPIC: ${topicNames().join(', ')}; an option or a command.`)}\n`,
    refusedNote(),
  ].join('\n');
}

/** Everything. */
function wholeUsage(): string {
  return [
    HEADER + lackingNote(ownFeatures),
    renderCommands(() => true),
    CONVENTIONS,
    ...groups.map(renderGroup),
    renderConfigFile(),
    refusedNote(),
  ].join('\n');
}

function refusedNote(): string {
  const names = refusedFeatures.map(({ name }) => name).join(', ');
  return `${wrap(`Not in mote, on purpose: ${names}. docs/files.md says what to use instead.`, MAX_COLUMNS).join('\n')}\n`;
}

const ALL = 'all';
const COMMANDS = 'commands';
const CONFIG = 'config';

function topicNames(): string[] {
  return [...new Set([...groups.map(topicOf), COMMANDS, CONFIG, ALL])];
}

/** The words that `mote help` knows; it takes commands and options as well. */
export const topics: readonly string[] = topicNames();

/** The help on a topic, a command or an option, whatever it is called; or the problem with the word. */
export function usageOf(topic: string): Result<string, string> {
  if (topic === ALL) return success(wholeUsage());
  if (topic === COMMANDS) return success(renderCommands(() => true));
  if (topic === CONFIG) return success([CONVENTIONS, renderConfigFile()].join('\n'));
  if (isCommand(topic)) return success(renderCommands(([name]) => name === topic));
  const inTopic = groups.filter((group) => topicOf(group) === topic);
  if (inTopic.length > 0) {
    const related = namedCommands.some(([, entry]) => entry.topic === topic);
    const commands = related ? [renderCommands(([, entry]) => entry.topic === topic)] : [];
    return success([...inTopic.map(renderGroup), ...commands].join('\n'));
  }
  const option = options.find((one) => namesOf(one).includes(topic.replace(/=.*/s, '')));
  return option ? success(`${renderOption(option)}\n`) : failure(problemWith(topic));
}

function namesOf(option: NamedOption): string[] {
  const short = option.short === undefined ? [] : [option.short];
  return [option.key, option.flag, `--no-${option.key}`, ...short, ...environmentOf(option)];
}

function problemWith(topic: string): string {
  const known = [...topics, ...namedCommands.map(([name]) => name), ...options.map(({ key }) => key)];
  const word = topic.replace(/^--?/, '').toLowerCase();
  return refusedFeature(word) || closestName(word, known)
    ? `help: ${unknownName(word, 'topic', known)}`
    : refused('help', topic, `${topics.join(', ')}, an option or a command`);
}

function renderCommands(isWanted: (command: (typeof namedCommands)[number]) => boolean): string {
  const forms = namedCommands.filter(isWanted).flatMap(([, entry]) => entry.forms);
  return `Commands:\n${forms.map(([form, doc]) => renderEntry(`mote ${form}`, doc)).join('\n')}\n`;
}

function renderConfigFile(): string {
  return `Configuration file:\n${renderEntry('--config FILE', `${CONFIG_DOC} [${CONFIG_VARIABLE}]`)}\n`;
}

/** For lists in which an option has one line or two. */
export function firstSentence(doc: string): string {
  return /^.*?[.;:](?= |$)/.exec(doc)?.[0].replace(/[;:]$/, '.') ?? doc;
}

/** The Markdown table of the documentation, without a line break at its end. */
export function optionsTable(): string {
  const rows = options.map((option) => [
    code(signature(option)) + (option.short ? ` ${code(option.short)}` : ''),
    environmentOf(option).map(code).join(' '),
    defaultOf(option) === '' ? '' : code(defaultOf(option)),
    meaning(option),
  ]);
  const all = [
    ['Option', 'Environment', 'Default', 'Meaning'],
    ['---', '---', '---', '---'],
    ...rows,
    [code('--config FILE'), code(CONFIG_VARIABLE), '', CONFIG_DOC],
  ];
  return all.map((cells) => `| ${cells.map(escapeCell).join(' | ')} |`).join('\n');
}

function renderGroup(group: Group): string {
  const entries = options.filter((option) => option.group === group).map((option) => renderOption(option));
  return `${group}:\n${entries.join('\n')}\n`;
}

function renderOption(option: NamedOption, doc = meaning(option)): string {
  const shown = defaultOf(option);
  const left = option.short ? `${option.short}, ${signature(option)}` : signature(option);
  return renderEntry(left, `${doc}${shown === '' ? '' : ` [${shown}]`}`);
}

function renderEntry(left: string, doc: string): string {
  const [first = '', ...rest] = wrap(doc, MAX_COLUMNS - DOC_COLUMN);
  const lead = `  ${left} `;
  const margin = ' '.repeat(DOC_COLUMN);
  const head =
    lead.length > DOC_COLUMN ? [lead.trimEnd(), margin + first] : [lead.padEnd(DOC_COLUMN) + first];
  return [...head, ...rest.map((line) => margin + line)].join('\n');
}

function indented(text: string): string {
  return wrap(text, MAX_COLUMNS - 2)
    .map((line) => `  ${line}`)
    .join('\n');
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function signature(option: NamedOption): string {
  return option.kind === 'boolean' ? `--[no-]${option.key}` : `${option.flag} ${option.label}`;
}

function environmentOf(option: NamedOption): string[] {
  return option.secret ? [...option.envNames, fileVariableOf(option)] : [...option.envNames];
}

function defaultOf(option: NamedOption): string {
  switch (option.kind) {
    case 'number':
      return formatQuantity(option.default, option.unit);
    case 'boolean':
      return option.default ? 'on' : 'off';
    case 'text':
      return option.default;
    case 'list':
      return '';
  }
}

/** What it does, what else it is called, and its bounds. */
function meaning(option: NamedOption): string {
  const { doc, positional } = option;
  const place = positional === undefined ? [] : [`Also the ${ORDINALS[positional]} argument.`];
  const many = option.kind === 'list' ? ['May be repeated.'] : [];
  const bounds =
    option.kind === 'number' ? [`Allowed: ${option.auto ? 'auto, or ' : ''}${describeSpan(option)}.`] : [];
  return [doc, ...place, ...many, ...bounds].join(' ');
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A bar would end the cell, even inside code. */
function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
