/** What Linux counts of a process and its children (`/proc/PID`). */
import { readFileSync } from 'node:fs';

/** `getconf CLK_TCK` of every Linux. */
const TICKS_PER_SECOND = 100;

/** Time that the process, its children, and those that have ended have had of a core. */
export function cpuSeconds(pid: number): number {
  const [, fields = ''] = textOf(`/proc/${pid}/stat`).split(') ');
  const ticks = fields.split(' ').slice(11, 15).map(Number);
  const own = ticks.reduce((sum, count) => sum + count, 0) / TICKS_PER_SECOND;
  return childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child), own);
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
