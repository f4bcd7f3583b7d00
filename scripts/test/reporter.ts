/** A reporter of node:test for `test.ts`: a line of JSON for each test or suite that was skipped, and one of counts. */
import type { TestEvent } from 'node:test/reporters';
import type { Counts, Skip } from './skips.ts';

export default async function* reporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const line = countsOf(event) ?? skipOf(event);
    if (line) yield `${JSON.stringify(line)}\n`;
  }
}

/** Of the whole run; there is a summary of each file, too. */
function countsOf({ type, data }: TestEvent): Counts | undefined {
  if (type !== 'test:summary' || data.file !== undefined) return undefined;
  const { tests, passed, skipped, todo } = data.counts;
  return { passed, failed: tests - passed - skipped - todo };
}

function skipOf({ type, data }: TestEvent): Skip | undefined {
  if (type !== 'test:pass' && type !== 'test:fail') return undefined;
  const { skip, file = '', name } = data;
  if (skip === undefined || skip === false) return undefined;
  return { file, name, reason: typeof skip === 'string' && skip !== '' ? skip : 'no reason given' };
}
