/**
 * Writes what is generated from the tables of the code: `npm run generate -- [--check]`
 *
 * That is the tables of docs/, between their marks, and the JSON Schema of the notify file; and from the results of the
 * bench and of the ladder their tables and the chart. With `--check` it changes nothing and fails if anything is stale.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ConfigKey } from '../../src/config/notify/key-table.ts';
import { kinds, variableOf } from '../../src/config/notify/kinds.ts';
import type { Kind } from '../../src/config/notify/variables.ts';
import { optionsTable } from '../../src/config/usage.ts';
import { chart } from '../bench/chart.ts';
import { performanceTables, readmeTable } from '../bench/report.ts';
import type { Results } from '../bench/results.ts';
import { answerHelp } from '../help.ts';
import type { LadderResults } from '../ladder/results.ts';
import {
  conditions,
  fullTable,
  microLadder,
  readmeLadder,
  seedsTable,
  withFigures,
} from '../ladder/tables.ts';
import { notifySchema } from './notify-schema.ts';

/** The generated files by their paths in the repository, and what makes the new text from the old one. */
export const generated: Readonly<Record<string, (text: string) => string>> = {
  'docs/options.md': (text) => withTable(text, 'options', optionsTable()),
  'docs/channels.md': (text) => withTable(text, 'channels', channelsTable()),
  'docs/notify.schema.json': notifySchema,
  'README.md': (text) =>
    withTable(withTable(text, 'bench', readmeTable(results())), 'ladder', readmeLadder(ladder())),
  'docs/performance.md': (text) => {
    const figures = `${fullTable(ladder())}\n\n${conditions(ladder())}`;
    const tables = { bench: performanceTables(results()), ladder: figures, seeds: seedsTable(ladder()) };
    return Object.entries(tables).reduce((made, [name, table]) => withTable(made, name, table), text);
  },
  'docs/tiny.md': (text) => withTable(text, 'ladder', (old) => withFigures(old, ladder())),
  'src/micro/README.md': (text) => withTable(text, 'ladder', microLadder(ladder())),
  'docs/bench.svg': () => chart(results()),
};

/** What `npm run bench -- --json bench/results.json` wrote. */
function results(): Results {
  return JSON.parse(readFileSync(new URL('../../bench/results.json', import.meta.url), 'utf8'));
}

/** What `npm run ladder -- --json bench/ladder.json` wrote. */
function ladder(): LadderResults {
  return JSON.parse(readFileSync(new URL('../../bench/ladder.json', import.meta.url), 'utf8'));
}

/**
 * The text with `table`, which can be made of the old one, between the marks `name`. Throws when they are not there
 * exactly once, in order.
 */
export function withTable(text: string, name: string, table: string | ((old: string) => string)): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, between, ...more] = text.split(begin);
  const [old, after, ...evenMore] = (between ?? '').split(end);
  if (before === undefined || old === undefined || after === undefined || more.length + evenMore.length > 0) {
    throw new Error(`the file must hold ${begin} and then ${end}, each once`);
  }
  return `${before}${begin}\n${typeof table === 'string' ? table : table(old)}\n${end}${after}`;
}

/** The Markdown table of the kinds of channels and their keys, without a line break at its end. */
function channelsTable(): string {
  const rows = Object.entries(kinds).flatMap(([kind, { doc, keys }]) => [
    [`**\`${kind}\`**`, '', doc],
    ...Object.entries<ConfigKey>(keys).map(([key, spec]) => {
      const file = 'secret' in spec ? '`, `…_FILE`' : '`';
      const needed = spec.required ? '' : ' (optional)';
      const words = 'words' in spec && spec.words ? ` One of ${spec.words.join(', ')}.` : '';
      return [`\`${key}\`${needed}`, `\`${variableOf(kind as Kind, key)}${file}`, `${spec.doc}${words}`];
    }),
  ]);
  return [['Key', 'Variable', 'Meaning'], ['---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function main(check: boolean): void {
  for (const [name, generate] of Object.entries(generated)) {
    const path = fileURLToPath(new URL(`../../${name}`, import.meta.url));
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const updated = generate(text);
    if (check && updated !== text) throw new Error(`${name} is stale: run \`npm run generate\``);
    if (updated !== text) writeFileSync(path, updated);
  }
}

if (import.meta.main) {
  answerHelp(import.meta.filename);
  try {
    main(process.argv.includes('--check'));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
