/** What one run of the ladder found out, as it stands in bench/ladder.json. Pure. */
import { median } from '../bench/statistics.ts';

export const figures = {
  startMs: 'ms from the fork to the first response',
  startCoreMs: 'ms of a core until then',
  idleKiB: 'resident memory after the first response',
  loadedKiB: 'resident memory after the load',
  perCoreSecond: 'requests for each second that the server had of a core',
  perCoreSecondLogged: 'the same with an access log',
} as const;

export type Figure = keyof typeof figures;
export type Sample = Readonly<Partial<Record<Figure, number>>>;

export interface Entry {
  readonly title: string;
  readonly programBytes: number;
  /** The sum of the files; without an image where it could not be measured. */
  readonly imageBytes?: number;
  readonly pullBytes?: number;
  /** One a round; none for another processor. */
  readonly samples: readonly Sample[];
}

export interface LadderResults {
  readonly date: string;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly kernel: string;
    /** The average of the last minute when the run began. */
    readonly loadBefore: number;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly plan: { readonly rounds: number; readonly seconds: number; readonly connections: number };
  /** By name, in the order of the tables. */
  readonly entries: Readonly<Record<string, Entry>>;
  /** What was not measured, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

/** Not a number where nothing was measured. */
export function medianOf({ samples }: Entry, figure: Figure): number {
  return median(samples.map((sample) => sample[figure]).filter((value) => value !== undefined));
}
