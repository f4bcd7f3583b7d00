/** Results for tests. */
import type { Results, Sample } from './results.ts';

export const emptyResults: Results = {
  date: '2026-01-02T03:04:05.678Z',
  machine: { processor: 'A Processor', cores: 2, kernel: '6.1', loadBefore: 0.1, otherWork: 0.01, stolen: 0 },
  versions: { mote: 'abc123', node: '24.0.0', nginx: '1.22.1' },
  plan: { rounds: 2, seconds: 3, connections: 64, minutes: 4 },
  rows: {},
  titles: { mote: '**mote**', nginx: 'nginx', bare: '`node:http` & <more>' },
  missing: {},
};

/** `rates`: row → server → requests per core-second in each round. */
export function resultsOf(rates: Record<string, Record<string, (number | null)[]>>): Results {
  const sample = (rate: number | null): Sample | null =>
    rate === null ? null : { perCoreSecond: rate, perSecond: rate, busy: 1, errors: 0, p99Ms: 1e5 / rate };
  const rows = Object.entries(rates).map(([row, servers]) => [
    row,
    Object.fromEntries(Object.entries(servers).map(([server, values]) => [server, values.map(sample)])),
  ]);
  return { ...emptyResults, rows: Object.fromEntries(rows) };
}
