/** Loads a server by wrk from the core that servers do not have, and reads what wrk prints. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const CONNECTIONS = 64;
/** For wrk to begin and to end, on a busy machine. */
const EXTRA_SECONDS = 30;

const runFile = promisify(execFile);

/** What wrk saw. */
export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  /** Connections that failed or requests that timed out. */
  readonly errors: number;
}

export interface LoadPlan {
  readonly url: string;
  readonly seconds: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A Lua script for wrk. */
  readonly script?: string;
  /** As `taskset` names cores. */
  readonly cores: string;
  readonly threads: number;
}

const unitMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** Reads what `wrk --latency` prints; throws where an answer was not a success. */
export function parseWrk(output: string): Load {
  const field = (pattern: RegExp) => {
    const match = pattern.exec(output);
    if (!match) throw new Error(`wrk printed no ${pattern.source}:\n${output}`);
    return match;
  };
  if (/Non-2xx/.test(output)) throw new Error(`not every answer was a success:\n${output}`);
  const [, p99 = '', unit = ''] = field(/99%\s+([\d.]+)(us|ms|s|m)\b/);
  const errors = /Socket errors: (.*)/.exec(output)?.[1]?.match(/\d+/g) ?? [];
  return {
    requests: Number(field(/(\d+) requests in/)[1]),
    requestsPerSecond: Number(field(/Requests\/sec:\s+([\d.]+)/)[1]),
    p99Ms: Number(p99) * (unitMs[unit] ?? Number.NaN),
    errors: errors.reduce((sum, count) => sum + Number(count), 0),
  };
}

export async function wrk({ url, seconds, headers = {}, script, cores, threads }: LoadPlan): Promise<Load> {
  const options = [`-t${threads}`, `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency'];
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const scripted = script === undefined ? [] : ['-s', script];
  const command = ['-c', cores, 'wrk', ...options, ...fields, ...scripted, url];
  const timeout = (seconds + EXTRA_SECONDS) * 1000;
  return parseWrk((await runFile('taskset', command, { timeout })).stdout);
}
