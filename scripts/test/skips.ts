/** What was not tested, for the end of a run. */

/** A test or a whole suite. */
export interface Skip {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
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
