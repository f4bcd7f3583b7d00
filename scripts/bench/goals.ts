/** What mote is to reach, and whether a run of the bench found that it does. Pure. */
import { type Metric, medianOf, type Results, ratioOf } from './results.ts';
import type { RowName } from './rows.ts';
import { shown } from './table.ts';

export interface Goal {
  readonly title: string;
  readonly sense: '≥' | '≤';
  readonly bound: number;
  readonly decimals: number;
  readonly unit?: string;
  readonly of: (results: Results) => number;
}

interface Place {
  readonly row: RowName;
  /** mote without it. */
  readonly server?: string;
}

/** The ratio of what two servers do with a second of a core. */
const rate =
  (value: Place, base: Place, metric: Metric = 'perCoreSecond') =>
  (results: Results) =>
    ratioOf(results, { server: 'mote', ...value, metric }, { server: 'mote', ...base, metric });

const figure = (row: RowName, metric: Metric) => (results: Results) =>
  medianOf(results, { row, server: 'mote', metric });

const ratioGoal = (title: string, bound: number, value: Place, base: Place): Goal => ({
  title,
  sense: '≥',
  bound,
  decimals: 2,
  of: rate(value, base),
});

const plain: Place = { row: '1k' };

export const goals: readonly Goal[] = [
  ratioGoal('1 kB, to nginx with `open_file_cache`', 1, plain, { row: '1k', server: 'nginx-cache' }),
  ratioGoal('1 kB, to bare `node:http`', 1.7, plain, { row: '1k', server: 'bare' }),
  ratioGoal('1 kB with a log, to nginx with its log', 1, { row: 'log' }, { row: 'log', server: 'nginx' }),
  ratioGoal('1 kB with a log, to no log', 0.85, { row: 'log' }, plain),
  ratioGoal('100 kB, to nginx', 0.9, { row: '100k' }, { row: '100k', server: 'nginx' }),
  ratioGoal('304, to the plain 200', 1, { row: 'not-modified' }, plain),
  ratioGoal('HEAD, to the plain 200', 1, { row: 'head' }, plain),
  ratioGoal('gzip variant, to the plain 200', 1, { row: 'coded' }, plain),
  ratioGoal('range of 100 bytes, to the plain 200', 1, { row: 'range' }, plain),
  ratioGoal(
    'every head different, to bare `node:http`',
    1,
    { row: 'heads' },
    { row: 'heads', server: 'bare' },
  ),
  ratioGoal('two workers, to one', 1.8, { row: 'two-workers' }, { row: 'one-worker' }),
  {
    title: 'p99 with 64 connections, to bare `node:http`',
    sense: '≤',
    bound: 1,
    decimals: 2,
    of: rate(plain, { row: '1k', server: 'bare' }, 'p99Ms'),
  },
  {
    title: 'reads and writes for each request',
    sense: '≤',
    bound: 2,
    decimals: 2,
    of: (results) => figure('syscalls', 'reads')(results) + figure('syscalls', 'writes')(results),
  },
  {
    title: 'all system calls for each request, with what connections and collecting garbage take',
    sense: '≤',
    bound: 2.1,
    decimals: 1,
    of: figure('syscalls', 'calls'),
  },
  ratioGoal("`Connection: close`, to Go's FileServer", 1, { row: 'close' }, { row: 'close', server: 'go' }),
  {
    title: 'resident memory after 1 kB, 100 kB and close',
    sense: '≤',
    bound: 90,
    decimals: 1,
    unit: 'MiB',
    of: figure('memory', 'residentMiB'),
  },
  {
    title: 'memory of 1,000 idle connections',
    sense: '≤',
    bound: 15,
    decimals: 1,
    unit: 'MiB',
    of: figure('idle', 'connectionsMiB'),
  },
  {
    title: 'start to the first response',
    sense: '≤',
    bound: 60,
    decimals: 0,
    unit: 'ms',
    of: figure('start', 'startMs'),
  },
  {
    title: 'message by webhook from memory',
    sense: '≤',
    bound: 0.25,
    decimals: 3,
    unit: 'ms of a core',
    of: figure('message', 'messageMs'),
  },
];

/** As it is shown: what rounds to the bound reaches it. */
export function isReached({ sense, bound, decimals }: Goal, value: number): boolean | undefined {
  if (!Number.isFinite(value)) return undefined;
  const rounded = Number(value.toFixed(decimals));
  return sense === '≥' ? rounded >= bound : rounded <= bound;
}

/** The cells of the table of goals. */
export function goalCells(results: Results): string[][] {
  const verdicts = new Map([
    [true, 'yes'],
    [false, '**no**'],
    [undefined, 'not measured'],
  ]);
  return goals.map((goal) => {
    const { title, sense, bound, decimals, unit = '', of } = goal;
    const value = of(results);
    const withUnit = (number: string) => `${number} ${unit}`.trim();
    return [
      title,
      withUnit(`${sense} ${shown(bound, decimals)}`),
      Number.isFinite(value) ? withUnit(shown(value, decimals)) : '–',
      verdicts.get(isReached(goal, value)) ?? '',
    ];
  });
}
