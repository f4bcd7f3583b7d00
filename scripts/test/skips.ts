/** The end of a run: what was not tested, and how many tests passed, failed and were skipped. */

/** A test or a whole suite. */
export interface Skip {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

/** How the tests of one run ended. What was skipped is in the list, where a suite counts as well. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const PACKAGES = /\(Debian: ([a-z0-9.+ -]+)\)/g;

/** One list by reason, and what would shorten it. Empty where all was tested. */
export function describeSkips(skips: readonly Skip[]): string {
  if (skips.length === 0) return '';
  const byReason = Map.groupBy(skips, ({ reason }) => reason);
  const entries = [...byReason].map(([reason, some]) => {
    const files = [...new Set(some.map(({ file }) => file))].sort();
    return `  ${reason}\n    ${some.length} in ${files.join(', ')}\n`;
  });
  const packages = [...byReason.keys()].flatMap((reason) =>
    [...reason.matchAll(PACKAGES)].flatMap(([, names = '']) => names.split(' ')),
  );
  const advice = `would be tested with: apt-get install ${[...new Set(packages)].sort().join(' ')}\n`;
  return `\nNOT TESTED here (${skips.length} tests and suites):\n${entries.join('')}${packages.length > 0 ? advice : ''}`;
}

/** The counts of all runs, as the last line. */
export function describeCounts(runs: readonly Counts[], skips: readonly Skip[]): string {
  const sum = (name: keyof Counts) => runs.reduce((total, counts) => total + counts[name], 0);
  return `${sum('passed')} passed, ${sum('failed')} failed, ${skips.length} skipped\n`;
}
