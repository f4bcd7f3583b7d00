/**
 * Writes the table of options into README.md between its marks: `node scripts/usage.ts`.
 * With `--check` it changes nothing and fails when the table there is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { optionsTable } from '../src/config/usage.ts';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const BEGIN = '<!-- options -->';
const END = '<!-- /options -->';

/** The text with `table` between the marks. Throws when they are not there exactly once, in order. */
export function withTable(text: string, table: string): string {
  const [before, between, ...more] = text.split(BEGIN);
  const [old, after, ...evenMore] = (between ?? '').split(END);
  if (before === undefined || old === undefined || after === undefined || more.length + evenMore.length > 0) {
    throw new Error(`README.md must hold ${BEGIN} and then ${END}, each once`);
  }
  return `${before}${BEGIN}\n${table}\n${END}${after}`;
}

function main(check: boolean): void {
  const text = readFileSync(README, 'utf8');
  const updated = withTable(text, optionsTable());
  if (check && updated !== text)
    throw new Error('README.md: stale table of options: run `node scripts/usage.ts`');
  if (updated !== text) writeFileSync(README, updated);
}

if (import.meta.main) {
  try {
    main(process.argv.includes('--check'));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
