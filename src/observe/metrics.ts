/** Counters of the server in the Prometheus text exposition format 0.0.4. */
import { errorPlan } from '../http/errors.ts';
import { replyPlan } from '../http/reply.ts';
import type { Plan, Stage } from '../http/types.ts';

/** Upper bounds of the duration histogram, in seconds: from cache hits to slow downloads. */
export const DURATION_BUCKETS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60,
] as const;

/** By the first digit of the status; `none` if the client left before there was a response. */
const CODE_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

export interface MetricsOptions {
  /** The semantic version for `mote_build_info`. */
  readonly version: string;
  /** The value of `mote_log_lines_dropped_total`, read at each rendering. */
  readonly droppedLogLines: () => number;
}

export interface Metrics {
  requestStarted(): void;
  /** `status` is 100 to 599, or 0 if the client left before there was a response. */
  requestEnded(status: number, bodyBytes: number, durationMs: number): void;
  connectionOpened(): void;
  connectionClosed(): void;
  /** Appends the result of `more`, in the exposition format, to each rendering. */
  add(more: () => string): void;
  /** What this process has counted, as data. */
  counts(): Counts;
  /** All metrics in the exposition format; `others` are those of further processes. */
  render(others?: readonly Counts[]): string;
}

/** What one process has counted, or several together. Plain data, which can be given to another process. */
export interface Counts {
  /** By {@link CODE_CLASSES}. */
  readonly requests: readonly number[];
  /** In each bucket by itself, the last one without a bound. */
  readonly durations: readonly number[];
  readonly durationMs: number;
  readonly bodyBytes: number;
  readonly inFlight: number;
  readonly connections: number;
  readonly droppedLines: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
}

export function createMetrics({ version, droppedLogLines }: MetricsOptions): Metrics {
  const startedSeconds = Date.now() / 1000 - process.uptime();
  // Typed arrays and small integers: counting allocates nothing.
  const requests = new Float64Array(CODE_CLASSES.length);
  const durations = new Float64Array(DURATION_BUCKETS_SECONDS.length + 1);
  /** Of the bytes of bodies, and of durations. */
  const sums = new Float64Array(2) as Float64Array & { 0: number; 1: number };
  const added: (() => string)[] = [];
  let inFlight = 0;
  let connections = 0;
  const counts = (): Counts => {
    const { 0: bodyBytes, 1: durationMs } = sums;
    const { user, system } = process.cpuUsage();
    return {
      requests: [...requests],
      durations: [...durations],
      durationMs,
      bodyBytes,
      inFlight,
      connections,
      droppedLines: droppedLogLines(),
      residentBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
    };
  };
  return {
    requestStarted() {
      inFlight += 1;
    },
    requestEnded(status, bodyBytes, durationMs) {
      const code = (status / 100) | 0;
      const bucket = bucketOf(durationMs / 1000);
      inFlight -= 1;
      requests[code] = (requests[code] as number) + 1;
      durations[bucket] = (durations[bucket] as number) + 1;
      sums[0] += bodyBytes;
      sums[1] += durationMs;
    },
    connectionOpened() {
      connections += 1;
    },
    connectionClosed() {
      connections -= 1;
    },
    add(more) {
      added.push(more);
    },
    counts,
    render: (others = []) =>
      countLines(others.reduce(sumOf, counts()), version, startedSeconds) +
      added.map((more) => more()).join(''),
  };
}

function countLines(counts: Counts, version: string, startedSeconds: number): string {
  const { bodyBytes, inFlight, connections, durations, durationMs } = counts;
  return [
    requestsByCode(counts.requests),
    metric('mote_http_response_body_bytes_total', 'counter', 'Bytes of response bodies sent.', bodyBytes),
    metric('mote_http_requests_in_flight', 'gauge', 'Requests in progress.', inFlight),
    durationHistogram(durations, durationMs / 1000),
    metric('mote_connections', 'gauge', 'Open connections.', connections),
    ...processMetrics(counts, version, startedSeconds),
  ].join('');
}

