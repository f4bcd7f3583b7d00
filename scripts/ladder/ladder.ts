/**
 * The size ladder: mote's rungs beside other servers: `npm run ladder -- [options]`
 *
 *   --json FILE     write what was measured; `npm run generate` makes the tables of the documentation from
 *                   bench/ladder.json
 *   --rounds N      interleaved rounds (default 3); each figure is the median
 *   --seconds N     seconds of each load (default 2)
 *   --report FILE   measure nothing: print the table of a file that --json wrote
 *
 * It builds mote's rungs anew, packs Go by UPX, and takes about five minutes. All serve one page of 1,000 bytes, alone
 * on a core, loaded by wrk from the other one over 64 connections. Requests are counted for each second that the server
 * had of its core, so that other work on the machine matters less. What cannot be built or is not installed is left out,
 * and told.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../test/support/free-port.ts';
import { evict } from '../bench/page-cache.ts';
import { serialize } from '../bench/results.ts';
import { firstLine, obstacle, rotate, versionIn } from '../bench/run.ts';
import { LOAD_CORE } from '../bench/server.ts';
import { CONNECTIONS } from '../bench/wrk.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { answerHelp } from '../help.ts';
import { type Conditions, type Measured, measure, measureLogged } from './measure.ts';
import type { Entry, LadderResults } from './results.ts';
import { imageSizes, makeRungs, type Rung } from './rungs.ts';
import { fullTable } from './tables.ts';

const PAGE_BYTES = 1000;

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function run({ rounds, seconds }: Plan): Promise<LadderResults> {
  const [date, cores, [loadBefore = 0]] = [new Date().toISOString(), availableParallelism(), loadavg()];
  const folder = mkdtempSync(join(tmpdir(), 'mote-ladder-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const root = join(folder, 'root');
  mkdirSync(root);
  const page = readFileSync(join(REPOSITORY, 'web_root/index.html')).subarray(0, PAGE_BYTES);
  writeFileSync(join(root, 'index.html'), page);
  const missing: Record<string, string> = {};
  const leaveOut = (title: string, reason: string) => {
    missing[title] = reason;
    say(`left out: ${title}: ${reason}`);
  };
  say('building the rungs');
  const rungs = await makeRungs({ folder: join(folder, 'rungs'), page, leaveOut });
  for (const { program } of rungs) evict(program);
  // Asking for the first response must not take time from the server that is starting.
  execFileSync('taskset', ['-acp', LOAD_CORE, `${process.pid}`], { stdio: 'ignore' });
  const measured = new Map(rungs.map((rung) => [rung, [] as Measured[]]));
  for (let round = 0; round < rounds; round++) {
    for (const rung of rotate(rungs, round)) {
      if (!rung.command) continue;
      say(`round ${round + 1} of ${rounds}: ${rung.title}`);
      const where = { root, folder, port: await freePort(), seconds };
      const one = await measureAll(rung, where).catch((error: Error) => leaveOut(rung.title, error.message));
      if (one) measured.get(rung)?.push(one);
    }
  }
  say('packing the images');
  // What should have run and did not is among the missing.
  const known = Array.from(measured).filter(([rung, all]) => !rung.command || all.length > 0);
  const entries = known.map(([rung, all]): [string, Entry] => [rung.name, entryOf(rung, all)]);
  const [{ model = '' } = {}] = cpus();
  return {
    date,
    machine: { processor: model, cores, kernel: release(), loadBefore },
    versions: versionsOf(rungs),
    plan: { rounds, seconds, connections: CONNECTIONS },
    entries: Object.fromEntries(entries),
    missing,
  };
}

/** Which libraries an image has to hold is known when the program has run. */
function entryOf(rung: Rung, measured: readonly Measured[]): Entry {
  const { title, program } = rung;
  const samples = measured.map(({ sample }) => sample);
  const mapped = measured.flatMap((one) => one.mapped);
  return { title, programBytes: statSync(program).size, ...imageSizes(rung, mapped), samples };
}

async function measureAll(rung: Rung, where: Conditions): Promise<Measured> {
  const { sample, mapped } = await measure(rung, where);
  if (!rung.logs) return { sample, mapped };
  const perCoreSecondLogged = await measureLogged(rung, { ...where, port: await freePort() });
  return { sample: { ...sample, perCoreSecondLogged }, mapped };
}

const versionCommands: Readonly<Record<string, readonly [string, ...string[]]>> = {
  nginx: ['/usr/sbin/nginx', '-v'],
  lighttpd: ['/usr/sbin/lighttpd', '-v'],
  busybox: ['/usr/bin/busybox'],
  go: ['/usr/bin/go', 'version'],
};

function versionsOf(rungs: readonly Rung[]): Record<string, string> {
  const commit = firstLine('git', ['-C', REPOSITORY, 'describe', '--always', '--dirty', '--abbrev=12']);
  const others = rungs.flatMap(({ name }) => {
    const [command, ...args] = versionCommands[name] ?? [];
    return command === undefined ? [] : [[name, versionIn(firstLine(command, args))]];
  });
  return Object.fromEntries([['mote', commit], ['node', process.versions.node], ...others]);
}

function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      json: { type: 'string' },
      report: { type: 'string' },
    },
  });
  const count = (name: 'rounds' | 'seconds') => {
    if (/^[1-9]\d?$/.test(values[name])) return Number(values[name]);
    throw new Error(`--${name} wants a whole number from 1 to 99, got ${values[name]}`);
  };
  return { ...values, rounds: count('rounds'), seconds: count('seconds') };
}

async function main(args: string[]): Promise<void> {
  const { report, json, ...plan } = parseOptions(args);
  if (report !== undefined) {
    process.stdout.write(`${fullTable(JSON.parse(readFileSync(report, 'utf8')))}\n`);
    return;
  }
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`the ladder stands on Linux on x86-64; this is ${process.platform} on ${process.arch}`);
  const problem = obstacle();
  if (problem) throw new Error(problem);
  const results = await run(plan);
  if (json !== undefined) writeFileSync(json, serialize(results));
  process.stdout.write(`${fullTable(results)}\n`);
}

if (import.meta.main) {
  answerHelp(import.meta.filename);
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));
  await main(process.argv.slice(2)).catch((error: Error) => {
    process.stderr.write(`ladder: ${error.message}\n`);
    process.exitCode = 1;
  });
}
