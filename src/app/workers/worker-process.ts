/** A worker as its leader sees it: a process, its log, and the link to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { WORKER_NAME } from '../../cli/worker-name.ts';
import type { BoundAddress } from '../../http/listen.ts';
import { type Counts, countsOfEnded } from '../../observe/metrics.ts';
import { unpackFailure } from './failure.ts';
import { type Answerer, Link } from './link.ts';
import { START_TIMEOUT_MS, type Started, type StartOrder } from './protocol.ts';

/** How long after the grace time a worker that does not end is killed. */
const DRAIN_SLACK_MS = 1000;
/** A worker that is busy for so long is counted as it was last. */
const COUNTS_TIMEOUT_MS = 500;

/** This very program, also where its file has been replaced since. */
const OWN_IMAGE = '/proc/self/exe';

export interface WorkerOptions {
  /** The arguments with which the program starts itself: options of Node and the script, if it is one. */
  readonly script: readonly string[];
  /** Of the sockets to listen on. */
  readonly descriptors: readonly number[];
  /** Whole lines of its log. */
  onLines(lines: string): void;
  /** By the kinds of questions that it may ask. */
  answerersFor(worker: WorkerProcess): Readonly<Record<string, Answerer>>;
}

/** How a process ended. */
export type End =
  | { readonly code: number | null; readonly signal: NodeJS.Signals | null }
  /** It never began. */
  | { readonly refusal: string };

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly link: Link;
  /** Its output has been read as well. */
  readonly ended: Promise<End>;
  #counts: Counts | undefined;

  constructor({ script, descriptors, onLines, answerersFor }: WorkerOptions) {
    // Throws where the system refuses it at once.
    this.#child = spawn(existsSync(OWN_IMAGE) ? OWN_IMAGE : process.execPath, script, {
      argv0: WORKER_NAME,
      // Standard input, the log, complaints, the link, and from then on the sockets. Nobody reads the first, but to
      // ignore it would need /dev/null, which an empty root does not have.
      stdio: ['inherit', 'pipe', 'inherit', 'pipe', ...descriptors],
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
      this.#child.once('error', ({ message }) => resolve({ refusal: message }));
    });
    // Without descriptors or memory for it there is a process in name only, and maybe nothing to reach it by.
    const [, log, , pipe] = this.#child.stdio ?? [];
    if (!log || !pipe) throw new Error('the system has no descriptors for it');
    this.#child.once('error', () => pipe.destroy());
    passLines(log as Readable, onLines);
    this.link = new Link(pipe as Socket, answerersFor(this));
  }

  /** 0 where there is no process. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves to where it serves; rejects with what the operator must change, or a defect. */
  async start(order: StartOrder): Promise<readonly BoundAddress[]> {
    const killer = setTimeout(() => this.kill(), START_TIMEOUT_MS);
    try {
      const { data } = await this.link.ask('start', { data: order });
      const started = data as Started;
      if ('failure' in started) throw unpackFailure(started.failure);
      return started.boundTo;
    } finally {
      clearTimeout(killer);
    }
  }

  /** Ends it within the grace time. Resolves to the number of connections that had to be cut. */
  async drain(graceMs: number): Promise<number> {
    const killer = setTimeout(() => this.kill(), graceMs + DRAIN_SLACK_MS);
    const cut = await this.link.ask('drain').then(
      ({ data }) => data as number,
      () => 0,
    );
    this.link.close();
    await this.ended;
    clearTimeout(killer);
    return cut;
  }

  /** What it has counted now, or said last. */
  async counts(): Promise<Counts | undefined> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, COUNTS_TIMEOUT_MS).unref());
    const asked = this.link.ask('counts').then(({ data }) => this.keepCounts(data));
    await Promise.race([asked.catch(() => undefined), late]);
    return this.#counts;
  }

  keepCounts(data: unknown): void {
    this.#counts = data as Counts;
  }

  /** What remains of its counts when it has ended. */
  get lastCounts(): Counts | undefined {
    return this.#counts && countsOfEnded(this.#counts);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A line that a killed process did not finish is dropped. */
function passLines(stream: Readable, onLines: (lines: string) => void): void {
  let rest = '';
  stream.setEncoding('latin1');
  stream.on('data', (text: string) => {
    const end = text.lastIndexOf('\n') + 1;
    if (end > 0) onLines(rest + text.slice(0, end));
    rest = end > 0 ? text.slice(end) : rest + text;
  });
}
