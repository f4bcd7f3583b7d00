/**
 * Compares mote with other servers on this machine: `npm run bench -- [options]`
 *
 *   --rounds N      rounds over all servers (default 5); each figure is the median of the rounds
 *   --seconds N     seconds of load for each file and round (default 3), after one second of warm-up
 *   --only A,B      just these servers (names in bench/peers.ts)
 *   --settings      mote alone, under the settings of bench/settings.ts
 *   --target FILE   the mote to measure: a script or an executable (default src/cli/bin.ts)
 *   --markdown      print the table as Markdown
 *
 * How it measures stands in scripts/bench/measure.ts. Absolute figures belong to the machine; the ratios carry
 * over.
 */
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Peer, peers } from '../../bench/peers.ts';
import { settings } from '../../bench/settings.ts';
import { CONNECTIONS, interleave, obstacle } from './measure.ts';
import { render, tabulate } from './table.ts';

/** Above this the machine has other work, and even the ratios are doubtful. */
const BUSY_LOAD = 0.7;

const projectFolder = resolve(import.meta.dirname, '../..');

const wholeNumber = (name: string, text: string) => {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new Error(`--${name} wants a whole number from 1 to 9999, got ${text}`);
  return Number(text);
};

function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      only: { type: 'string' },
      target: { type: 'string', default: join(projectFolder, 'src/cli/bin.ts') },
      settings: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
    },
  });
  const target = resolve(values.target);
  const all: readonly Peer[] = (values.settings ? settings : peers)(process.execPath, target);
  const wanted = values.only?.split(',') ?? all.map(({ name }) => name);
  const unknown = wanted.filter((name) => !all.some((peer) => peer.name === name));
  if (unknown.length) throw new Error(`--only: no server is called ${unknown.join(', ')}`);
  return {
    chosen: all.filter(({ name }) => wanted.includes(name)),
    rounds: wholeNumber('rounds', values.rounds),
    seconds: wholeNumber('seconds', values.seconds),
    target,
    markdown: values.markdown,
  };
}

function missingPeers(chosen: readonly Peer[]): string | undefined {
  const needed = chosen.some(({ installed }) => installed);
  if (!needed || existsSync(join(projectFolder, 'bench/node_modules'))) return undefined;
  return 'the other servers are not installed: npm ci --prefix bench';
}

async function main(args: string[]): Promise<void> {
  const { chosen, rounds, seconds, target, markdown } = parseOptions(args);
  const problem = obstacle() ?? missingPeers(chosen);
  if (problem) throw new Error(problem);
  const [loadBefore = 0] = loadavg();
  const report = (line: string) => process.stderr.write(`${line}\n`);
  const results = await interleave(chosen, rounds, seconds, report);
  const failed = [...results].flatMap(([name, samples]) => {
    const errors = samples.reduce((sum, { small, large }) => sum + small.errors + large.errors, 0);
    return errors ? [`${name}: ${errors} socket errors`] : [];
  });
  const lines = [
    `Node ${process.version}, ${cpus()[0]?.model}, ${CONNECTIONS} connections`,
    `${rounds} rounds of ${seconds} s for each file; mote is ${relative(projectFolder, target)}`,
    '',
    render(tabulate(results), markdown),
    '',
    'In brackets: the ratio to mote.',
    ...(target.endsWith('.ts') ? ["mote's start and memory include stripping types: see --target."] : []),
    ...(loadBefore > BUSY_LOAD
      ? [`The machine was busy before the start: load ${loadBefore.toFixed(1)}.`]
      : []),
    ...failed,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

if (import.meta.main) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  await main(process.argv.slice(2)).catch((error: Error) => {
    process.stderr.write(`bench: ${error.message}\n`);
    process.exitCode = 1;
  });
}
