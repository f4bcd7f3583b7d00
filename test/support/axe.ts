/** axe-core (https://github.com/dequelabs/axe-core) in a page of the browser. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from './chromium.ts';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What it finds wrong, one line each. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(`${source}; undefined`);
  const lines = await page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, help, nodes }) => id + ': ' + help + ': ' + nodes.map(({ html }) => html).join(' ')))`);
  return lines as string[];
}
