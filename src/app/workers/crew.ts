/** The workers together: all started, each replaced if it ends, all drained. */
import type { BoundAddress } from '../../http/listen.ts';
import type { EventLog } from '../../observe/log.ts';
import { type Counts, sumOf } from '../../observe/metrics.ts';
import { StartError } from '../../util/start-error.ts';
import { LinkClosedError } from './link.ts';
import type { PackedKeyPair, StartOrder } from './protocol.ts';
import { type End, type WorkerOptions, WorkerProcess } from './worker-process.ts';

/** Before a worker is replaced: this after the first end, then twice as long each time … */
export const FIRST_PAUSE_MS = 100;
/** … up to this … */
export const MAX_PAUSE_MS = 30_000;
/** … until none has ended for so long. */
export const CALM_MS = 60_000;

/** Codes of errors that say already what became of the worker. */
const ofWorkers: ReadonlySet<string> = new Set(['worker_slow', 'worker_ended']);

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
  #keyPair: PackedKeyPair | undefined;
  /** Workers that ended although nobody wanted it. */
  lost = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#keyPair = options.order.keyPair;
  }

  get size(): number {
    return this.#workers.size;
  }

  /** Resolves when all serve, to where. If one cannot, all are ended, and its failure is thrown. */
  async start(): Promise<readonly BoundAddress[]> {
    const { workers } = this.#options.order;
    const startOne = async () => {
      const { worker, started } = this.#spawn();
      return { worker, boundTo: await started };
    };
    try {
      const all = await Promise.all(Array.from({ length: workers }, startOne));
      for (const { worker } of all) this.#watch(worker);
      return all[0]?.boundTo ?? [];
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  /** Workers that are there, and those that follow, have this certificate. */
  renew(keyPair: PackedKeyPair): void {
    this.#keyPair = keyPair;
    for (const { link } of this.#workers) link.ask('certificate', { data: keyPair }).catch(() => undefined);
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
    // One that ends meanwhile must not be counted twice.
    const past = this.#past;
    const counts = await Promise.all([...this.#workers].map((worker) => worker.counts()));
    return [...counts, past].filter((one) => one !== undefined);
  }

  #spawn(): { worker: WorkerProcess; started: Promise<readonly BoundAddress[]> } {
    const worker = openProcess(this.#options);
    this.#workers.add(worker);
    const started = worker.start({ ...this.#options.order, keyPair: this.#keyPair }).catch(async (error) => {
      throw error instanceof LinkClosedError ? endedEarly(await worker.ended) : error;
    });
    return { worker, started };
  }

  #watch(worker: WorkerProcess): void {
    void worker.ended.then((end) => this.#onEnd(worker, `a worker ended: ${causeOf(end)}`));
  }

  #onEnd(worker: WorkerProcess, problem: string): void {
    this.#workers.delete(worker);
    const { lastCounts } = worker;
    if (lastCounts) this.#past = this.#past ? sumOf(this.#past, lastCounts) : lastCounts;
    this.#replaceLater(problem, worker.pid);
  }

  #replaceLater(problem: string, pid?: number): void {
    if (this.#isOver) return;
    this.lost += 1;
    const pauseMs = this.#nextPauseMs();
    this.#options.event('error', `${problem}; another one follows`, { pid, pause_ms: pauseMs });
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      this.#replace();
    }, pauseMs);
    this.#pauses.add(pause);
  }

  #replace(): void {
    if (this.#isOver) return;
    let worker: WorkerProcess;
    let started: Promise<unknown>;
    try {
      ({ worker, started } = this.#spawn());
    } catch (error) {
      return this.#replaceLater((error as Error).message);
    }
    started.then(
      () => this.#watch(worker),
      async (error: Error) => {
        worker.kill();
        await worker.ended;
        const isOfWorker = error instanceof StartError && ofWorkers.has(error.code);
        this.#onEnd(worker, isOfWorker ? error.message : `a worker ended: ${error.message}`);
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

function openProcess(options: WorkerOptions): WorkerProcess {
  try {
    return new WorkerProcess(options);
  } catch (error) {
    const problem = `a worker could not be started: ${(error as Error).message}`;
    throw new StartError(
      'worker_refused',
      problem,
      'allow more processes, descriptors or memory, or lower --workers',
    );
  }
}

function causeOf(end: End): string {
  if ('refusal' in end) return end.refusal;
  return end.signal ?? `exit code ${end.code}`;
}

function endedEarly(end: End): StartError {
  return new StartError('worker_ended', `a worker ended before it served: ${causeOf(end)}`, '');
}
