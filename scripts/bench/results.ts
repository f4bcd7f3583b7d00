/** What one run of the bench found out, as it stands in its JSON file, and how it is read. Pure. */
import { median, medianRatio } from './statistics.ts';

export const metrics = {
  /** Requests for each second that the server had of a core. */
  perCoreSecond: 'requests per core-second',
  /** Time of a core for each request. */
  microseconds: 'core µs a request',
  /** Requests for each second that went by. */
  perSecond: 'requests a second',
  p99Ms: 'p99 in ms',
  /** The share of its cores that the server used: below 1 wrk was the limit. */
  busy: 'share of the core',
  /** Connections that failed. */
  errors: 'errors',
  idleMiB: 'MiB when idle',
  residentMiB: 'MiB after loads',
  connectionsMiB: 'MiB of connections',
  startMs: 'ms to the first response',
  startCoreMs: 'core ms to the first response',
  calls: 'system calls a request',
  reads: 'reads a request',
  writes: 'writes a request',
  polls: 'polls a request',
  messageMs: 'core ms a message',
} as const;

export type Metric = keyof typeof metrics;
/** What one measurement gave; which metrics depends on the kind of the row. */
export type Sample = Readonly<Partial<Record<Metric, number>>>;

export interface Results {
  readonly date: string;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly kernel: string;
    /** The average of the last minute when the run began. */
    readonly loadBefore: number;
    /** The share of all cores that neither servers nor wrk used, but others did. */
    readonly otherWork: number;
    /** The share that the host took away. */
    readonly stolen: number;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly plan: {
    readonly rounds: number;
    readonly seconds: number;
    readonly connections: number;
    readonly minutes: number;
  };
  /** Row → server → round → sample; null where a measurement failed. */
  readonly rows: Readonly<Record<string, Readonly<Record<string, readonly (Sample | null)[]>>>>;
  /** What each server is called. */
  readonly titles: Readonly<Record<string, string>>;
  /** Servers and measurements that are not there, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

/** A measured value: what of which server in which row. */
export interface Key {
  readonly row: string;
  readonly server: string;
  readonly metric: Metric;
}

/** By round. */
function valuesOf({ rows }: Results, { row, server, metric }: Key): (number | undefined)[] {
  return (rows[row]?.[server] ?? []).map((sample) => sample?.[metric]);
}

/** Not a number where nothing was measured. */
export function medianOf(results: Results, key: Key): number {
  return median(valuesOf(results, key).filter((value) => value !== undefined));
}

/** The median of the ratios of the rounds. */
export function ratioOf(results: Results, key: Key, base: Key): number {
  return medianRatio(valuesOf(results, key), valuesOf(results, base));
}

/** Numbers to four digits: more is noise. */
export function serialize(results: object): string {
  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  // One line for each measurement.
  const text = JSON.stringify(results, rounded, 1);
  return `${text.replace(/\{[^{}[\]]*\}/g, (object) => object.replace(/\s*\n\s*/g, ' '))}\n`;
}
