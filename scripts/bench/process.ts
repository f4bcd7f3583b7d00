/** What Linux counts of a process and its children (`/proc/PID`). */
import { readdirSync, readFileSync } from 'node:fs';

/** `getconf CLK_TCK` of every Linux. */
const TICKS_PER_SECOND = 100;

/** Time that the process, its children, and those that have ended have had of a core. */
export function cpuSeconds(pid: number): number {
  const [, fields = ''] = textOf(`/proc/${pid}/stat`).split(') ');
  const ticks = fields.split(' ').slice(11, 15).map(Number);
  const own = ticks.reduce((sum, count) => sum + count, 0) / TICKS_PER_SECOND;
  return childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child), own);
}

/** The same of those that live, finer than ticks (`/proc/PID/schedstat`), in milliseconds. */
export function coreMs(pid: number): number {
  const threads = threadsOf(pid).map((thread) => textOf(`/proc/${pid}/task/${thread}/schedstat`));
  const own = threads.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0);
  return childrenOf(pid).reduce((sum, child) => sum + coreMs(child), own);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** The resident memory. */
export function rssKiB(pid: number): number {
  const own = Number(/Rss:\s+(\d+)/.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  return childrenOf(pid).reduce((sum, child) => sum + rssKiB(child), own);
}

function childrenOf(pid: number): number[] {
  return textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Nothing where the process has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
