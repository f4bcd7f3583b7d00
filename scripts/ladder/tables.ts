/** The tables of the documentation from one run of the ladder. Pure. */
import { markdownTable, shown } from '../bench/table.ts';
import { type Entry, type Figure, type LadderResults, medianOf } from './results.ts';

interface Column {
  readonly title: string;
  readonly of: (entry: Entry) => number;
  readonly decimals?: number;
}

const figure = (title: string, name: Figure, decimals = 0): Column => ({
  title,
  of: (entry) => medianOf(entry, name),
  decimals,
});

const sizeColumns: readonly Column[] = [
  { title: 'program B', of: ({ programBytes }) => programBytes },
  { title: 'image B', of: ({ imageBytes = Number.NaN }) => imageBytes },
  { title: 'pull B', of: ({ pullBytes = Number.NaN }) => pullBytes },
];
const [idle, loaded, start, startCore, rate, logged] = [
  figure('idle KiB', 'idleKiB'),
  figure('after load KiB', 'loadedKiB'),
  figure('start ms', 'startMs', 1),
  figure('start core ms', 'startCoreMs', 2),
  figure('1 kB', 'perCoreSecond'),
  figure('1 kB, log', 'perCoreSecondLogged'),
];

const README_ENTRIES = [
  'micro-record',
  'micro-standard',
  'tiny',
  'mote',
  'go-notify-upx',
  'busybox',
  'lighttpd',
  'nginx',
];

function table({ entries }: LadderResults, names: readonly string[], columns: readonly Column[]): string {
  const rows = names.flatMap((name) => {
    const entry = entries[name];
    if (!entry) return [];
    return [[titleOf(entry), ...columns.map(({ of, decimals }) => shown(of(entry), decimals))]];
  });
  return markdownTable([['', ...columns.map(({ title }) => title)], ...rows]);
}

const titleOf = ({ title }: Entry) => (title.startsWith('mote') ? `**${title}**` : title);

/** All rungs and all figures. */
export function fullTable(results: LadderResults): string {
  const columns = [...sizeColumns, idle, loaded, start, startCore, rate, logged];
  return table(results, Object.keys(results.entries), columns);
}

export function readmeLadder(results: LadderResults): string {
  return table(results, README_ENTRIES, [...sizeColumns, idle, startCore, rate]);
}

export function microLadder(results: LadderResults): string {
  const names = Object.keys(results.entries).filter((name) => name.startsWith('micro-'));
  return table(results, [...names, 'lighttpd', 'busybox'], [...sizeColumns, idle, loaded, startCore, rate]);
}

/** Under the full table: how it was taken. */
export function conditions({ date, machine, versions, plan, missing }: LadderResults): string {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const taken = `${date.slice(0, 10)}, ${plan.rounds} interleaved rounds with loads of ${plan.seconds} s; ${machine.processor}, ${machine.cores} cores, Linux ${machine.kernel}, a load of ${machine.loadBefore.toFixed(1)} before; ${names.join(', ')}.`;
  const absent = Object.entries(missing).map(([title, reason]) => `Not measured: ${title}, ${reason}.`);
  return [taken, ...absent].join('\n');
}

/** As their authors published them. */
const [ASMTTPD, GO_NOTIFY] = ['6.34 kB', '2.64 MB'];

/** What the published images are held against, each in the measure in which it was published. */
export function seedsTable({ entries }: LadderResults): string {
  const bytes = (name: string) => sizeText(entries[name]?.imageBytes);
  return markdownTable([
    ['image, bytes of its files', 'published', 'here'],
    ['asmttpd; mote-micro standard with its page', ASMTTPD, bytes('micro-standard')],
    ['asmttpd; mote-micro site, the same page as a folder', ASMTTPD, bytes('micro-site')],
    ['Go, notify by WeCom, UPX, CA bundle; mote-tiny, all channels, CA bundle', GO_NOTIFY, bytes('tiny')],
    ['the same Go; Go notify service (`bench/notify.go`), UPX, CA bundle', GO_NOTIFY, bytes('go-notify-upx')],
  ]);
}

export function sizeText(bytes: number | undefined): string {
  if (bytes === undefined || Number.isNaN(bytes)) return '–';
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(bytes < 1e5 ? 1 : 0)} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1)} MB`;
}

export function memoryText(kibibytes: number): string {
  if (Number.isNaN(kibibytes)) return '–';
  return kibibytes < 1024 ? `${kibibytes} KiB` : `${(kibibytes / 1024).toFixed(1)} MiB`;
}

const msText = (ms: number) => (Number.isNaN(ms) ? '–' : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`);

/** The first cells of the rows of figures in docs/tiny.md, and what comes behind: mote, mote-tiny, mote-micro. */
function choiceRows({ entries }: LadderResults): ReadonlyMap<string, readonly string[]> {
  const all = ['mote', 'tiny', 'micro-standard'].map((name) => entries[name]);
  const cells = (text: (entry: Entry) => string) => all.map((entry) => (entry ? text(entry) : '–'));
  const size = (name: string) => sizeText(entries[name]?.programBytes);
  return new Map([
    ['executable, x86-64', cells(({ programBytes }) => sizeText(programBytes))],
    ['executable, arm64', ['`--base pkg`', size('tiny-arm64'), size('micro-standard-arm64')]],
    ['image, its files', cells(({ imageBytes }) => sizeText(imageBytes))],
    ['image, to pull', cells(({ pullBytes }) => sizeText(pullBytes))],
    ['memory after the first response', cells((entry) => memoryText(medianOf(entry, 'idleKiB')))],
    ['memory after a load', cells((entry) => memoryText(medianOf(entry, 'loadedKiB')))],
    ['time of a core to the first response', cells((entry) => msText(medianOf(entry, 'startCoreMs')))],
    ['1 kB requests in a second of a core', cells((entry) => shown(medianOf(entry, 'perCoreSecond')))],
  ]);
}

/** The table with new figures: its words stay. Throws where one of the rows of figures is gone. */
export function withFigures(old: string, results: LadderResults): string {
  const rows = new Map(choiceRows(results));
  const lines = old
    .trim()
    .split('\n')
    .map((line) => {
      const label = /^\| ([^|]+?) +\|/.exec(line)?.[1] ?? '';
      const cells = rows.get(label);
      rows.delete(label);
      return cells ? `| ${[label, ...cells].join(' | ')} |` : line;
    });
  if (rows.size > 0) throw new Error(`the table lacks the rows ${[...rows.keys()].join('; ')}`);
  return lines.join('\n');
}
