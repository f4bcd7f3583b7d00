/** Tables of medians. Pure. */
import type { Sample } from './measure.ts';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

const whole = (value: number) => Math.round(value).toLocaleString('en');
const oneDecimal = (value: number) => value.toFixed(1);

const columns: readonly [title: string, of: (sample: Sample) => number, show: (value: number) => string][] = [
  ['1 kB req/s', (sample) => sample.small.requestsPerSecond, whole],
  ['per core-s', (sample) => sample.smallPerCoreSecond, whole],
  ['p99 ms', (sample) => sample.small.p99Ms, oneDecimal],
  ['100 kB req/s', (sample) => sample.large.requestsPerSecond, whole],
  ['p99 ms', (sample) => sample.large.p99Ms, oneDecimal],
  ['idle MiB', (sample) => sample.idleMiB, oneDecimal],
  ['loaded MiB', (sample) => sample.loadedMiB, oneDecimal],
  ['start ms', (sample) => sample.startMs, whole],
];

/** The table: for every server the median of each column and, in brackets, its ratio to mote's. */
export function tabulate(results: ReadonlyMap<string, readonly Sample[]>): string[][] {
  const medians = (samples: readonly Sample[]) => columns.map(([, of]) => median(samples.map(of)));
  const base = medians(results.get('mote') ?? []);
  const rows = [...results].map(([name, samples]) => [
    name,
    ...medians(samples).map((value, column) => {
      const shown = columns[column]?.[2](value) ?? '';
      const ratio = value / (base[column] ?? Number.NaN);
      return Number.isFinite(ratio) ? `${shown} (${ratio.toFixed(2)})` : shown;
    }),
  ]);
  return [['server', ...columns.map(([title]) => title)], ...rows];
}

/** Aligned columns, numbers to the right; with `markdown` as a Markdown table. */
export function render(rows: readonly (readonly string[])[], markdown: boolean): string {
  const header = rows[0] ?? [];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => (markdown ? `| ${cells.join(' | ')} |` : cells.join('  '));
  const lines = rows.map((row) =>
    line(row.map((cell, i) => (i ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))),
  );
  const rule = line(
    widths.map((width, i) => (markdown && i ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))),
  );
  return [...lines.slice(0, 1), rule, ...lines.slice(1)].join('\n');
}
