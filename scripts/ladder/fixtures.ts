/** Results for tests. */
import type { Entry, LadderResults } from './results.ts';

export const entry = (title: string, programBytes: number): Entry => ({
  title,
  programBytes,
  imageBytes: programBytes + 1000,
  pullBytes: Math.round(programBytes / 2),
  samples: [
    { startMs: 30, startCoreMs: 9, idleKiB: 3072, loadedKiB: 4096, perCoreSecond: 50_000 },
    { startMs: 10, startCoreMs: 8, idleKiB: 3000, loadedKiB: 4000, perCoreSecond: 70_000 },
    { startMs: 20, startCoreMs: 7, idleKiB: 4000, loadedKiB: 5000, perCoreSecond: 60_000 },
  ],
});

export const ladderResults: LadderResults = {
  date: '2026-01-02T03:04:05.678Z',
  machine: { processor: 'A Processor', cores: 2, kernel: '6.1', loadBefore: 0.25 },
  versions: { mote: 'abc123', nginx: '1.22.1' },
  plan: { rounds: 3, seconds: 2, connections: 64 },
  entries: {
    'micro-standard': entry('mote-micro standard', 1745),
    'micro-standard-arm64': { ...entry('mote-micro standard, arm64', 2004), samples: [] },
    tiny: entry('mote-tiny', 1_140_552),
    'tiny-arm64': { ...entry('mote-tiny, arm64', 1_246_944), samples: [] },
    mote: entry('mote', 85_206_104),
    nginx: entry('nginx', 1_264_552),
  },
  missing: { 'Go with UPX': 'apt has no mirror' },
};
