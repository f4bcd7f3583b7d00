/** The tables of the documentation from the results of one run. Pure. */
import { goalCells } from './goals.ts';
import { type Metric, medianOf, type Results, ratioOf } from './results.ts';
import { type RowName, rowNames, rows } from './rows.ts';
import { markdownTable, shown } from './table.ts';

/** Above this share even the ratios are doubtful. */
const BUSY_SHARE = 0.05;
/** Below this wrk was the limit, and requests a second say little about the server. */
const SATURATED_SHARE = 0.9;

interface Column {
  readonly title: string;
  readonly row: RowName;
  readonly metric: Metric;
  readonly decimals?: number;
}

const rate = (title: string, row: RowName): Column => ({ title, row, metric: 'perCoreSecond' });
const memory: Column = { title: 'MiB after loads', row: 'memory', metric: 'residentMiB' };

const serverColumns: readonly Column[] = [
  rate('1 kB', '1k'),
  rate('1 kB, log', 'log'),
  rate('100 kB', '100k'),
  rate('close', 'close'),
];
const detailColumns: readonly Column[] = [
  { title: '1 kB req/s', row: '1k', metric: 'perSecond' },
  { title: 'p99 ms', row: '1k', metric: 'p99Ms', decimals: 1 },
  { title: 'idle MiB', row: 'memory', metric: 'idleMiB', decimals: 1 },
  { ...memory, decimals: 1 },
  { title: '1,000 idle conns MiB', row: 'idle', metric: 'connectionsMiB', decimals: 1 },
  { title: 'start ms', row: 'start', metric: 'startMs' },
  { title: 'start core ms', row: 'start', metric: 'startCoreMs' },
  { title: 'system calls', row: 'syscalls', metric: 'calls', decimals: 2 },
];

/** The fastest at 1 kB first. */
export function serversOf(results: Results, row: RowName = '1k'): string[] {
  const rateOf = (server: string) => medianOf(results, { row, server, metric: 'perCoreSecond' });
  const order = (server: string) => (Number.isFinite(rateOf(server)) ? rateOf(server) : 0);
  return Object.keys(results.titles).toSorted((a, b) => order(b) - order(a));
}

/** What was not measured at all has no column, and no row. */
function serverTable(results: Results, columns: readonly Column[], withRatios: boolean): string {
  const measured = (server: string, { row, metric }: Column) =>
    Number.isFinite(medianOf(results, { row, server, metric }));
  const servers = serversOf(results).filter((server) => columns.some((column) => measured(server, column)));
  const shownColumns = columns.filter((column) => servers.some((server) => measured(server, column)));
  const cells = servers.map((server) => [
    results.titles[server] ?? server,
    ...shownColumns.map(({ row, metric, decimals }) => {
      const value = shown(medianOf(results, { row, server, metric }), decimals);
      const ratio = ratioOf(results, { row, server, metric }, { row, server: 'mote', metric });
      return withRatios && Number.isFinite(ratio) ? `${value} (${shown(ratio, 2)})` : value;
    }),
  ]);
  return cells.length ? markdownTable([['server', ...shownColumns.map(({ title }) => title)], ...cells]) : '';
}

/** For the README: requests per core-second, and memory. */
export function readmeTable(results: Results): string {
  const table = serverTable(results, [...serverColumns, memory], false);
  return isDoubtful(results)
    ? `${table}\n\nTaken beside other work, which makes these figures doubtful.`
    : table;
}

function isDoubtful({ machine }: Results): boolean {
  return machine.otherWork + machine.stolen > BUSY_SHARE;
}

/** The other shapes of requests, each beside the plain 200 of the same server. */
function shapeTable(results: Results): string {
  const shapes = rowNames.filter(
    (row) =>
      rows[row].kind === 'load' && results.rows[row] && !serverColumns.some((column) => column.row === row),
  );
  const servers = serversOf(results).filter((server) => shapes.some((row) => results.rows[row]?.[server]));
  if (servers.length === 0) return '';
  const cells = shapes.map((row) => [
    rows[row].title,
    ...servers.map((server) => {
      const key = { row, server, metric: 'perCoreSecond' } as const;
      const value = shown(medianOf(results, key));
      const ratio = ratioOf(results, key, { ...key, row: row === 'two-workers' ? 'one-worker' : '1k' });
      return Number.isFinite(ratio) ? `${value} (${shown(ratio, 2)})` : value;
    }),
  ]);
  return markdownTable([['request', ...servers.map((server) => results.titles[server] ?? server)], ...cells]);
}

/** With what must be known about it, if there is a table. */
const explained = (table: string, ...text: string[]) => (table === '' ? [] : [table, text.join('\n')]);

/** All tables, with what must be known about them. */
export function performanceTables(results: Results): string {
  const details = serverTable(results, detailColumns, false);
  return [
    conditions(results),
    ...explained(
      serverTable(results, serverColumns, true),
      'Requests for each second that the server had of a core; in brackets the ratio to mote.',
    ),
    ...explained(
      shapeTable(results),
      "The same of other requests; in brackets the ratio to the same server's plain 200, and of two workers to one.",
    ),
    ...(details === '' ? [] : [details]),
    markdownTable([['goal', 'bound', 'measured', 'reached'], ...goalCells(results)]),
    ...remarks(results),
  ].join('\n\n');
}

function conditions(results: Results): string {
  const { date, machine, versions, plan } = results;
  const { mote, node, ...others } = versions;
  const programs = Object.entries(others).map(([name, version]) => `${name} ${version}`);
  const share = (value: number) => `${shown(value * 100)} %`;
  return [
    `${date.slice(0, 10)}, ${machine.cores} cores of ${machine.processor}, Linux ${machine.kernel};`,
    `${plan.rounds} rounds of ${plan.seconds} s, ${plan.connections} connections, ${plan.minutes} minutes in all.`,
    `mote ${mote} and Node ${node}; ${programs.join(', ')}.`,
    `Other work took ${share(machine.otherWork)} of the machine, its host ${share(machine.stolen)}` +
      `${isDoubtful(results) ? ': **taken under load**, only for orientation' : ''}.`,
  ].join('\n');
}

function remarks(results: Results): string[] {
  const places = Object.entries(results.rows).flatMap(([row, servers]) =>
    Object.keys(servers).map((server) => ({ row, server })),
  );
  const named = ({ row, server }: { row: string; server: string }) =>
    `${server} (${rows[row as RowName]?.title ?? row})`;
  const unsaturated = places.filter(
    (place) =>
      medianOf(results, { ...place, metric: 'busy' }) < SATURATED_SHARE && !place.row.endsWith('workers'),
  );
  const failing = places.filter((place) => medianOf(results, { ...place, metric: 'errors' }) > 0);
  return [
    ...(unsaturated.length && !isDoubtful(results)
      ? [`wrk, not the server, was the limit of requests a second of: ${unsaturated.map(named).join(', ')}.`]
      : []),
    ...(failing.length ? [`Connections failed at: ${failing.map(named).join(', ')}.`] : []),
    ...(Object.keys(results.missing).length
      ? [
          Object.entries(results.missing)
            .map(([what, why]) => `- not measured: ${what}: ${why}`)
            .join('\n'),
        ]
      : []),
  ];
}
