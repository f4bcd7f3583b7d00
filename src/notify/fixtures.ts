/** Shared by the tests of notify: a clock that stands still, channels with a script, messages. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Attempt, Channel, Delivery, EndedPart } from './channels/channel.ts';
import type { Message } from './message.ts';
import type { Clock } from './queue/clock.ts';
import type { Envelope, Note, Receipt } from './queue/envelope.ts';
import { type NewMessage, Queue, type QueueEvents, type QueueOptions } from './queue/queue.ts';
import { type Admission, type MessageStore, memoryStore, type Start, StoreError } from './queue/store.ts';
import type { SpoolOptions } from './spool/spool.ts';

export const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Moves only by `pass`. */
export class FakeClock implements Clock {
  /** How far the clock was set; timers do not care. */
  setMs = 0;
  #nowMs = START_MS;
  readonly #timers = new Set<{ readonly atMs: number; readonly action: () => void }>();

  now(): number {
    return this.#nowMs + this.setMs;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get waiting(): number {
    return this.#timers.size;
  }

  /** Lets time pass, timer by timer; what they start goes on in between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.atMs - b.atMs);
      if (!next || next.atMs > endMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.action();
      await settle();
    }
    this.#nowMs = endMs;
  }
}

/** Waits until everything that waits only for promises is done. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

type Script = (attempt: Attempt, message: Message) => Delivery | Promise<Delivery>;

/** Records every attempt and does what `script` says. */
export class FakeChannel implements Channel {
  readonly name: string;
  readonly timeoutMs = 1000;
  readonly attempts: { readonly id: string; readonly number: number; readonly done: readonly EndedPart[] }[] =
    [];
  closed = false;
  script: Script;

  constructor(name: string, script: Script = () => ({ kind: 'delivered' })) {
    this.name = name;
    this.script = script;
  }

  async deliver(message: Message, attempt: Attempt): Promise<Delivery> {
    this.attempts.push({ id: message.id, number: attempt.number, done: attempt.done });
    return this.script(attempt, message);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** One delivery after another; the last one repeats. */
export function inTurn(...deliveries: readonly Delivery[]): Script {
  return ({ number }) => deliveries[Math.min(number, deliveries.length) - 1] as Delivery;
}

/** Waits until it is aborted and then ends with `delivery`. */
export function untilAborted(delivery: Delivery): Script {
  return ({ signal }) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(delivery), { once: true }));
}

export const again = { kind: 'retry', reason: 'busy' } as const satisfies Delivery;
export const delivered: Delivery = { kind: 'delivered', providerId: 'p1' };
export const rejected = { kind: 'rejected', reason: 'no such number' } as const satisfies Delivery;

export const content: NewMessage['content'] = {
  title: 'Disk',
  text: 'full — 满了',
  format: 'text',
  priority: 3,
  tags: ['ops'],
};

export function orderFor(...channels: string[]): NewMessage {
  return { user: 'ann', content, channels };
}

export function messageWith(id: string): Message {
  return { id, ...content, acceptedMs: START_MS };
}

/** For a spool that is expected to report nothing. */
export const quiet: SpoolOptions = { maxDead: 1000, report: () => undefined, onRemoved: () => undefined };

/** Records every report to the operator. */
export class Told implements QueueEvents {
  readonly lines: string[] = [];

  attempt(): void {}

  channelFault(channel: string, fault: string): void {
    this.lines.push(`${channel}: ${fault}`);
  }

