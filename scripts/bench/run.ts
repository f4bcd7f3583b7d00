/**
 * One run of the bench. Rounds are interleaved: in a round a row is measured on all servers in turn before the next
 * row is, and each round begins with another server, so that slow changes of the machine touch all alike.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { dirname, join } from 'node:path';
import { GO, GO_SOURCE, type Peer } from '../../bench/peers.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { measure } from './measure.ts';
import { cpuSeconds, machineSeconds } from './process.ts';
import type { Results, Sample } from './results.ts';
import { isDue, type Row, type RowName, rows, takesPart } from './rows.ts';
import { LOAD_CORE, makeRoot } from './server.ts';
import { CONNECTIONS } from './wrk.ts';

export interface Plan {
  readonly peers: readonly Peer[];
  readonly rowNames: readonly RowName[];
  readonly rounds: number;
  readonly seconds: number;
  /** The command that starts mote. */
  readonly mote: readonly string[];
  /** Whether every row is for every server: all are mote. */
  readonly allRows: boolean;
  /** Hears what is measured, and what cannot be. */
  readonly report: (line: string) => void;
}

type Samples = Map<string, Map<string, (Sample | null)[]>>;

export async function run(plan: Plan): Promise<Results> {
  const cores = availableParallelism();
  // Polling for the first answer must not take time from the server that is starting.
  execFileSync('taskset', ['-acp', LOAD_CORE, `${process.pid}`]);
  const missing = new Map(plan.peers.flatMap((peer) => absence(peer)));
  const present = plan.peers.filter(({ name }) => !missing.has(name));
  for (const [name, reason] of missing) plan.report(`${name} takes no part: ${reason}`);
  const [date, versions] = [new Date().toISOString(), versionsOf(present)];
  const [loadBefore = 0] = loadavg();
  const clock = startClock(cores);
  const samples: Samples = new Map();
  await measureAll({ ...plan, peers: present }, samples, missing);
  const { minutes, otherWork, stolen } = clock();
  return {
    date,
    machine: {
      processor: cpus()[0]?.model ?? '',
      cores,
      kernel: release(),
      loadBefore,
      otherWork,
      stolen,
    },
    versions,
    plan: { rounds: plan.rounds, seconds: plan.seconds, connections: CONNECTIONS, minutes },
    rows: Object.fromEntries(Array.from(samples, ([row, servers]) => [row, Object.fromEntries(servers)])),
    titles: Object.fromEntries(present.map(({ name, title }) => [name, title])),
    missing: Object.fromEntries(missing),
  };
}

async function measureAll(plan: Plan, samples: Samples, missing: Map<string, string>): Promise<void> {
  const { rounds, rowNames, seconds, mote, report } = plan;
  const root = makeRoot();
  for (let round = 0; round < rounds; round++) {
    for (const rowName of rowNames) {
      const row: Row = rows[rowName];
      if (!isDue(row, round)) continue;
      const servers = plan.peers.filter(({ name }) => plan.allRows || takesPart(row, name));
      const byServer = samples.get(rowName) ?? new Map<string, (Sample | null)[]>();
      samples.set(rowName, byServer);
      for (const { name } of servers) if (!byServer.has(name)) byServer.set(name, []);
      for (const peer of rotate(servers, round)) {
        report(`round ${round + 1} of ${rounds}: ${row.title}: ${peer.name}`);
        const sample = await measure(row, { peer, root, seconds, mote }).catch((error: Error) => {
          const reason = error.message.trim().split('\n', 1)[0] ?? '';
          missing.set(`${peer.name}: ${row.title}`, reason);
          report(`${peer.name}: ${reason}`);
          return null;
        });
        byServer.get(peer.name)?.push(sample);
      }
    }
  }
}

/** Begins with another one in each round. */
export function rotate<Item>(items: readonly Item[], round: number): readonly Item[] {
  const first = items.length ? round % items.length : 0;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** What else the machine did in the meantime. */
function startClock(cores: number) {
  const took = () => ({ ...machineSeconds(), own: cpuSeconds(process.pid), at: performance.now() / 1000 });
  const before = took();
  return () => {
    const after = took();
    const seconds = after.at - before.at;
    const all = seconds * cores;
    const others = after.used - before.used - (after.own - before.own);
    return {
      minutes: Math.round(seconds / 60),
      otherWork: Math.max(0, others / all),
      stolen: (after.stolen - before.stolen) / all,
    };
  };
}

/** Why a server can take no part, by its name, if so. */
export function absence({ name, needs }: Peer): [name: string, reason: string][] {
  if (needs === undefined || existsSync(needs.file)) return [];
  return [[name, `${needs.file} is not there: ${needs.from}`]];
}

function versionsOf(present: readonly Peer[]): Record<string, string> {
  const commit = firstLine('git', ['-C', REPOSITORY, 'describe', '--always', '--dirty', '--abbrev=12']);
  const packages = present.flatMap(({ name, needs }): [string, string][] => {
    const file = join(needs?.file ?? '', 'package.json');
    return needs && existsSync(file) ? [[name, JSON.parse(readFileSync(file, 'utf8')).version]] : [];
  });
  const programs = present.flatMap(({ name, version }): [string, string][] => {
    const [command, ...args] = version ?? [];
    return command === undefined ? [] : [[name, versionIn(firstLine(command, args))]];
  });
  return Object.fromEntries([
    ['mote', commit],
    ['node', process.versions.node],
    ...programs,
    ...packages,
    ['wrk', versionIn(firstLine('wrk', ['-v']))],
  ]);
}

export const versionIn = (line: string): string => /\d+(\.\d+)+/.exec(line)?.[0] ?? line;

/** Some print their version to the error output. */
export function firstLine(command: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n', 1)[0] ?? '';
}

/** Builds Go's FileServer to `file`, if Go is there. */
export function buildFileServer(file: string): void {
  if (!existsSync(GO)) return;
  mkdirSync(dirname(file), { recursive: true });
  execFileSync(GO, ['build', '-o', file, GO_SOURCE], { env: { ...process.env, GO111MODULE: 'off' } });
}

/** What keeps the bench from running here, or nothing. */
export function obstacle(): string | undefined {
  const isMissing = (command: string) => spawnSync('sh', ['-c', 'command -v "$0"', command]).status !== 0;
  if (isMissing('taskset')) return 'taskset is missing: the bench needs Linux with util-linux';
  if (isMissing('wrk')) return 'wrk is missing: install it (Debian: apt-get install wrk)';
  if (availableParallelism() < 2) return 'the bench needs two cores: one for the server, one for wrk';
  return undefined;
}
