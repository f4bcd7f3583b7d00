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

/** The same of those that live, finer than ticks, in milliseconds. */
export function coreMs(pid: number): number {
  return [...threadsMs(pid).values()].reduce((sum, ms) => sum + ms, 0);
}

/** Of each living thread of the process and its children (`/proc/PID/schedstat`), by its number. */
export function threadsMs(pid: number): Map<string, number> {
  return new Map(
    processesOf(pid).flatMap((one) =>
      threadsOf(one).map((thread): [string, number] => {
        const [nanoseconds] = textOf(`/proc/${one}/task/${thread}/schedstat`).split(' ');
        return [thread, Number(nanoseconds) / 1e6];
      }),
    ),
  );
}

/** The process and all below it. */
export function processesOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(processesOf)];
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** The resident memory; what processes share counts in each. */
export function rssKiB(pid: number): number {
  return mappedKiB(pid, /Rss:\s+(\d+)/);
}

/** What of it no file has: the kernel cannot take it back. */
export function anonymousKiB(pid: number): number {
  return mappedKiB(pid, /Anonymous:\s+(\d+)/);
}

function mappedKiB(pid: number, field: RegExp): number {
  const own = Number(field.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  return childrenOf(pid).reduce((sum, child) => sum + mappedKiB(child, field), own);
}

/** What all processes of the machine have had of its cores, and what its host took away. */
export function machineSeconds(): { readonly used: number; readonly stolen: number } {
  return parseMachine(textOf('/proc/stat'));
}

/** Interrupts belong to no process, and are left out. */
export function parseMachine(stat: string): { readonly used: number; readonly stolen: number } {
  const [user = 0, nice = 0, system = 0, , , , , stolen = 0] = (/^cpu +(.*)/.exec(stat)?.[1] ?? '')
    .split(' ')
    .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  return { used: user + nice + system, stolen };
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
