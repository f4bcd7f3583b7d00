/**
 * A worker that serves nothing and has counted one request. When two are asked for their counts for the second time, one
 * ends, and the other one replies when there is a file FOLDER/ended. `node lone-worker-fixtures.ts FOLDER`.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createMetrics } from '../../observe/metrics.ts';
import { Link } from './link.ts';
import { LINK_DESCRIPTOR } from './protocol.ts';

const [, , folder = ''] = process.argv;
const POLL_MS = 5;

const metrics = createMetrics({ version: '0', droppedLogLines: () => 0 });
metrics.requestStarted();
metrics.requestEnded(200, 0, 1);
let asked = 0;

const link = new Link(new Socket({ fd: LINK_DESCRIPTOR }), {
  start: () => ({ data: { boundTo: [] } }),
  counts: async () => {
    asked += 1;
    if (asked > 1 && isFirst()) process.exit(1);
    while (asked > 1 && !existsSync(join(folder, 'ended'))) await delay(POLL_MS);
    return { data: metrics.counts() };
  },
});
await link.closed;

function isFirst(): boolean {
  try {
    mkdirSync(join(folder, 'taken'));
    return true;
  } catch {
    return false;
  }
}