  storeFault(message: string): void {
    this.lines.push(message);
  }
}

let serial = 0;

/** Unlike each other, and in order. */
export function countedBytes(bytes: number): Uint8Array {
  serial += 1;
  const target = Buffer.alloc(bytes);
  target.writeUInt32BE(serial, bytes - 4);
  return target;
}

export function queueOptions(channels: readonly Channel[], over: Partial<QueueOptions> = {}): QueueOptions {
  return {
    channels,
    store: memoryStore,
    clock: new FakeClock(),
    random: () => 0.5,
    randomBytes: countedBytes,
    policy: { firstDelayMs: 1000, maxDelayMs: 60_000, maxAttempts: 4, maxAgeMs: 3_600_000 },
    limits: { maxMessages: 100, maxBytes: 1024 * 1024, concurrency: 2 },
    events: new Told(),
    ...over,
  };
}

/** An empty folder that is removed when the test ends. */
export function makeFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(join(tmpdir(), 'mote-spool-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Keeps envelopes in a map that outlives queues, and fails on demand. */
export class FakeStore implements MessageStore {
  readonly name = 'fake';
  readonly isDurable = true;
  readonly isShared: boolean = false;
  readonly isReady = true;
  readonly deadMessages = 0;
  readonly kept = new Map<string, Envelope>();
  readonly done = new Map<string, Receipt>();
  readonly dead = new Map<string, Receipt>();
  readonly noted: Note[] = [];
  /** The notes of a process before. */
  left: readonly Note[] = [];
  /** How often it was to keep something. */
  asked = 0;
  isBroken = false;
  /** Saves in fact, but fails then, and cannot take it back. */
  failsLate = false;
  /** Of a file that is in the way. */
  badId = '';
  closed = false;

  #check(id: string): void {
    this.asked += 1;
    if (this.isBroken || id === this.badId) throw new StoreError('the disk is full', undefined);
  }

  #checkLate(): void {
    if (this.failsLate) throw new StoreError('the disk fails', undefined);
  }

  async accept(envelope: Envelope): Promise<Admission> {
    await this.save(envelope);
    return { kind: 'saved' };
  }

  async save(envelope: Envelope): Promise<void> {
    this.#check(envelope.message.id);
    this.kept.set(envelope.message.id, envelope);
    this.#checkLate();
  }

  async finish(envelope: Envelope, receipt: Receipt): Promise<void> {
    this.#check(receipt.id);
    this.kept.delete(receipt.id);
    if (envelope.idempotency) this.done.set(receipt.id, receipt);
    if (envelope.progress.some(({ kind }) => kind === 'failed')) this.dead.set(receipt.id, receipt);
  }

  async note(note: Note): Promise<void> {
    this.noted.push(note);
  }

  async begin(note: Note): Promise<Start> {
    await this.note(note);
    return { kind: 'begun' };
  }

  notesOf(id: string): readonly Note[] {
    return this.left.filter((note) => note.id === id);
  }

  async hold(): Promise<void> {}

  watch(): void {}

  async discard({ message: { id } }: Envelope): Promise<void> {
    this.#checkLate();
    this.kept.delete(id);
  }

  async forget(id: string): Promise<void> {
    this.done.delete(id);
  }

  async discover(isKnown: (id: string) => boolean, max: number): Promise<readonly Envelope[]> {
    return [...this.kept.values()].filter(({ message }) => !isKnown(message.id)).slice(0, max);
  }

  async receipts(): Promise<readonly Receipt[]> {
    return [...this.done.values()];
  }

  async find(id: string): Promise<Receipt | undefined> {
    return this.dead.get(id);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

export function openQueue(channels: readonly FakeChannel[], over: Partial<QueueOptions> = {}) {
  const clock = new FakeClock();
  const told = new Told();
  const queue = new Queue(queueOptions(channels, { clock, events: told, ...over }));
  return { queue, clock: (over.clock as FakeClock) ?? clock, told };
}

export async function accept(queue: Queue, order: NewMessage): Promise<string> {
  const acceptance = await queue.accept(order);
  assert.ok('id' in acceptance, acceptance.kind);
  return acceptance.id;
}

export const kindsOf = async (queue: Queue, id: string) =>
  (await queue.status(id, 'ann'))?.progress.map(({ kind }) => kind).join(' ');

export const withKey = (order: NewMessage, key: string, fingerprint = 'f'): NewMessage => ({
  ...order,
  idempotency: { key, fingerprint },
});
