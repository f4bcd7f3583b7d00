/** A reporter of node:test that writes a line of JSON for each test or suite that was skipped. */
import type { TestEvent } from 'node:test/reporters';
import type { Skip } from './skips.ts';

export default async function* skipReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { skip, file = '', name } = event.data;
    if (skip === undefined || skip === false) continue;
    const found: Skip = {
      file,
      name,
      reason: typeof skip === 'string' && skip !== '' ? skip : 'no reason given',
    };
    yield `${JSON.stringify(found)}\n`;
  }
}
