/**
 * Compares mote with other servers on this machine: `npm run bench -- [options]`
 *
 *   --json FILE       write what was measured; `npm run generate` makes the tables and the chart of the
 *                     documentation from bench/results.json
 *   --rounds N        rounds over all rows and servers (default 5); each figure is the median of the rounds
 *   --seconds N       seconds of load for each row, server and round (default 2), after a warm-up
 *   --rows A,B        just these rows (names in scripts/bench/rows.ts)
 *   --servers A,B     just these servers (names in bench/peers.ts)
 *   --settings        mote alone, under the settings of bench/settings.ts
 *   --target FILE     the mote to measure: a script or an executable. The default is what people run, the executable
 *                     dist/mote, built before; where none can be sealed, and for --settings, dist/mote.cjs
 *   --report FILE     measure nothing: print the tables of a file that --json wrote
 *
 * All of it takes about 30 minutes. What is measured stands in scripts/bench/measure.ts. Absolute figures belong to
 * the machine; the ratios carry over.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { peers, programOf } from '../../bench/peers.ts';
import { settings } from '../../bench/settings.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { answerHelp } from '../help.ts';
import { lockedNode } from '../launch/locked-node.mjs';
import { evict } from './page-cache.ts';
import { performanceTables } from './report.ts';
import { type Results, serialize } from './results.ts';
import { type RowName, rowNames } from './rows.ts';
import { buildFileServer, obstacle, run } from './run.ts';

/** What says something about a setting. */
const SETTINGS_ROWS: readonly RowName[] = ['1k', 'memory', 'start'];
/** A program to measure and what makes it. */
interface Product {
  readonly file: string;
  readonly build: readonly string[];
}

const executable: Product = {
  file: 'dist/mote',
  build: ['scripts/executable/executable.ts', '--base', 'seal'],
};
const script: Product = { file: 'dist/mote.cjs', build: ['scripts/bundle/bundle.ts'] };
const FILE_SERVER = join(REPOSITORY, 'dist/fileserver');

const wholeNumber = (name: string, text: string) => {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new Error(`--${name} wants a whole number from 1 to 9999, got ${text}`);
  return Number(text);
};

/** The names in `text`, or all. */
function chosen<Name extends string>(option: string, text: string | undefined, all: readonly Name[]): Name[] {
  const wanted = text?.split(',') ?? all;
  const unknown = wanted.filter((name) => !all.some((one) => one === name));
  if (unknown.length)
    throw new Error(`--${option}: there is no ${unknown.join(', ')}, only ${all.join(', ')}`);
  return all.filter((name) => wanted.includes(name));
}

function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      rows: { type: 'string' },
      servers: { type: 'string' },
      target: { type: 'string' },
      json: { type: 'string' },
      report: { type: 'string' },
      settings: { type: 'boolean', default: false },
    },
  });
  // Settings are options of Node, which an executable has inside.
  const product = values.settings || !canSeal() ? script : executable;
  const target = resolve(values.target ?? join(REPOSITORY, product.file));
  const all = values.settings
    ? settings(process.execPath, target)
    : peers(process.execPath, target, FILE_SERVER);
  const wanted = chosen(
    'servers',
    values.servers,
    all.map(({ name }) => name),
  );
  return {
    ...values,
    product: values.target === undefined ? product : undefined,
    file: target,
    peers: all.filter(({ name }) => wanted.includes(name)),
    rowNames: chosen('rows', values.rows, rowNames).filter(
      (name) => values.rows !== undefined || !values.settings || SETTINGS_ROWS.includes(name),
    ),
    rounds: wholeNumber('rounds', values.rounds),
    seconds: wholeNumber('seconds', values.seconds),
    mote: programOf(process.execPath, target),
    allRows: values.settings,
  };
}

/** Only for the processor and the system of this machine. */
function canSeal(): boolean {
  const { platform, arch } = process;
  return platform === 'linux' && arch === 'x64' && lockedNode(platform, arch) !== undefined;
}

function make({ build: [file = '', ...args] }: Product): void {
  execFileSync(process.execPath, [join(REPOSITORY, file), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function main(args: string[]): Promise<void> {
  const options = parseOptions(args);
  if (options.report !== undefined) {
    const results: Results = JSON.parse(readFileSync(options.report, 'utf8'));
    process.stdout.write(`${performanceTables(results)}\n`);
    return;
  }
  const problem = obstacle();
  if (problem) throw new Error(problem);
  if (options.product) make(options.product);
  evict(options.file);
  if (options.peers.some(({ name }) => name === 'go')) buildFileServer(FILE_SERVER);
  const results = await run({ ...options, report: (line) => process.stderr.write(`${line}\n`) });
  if (options.json !== undefined) writeFileSync(options.json, serialize(results));
  process.stdout.write(`${performanceTables(results)}\n`);
}

if (import.meta.main) {
  answerHelp(import.meta.filename);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  await main(process.argv.slice(2)).catch((error: Error) => {
    process.stderr.write(`bench: ${error.message}\n`);
    process.exitCode = 1;
  });
}
