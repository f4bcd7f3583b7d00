/** The options for people: `--help` and the table of the documentation. */
import { type Features, features as ownFeatures } from '../build/features.ts';
import { CONFIG_VARIABLE, fileVariableOf } from './env.ts';
import { type Group, groups } from './option-kinds.ts';
import { type NamedOption, options } from './options.ts';
import { describeSpan, formatQuantity } from './parse.ts';

const MAX_COLUMNS = 100;
/** The column where explanations begin in `--help`. */
const DOC_COLUMN = 34;
const ORDINALS = ['first', 'second'];

const CONFIG_DOC = 'A JSON file with the options as keys, for example {"port": 9000, "cors": ["*"]}.';

const HEADER = `mote: a minimal static HTTP server

Usage: mote [PATH] [PORT] [OPTIONS]     serve a folder or a single file
       mote healthcheck [OPTIONS]       exit with 0 if the server with these options is healthy
       mote healthcheck URL             the same for any http or https URL
       mote hash-password USER          ask for a password, print a line for --auth
       mote token                       create a token for POST /notify, print it and its hash
       mote hash-token                  ask for a token, print its hash
       mote spool list                  list the messages of the --spool: waiting or given up
       mote spool show ID               print a message and the progress of its delivery
       mote spool requeue ID            retry a message that was given up
       mote spool purge ID, AGE or all  remove messages given up: one, those older than 30d, or all
       mote help, version, licenses     also --help, -h, --version [--json], -v, --licenses

Each --some-option is also the environment variable MOTE_SOME_OPTION and the key "some-option" of
the JSON file. Flags override environment variables, which override the file.
Lists: repeat the flag; in a variable one entry per line; in JSON an array. Times are in
milliseconds or have the suffix ms, s, m or h; sizes are in bytes or have the suffix k, M or G (of
1024).
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
  const note = `Not in this build: ${lacking.map(([name]) => name).join(', ')}.`;
  return lacking.length > 0 ? `\n${note.replace(/(.{1,98})(?: |$)/g, '$1\n')}` : '';
}

/** The text of `--help`. */
export function usage(): string {
  const renderedGroups = groups.map(renderGroup);
  const file = renderEntry('--config FILE', `${CONFIG_DOC} [${CONFIG_VARIABLE}]`);
  return [HEADER + lackingNote(ownFeatures), ...renderedGroups, `Configuration file:\n${file}\n`].join('\n');
}

/** The Markdown table of the documentation, without a line break at its end. */
export function optionsTable(): string {
  const rows = options.map((option) => [
    code(signature(option)),
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
  const entries = options
    .filter((option) => option.group === group)
    .map((option) => {
      const shown = defaultOf(option);
      return renderEntry(signature(option), `${meaning(option)}${shown === '' ? '' : ` [${shown}]`}`);
    });
  return `${group}:\n${entries.join('\n')}\n`;
}

function renderEntry(left: string, doc: string): string {
  const [first = '', ...rest] = wrap(doc, MAX_COLUMNS - DOC_COLUMN);
  const lead = `  ${left} `;
  const margin = ' '.repeat(DOC_COLUMN);
  const head =
    lead.length > DOC_COLUMN ? [lead.trimEnd(), margin + first] : [lead.padEnd(DOC_COLUMN) + first];
  return [...head, ...rest.map((line) => margin + line)].join('\n');
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
