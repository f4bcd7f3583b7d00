/** The workers together: all started, each replaced if it ends, all drained. */
import type { BoundAddress } from '../../http/listen.ts';
import type { EventLog } from '../../observe/log.ts';
import { type Counts, sumOf } from '../../observe/metrics.ts';
import { StartError } from '../../util/start-error.ts';
import { LinkClosedError } from './link.ts';
import type { StartOrder } from './protocol.ts';
import { type End, type WorkerOptions, WorkerProcess } from './worker-process.ts';

/** Before a worker is replaced: this after the first end, then twice as long each time … */
export const FIRST_PAUSE_MS = 100;
/** … up to this … */
export const MAX_PAUSE_MS = 30_000;
/** … until none has ended for so long. */
export const CALM_MS = 60_000;

export interface CrewOptions extends WorkerOptions {
  readonly order: StartOrder;
  readonly event: EventLog;
}

export class Crew {
  readonly #options: CrewOptions;
  readonly #workers = new Set<WorkerProcess>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  /** What workers have counted that have ended. */
  #past: Counts | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #endedMs = Number.NEGATIVE_INFINITY;
  #isOver = false;
  /** Workers that ended although nobody wanted it. */
  lost = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#workers.size;
  }

  /** Resolves when all serve, to where. If one cannot, all are ended, and its failure is thrown. */
  async start(): Promise<readonly BoundAddress[]> {
    const { workers } = this.#options.order;
    const starts = Array.from({ length: workers }, () => this.#spawn());
    try {
      const [boundTo = []] = await Promise.all(starts.map(({ started }) => started));
      for (const { worker } of starts) this.#watch(worker);
      return boundTo;
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  /** Resolves to the number of connections that had to be cut. */
  async drain(graceMs: number): Promise<number> {
    this.#isOver = true;
    for (const pause of this.#pauses) clearTimeout(pause);
    const cuts = await Promise.all([...this.#workers].map((worker) => worker.drain(graceMs)));
    return cuts.reduce((sum, cut) => sum + cut, 0);
  }

  kill(): void {
    this.#isOver = true;
    for (const worker of this.#workers) worker.kill();
  }

  /** What all have counted, those that have ended included. */
  async counts(): Promise<readonly Counts[]> {
    const counts = await Promise.all([...this.#workers].map((worker) => worker.counts()));
    return [...counts, this.#past].filter((one) => one !== undefined);
  }

  #spawn(): { worker: WorkerProcess; started: Promise<readonly BoundAddress[]> } {
    const worker = new WorkerProcess(this.#options);
    this.#workers.add(worker);
    const started = worker.start(this.#options.order).catch(async (error) => {
      throw error instanceof LinkClosedError ? endedEarly(await worker.ended) : error;
    });
    return { worker, started };
  }

  #watch(worker: WorkerProcess): void {
    void worker.ended.then((end) => this.#onEnd(worker, causeOf(end)));
  }

  #onEnd(worker: WorkerProcess, cause: string): void {
    this.#workers.delete(worker);
    this.#past = worker.lastCounts && (this.#past ? sumOf(this.#past, worker.lastCounts) : worker.lastCounts);
    if (this.#isOver) return;
    this.lost += 1;
    const pauseMs = this.#nextPauseMs();
    const { event } = this.#options;
    event('error', `a worker ended: ${cause}; another one follows`, { pid: worker.pid, pause_ms: pauseMs });
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      this.#replace();
    }, pauseMs);
    this.#pauses.add(pause);
  }

  #replace(): void {
    const { worker, started } = this.#spawn();
    started.then(
      () => this.#watch(worker),
      async (error: Error) => {
        worker.kill();
        await worker.ended;
        this.#onEnd(worker, error.message);
      },
    );
  }

  #nextPauseMs(): number {
    const nowMs = performance.now();
    if (nowMs - this.#endedMs > CALM_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#endedMs = nowMs;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    return pauseMs;
  }
}

function causeOf({ code, signal }: End): string {
  if (signal) return signal;
  return code === null ? 'it could not be started' : `exit code ${code}`;
}

function endedEarly(end: End): StartError {
  return new StartError('worker_ended', `a worker ended before it served: ${causeOf(end)}`, '');
}