/** What is left of the counts of a process that has ended: what it counted, not what it had. */
export function countsOfEnded(counts: Counts): Counts {
  return { ...counts, inFlight: 0, connections: 0, residentBytes: 0 };
}

export function sumOf(one: Counts, other: Counts): Counts {
  const total = (a: readonly number[], b: readonly number[]) => a.map((count, at) => count + (b[at] ?? 0));
  return {
    requests: total(one.requests, other.requests),
    durations: total(one.durations, other.durations),
    durationMs: one.durationMs + other.durationMs,
    bodyBytes: one.bodyBytes + other.bodyBytes,
    inFlight: one.inFlight + other.inFlight,
    connections: one.connections + other.connections,
    droppedLines: one.droppedLines + other.droppedLines,
    residentBytes: one.residentBytes + other.residentBytes,
    cpuSeconds: one.cpuSeconds + other.cpuSeconds,
  };
}

function bucketOf(seconds: number): number {
  let index = 0;
  while (index < DURATION_BUCKETS_SECONDS.length && seconds > (DURATION_BUCKETS_SECONDS[index] as number)) {
    index += 1;
  }
  return index;
}

type MetricType = 'counter' | 'gauge' | 'histogram';

function head(name: string, type: MetricType, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

export function metric(name: string, type: MetricType, help: string, value: number): string {
  return `${head(name, type, help)}${name} ${value}\n`;
}

function requestsByCode(requests: Counts['requests']): string {
  const name = 'mote_http_requests_total';
  const lines = CODE_CLASSES.map((code, index) => `${name}{code="${code}"} ${requests[index]}\n`);
  return head(name, 'counter', 'Requests completed, by class of status.') + lines.join('');
}

/** Buckets are cumulative in the format, single in memory. */
function durationHistogram(durations: Counts['durations'], sumSeconds: number): string {
  const name = 'mote_http_request_duration_seconds';
  let count = 0;
  let text = head(name, 'histogram', 'Time from the head of a request to the end of its response.');
  for (const [index, inBucket] of durations.entries()) {
    count += inBucket;
    text += `${name}_bucket{le="${DURATION_BUCKETS_SECONDS[index] ?? '+Inf'}"} ${count}\n`;
  }
  return `${text}${name}_sum ${sumSeconds}\n${name}_count ${count}\n`;
}

/** The names without `mote_` are those that Prometheus recommends for all client libraries. */
function processMetrics(
  { droppedLines, residentBytes, cpuSeconds }: Counts,
  version: string,
  startedSeconds: number,
): string[] {
  const build = 'mote_build_info';
  return [
    metric('mote_log_lines_dropped_total', 'counter', 'Log lines lost to a slow reader.', droppedLines),
    `${head(build, 'gauge', 'The version that runs, as a label.')}${build}{version="${version}"} 1\n`,
    metric('process_resident_memory_bytes', 'gauge', 'Resident memory.', residentBytes),
    metric('process_cpu_seconds_total', 'counter', 'User and system time.', cpuSeconds),
    metric('process_start_time_seconds', 'gauge', 'Start of the process, Unix time.', startedSeconds),
  ];
}

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What is to be responded with. */
export interface MetricsPage {
  render(): string | Promise<string>;
}

/** Responds to GET and HEAD on `path` with the metrics. An empty `path` matches no request. */
export function metricsStage(path: string, page: MetricsPage): Stage {
  const notAllowed = errorPlan('method_not_allowed', ['Allow', 'GET, HEAD']);
  return ({ path: requested, method }) => {
    if (requested !== path) return undefined;
    if (method !== 'GET' && method !== 'HEAD') return notAllowed;
    const text = page.render();
    return typeof text === 'string' ? metricsPlan(text) : text.then(metricsPlan);
  };
}

function metricsPlan(text: string): Plan {
  return replyPlan(200, CONTENT_TYPE, text);
}
