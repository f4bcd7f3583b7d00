/**
 * Queue and spool against SIGKILL. The test starts this file again as a child that accepts messages and delivers
 * them to three providers, which are files; it is killed at random moments and started again until all is done. One
 * of the providers must get nothing twice.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Channel, IfUnclear } from '../channels/channel.ts';
import { content, makeFolder, queueOptions, quiet } from '../fixtures.ts';
import { systemClock } from '../queue/clock.ts';
import type { Envelope, Receipt } from '../queue/envelope.ts';
import { Queue } from '../queue/queue.ts';
import type { MessageStore } from '../queue/store.ts';
import { openSpool } from './spool.ts';
import { SpoolAdmin } from './spool-admin.ts';

const MESSAGES = 500;
const MAX_RUNS = 200;
/** From the child's first line to the kill: sometimes in the middle of taking up, mostly while accepting. */
const MAX_LIFE_MS = 250;
/** Every run may live a bit longer, so that a slow machine comes to the end too. */
const MORE_LIFE_MS = 10;
const AT_ONCE = 8;
const CHANNELS = ['steady', 'shaky', 'once'];

/** The providers and the notebook of the child: lines in a file survive it, however it dies. */
class Notes {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, 'notes');
  }

  add(...words: readonly (string | number)[]): void {
    fs.appendFileSync(this.#path, `${words.join(' ')}\n`);
  }

  /** Lines in the order in which they were written. */
  read(): string[][] {
    if (!fs.existsSync(this.#path)) return [];
    const lines = fs.readFileSync(this.#path, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => line.split(' '));
  }
}

// The child

function providerOf(name: string, notes: Notes, failures: number, ifUnclear: IfUnclear = 'repeat'): Channel {
  return {
    name,
    timeoutMs: 1000,
    ifUnclear,
    async deliver({ title }, { beforeSending }) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      if (Math.random() < failures) return { kind: 'retry', reason: 'busy' };
      if (ifUnclear === 'give up') await beforeSending?.();
      notes.add('delivered', name, title);
      // The response is on its way: what is killed now was delivered and nobody knows.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
      return { kind: 'delivered' };
    },
  };
}

/** Notes what the store has taken. */
function noted(store: MessageStore, notes: Notes): MessageStore {
  const note = ({ message, progress }: Envelope): void => {
    for (const { kind, channel } of progress) {
      if (kind === 'delivered') notes.add('recorded', channel, message.title);
    }
  };
  return {
    name: store.name,
    isDurable: true,
    isShared: false,
    isReady: true,
    deadMessages: 0,
    begin: (note, pace) => store.begin(note, pace),
    note: (note, mustLast) => store.note(note, mustLast),
    notesOf: (id) => store.notesOf(id),
    hold: async () => undefined,
    watch: () => undefined,
    accept: (envelope) => store.accept(envelope),
    save: async (envelope: Envelope) => {
      await store.save(envelope);
      note(envelope);
    },
    finish: async (envelope: Envelope, receipt: Receipt) => {
      await store.finish(envelope, receipt);
      note(envelope);
    },
    discard: (envelope) => store.discard(envelope),
    forget: (id) => store.forget(id),
    discover: (isKnown, max) => store.discover(isKnown, max),
    receipts: () => store.receipts(),
    find: (id) => store.find(id),
    close: () => store.close(),
  };
}

async function runChild(folder: string): Promise<void> {
  const notes = new Notes(folder);
  const spool = await openSpool(join(folder, 'spool'), {
    ...quiet,
    report: (path, fault) => notes.add('fault', path, fault),
  });
  process.stdout.write('started\n');
  const channels = [
    providerOf('steady', notes, 0),
    providerOf('shaky', notes, 0.3),
    providerOf('once', notes, 0.3, 'give up'),
  ];
  const queue = new Queue({
    ...queueOptions(channels, { store: noted(spool, notes), clock: systemClock, randomBytes }),
    random: Math.random,
    policy: { firstDelayMs: 10, maxDelayMs: 50, maxAttempts: 1000, maxAgeMs: 600_000 },
    limits: { maxMessages: 1000, maxBytes: 1024 ** 3, concurrency: 4 },
  });
  await queue.start();
  const accepted = new Set(notes.read().flatMap(([kind, title]) => (kind === 'accepted' ? [title] : [])));
  const wanted = Array.from({ length: MESSAGES }, (_, index) => String(index)).filter(
    (n) => !accepted.has(n),
  );
  const sendAll = async (): Promise<void> => {
    for (let title = wanted.shift(); title !== undefined; title = wanted.shift()) {
      await accept(queue, title, notes);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendAll));
  while (queue.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await queue.stop(1000), 0);
  notes.add('finished');
}

/** Like a client that heard no response and sends again with the same key. */
async function accept(queue: Queue, title: string, notes: Notes): Promise<void> {
  const idempotency = { key: `key-${title}`, fingerprint: title };
  const order = { user: 'ann', content: { ...content, title }, channels: CHANNELS, idempotency };
  const { kind } = await queue.accept(order);
  assert.ok(kind === 'accepted' || kind === 'repeated', kind);
  notes.add('accepted', title);
}

// The test

function startChild(folder: string): ChildProcess {
  return spawn(process.execPath, [import.meta.filename, 'child', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_TEST_CONTEXT: '' },
  });
}

/** Starts and kills until the work is done; gives the number of kills. */
async function killUntilDone(folder: string, notes: Notes): Promise<number> {
  for (let run = 1; run <= MAX_RUNS; run++) {
    notes.add('run', run);
    const child = startChild(folder);
    const exit = once(child, 'exit');
    const started = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), exit]);
    assert.equal(String(started[0]), 'started\n');
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.random() * (MAX_LIFE_MS + run * MORE_LIFE_MS));
    const [code, signal] = await exit;
    clearTimeout(timer);
    if (code === 0) return run - 1;
    assert.equal(signal, 'SIGKILL');
  }
  throw new Error('never done');
}

interface Count {
  accepted: Set<string>;
  /** Deliveries by channel and message. */
  deliveries: Map<string, number>;
  /** Delivered again although nobody had recorded it: the kill fell in between. */
  excused: number;
  /** Delivered again although it was recorded, or although it must not be twice. */
  doubled: string[];
}

function countUp(lines: readonly string[][]): Count {
  const count: Count = {
    accepted: new Set(),
    deliveries: new Map(),
    excused: 0,
    doubled: [],
  };
  const recorded = new Set<string>();
  for (const [kind = '', one = '', title = ''] of lines) {
    const what = `${one} ${title}`;
    if (kind === 'accepted') count.accepted.add(one);
    if (kind === 'recorded') recorded.add(what);
    if (kind !== 'delivered') continue;
    const before = count.deliveries.get(what) ?? 0;
    count.deliveries.set(what, before + 1);
    if (recorded.has(what) || (before > 0 && one === 'once')) count.doubled.push(what);
    else if (before > 0) count.excused += 1;
  }
  return count;
}

/** Channels and messages. */
async function givenUpIn(spool: string): Promise<Set<string>> {
  const listed = await new SpoolAdmin(spool, () => undefined, Date.now).list();
  return new Set(
    listed.flatMap(({ folder, envelope: { message, progress } }) =>
      progress
        .filter(({ kind }) => folder === 'dead' && kind === 'failed')
        .map(({ channel }) => `${channel} ${message.title}`),
    ),
  );
}

if (process.argv[2] === 'child') await runChild(process.argv[3] as string);
else {
  test('500 messages survive SIGKILL at random moments', { timeout: 300_000 }, async (t) => {
    const folder = makeFolder(t);
    const notes = new Notes(folder);
    const kills = await killUntilDone(folder, notes);
    const lines = notes.read();
    const { accepted, deliveries, excused, doubled } = countUp(lines);
    const gaveUp = await givenUpIn(join(folder, 'spool'));
    const unsent = [...gaveUp].filter((what) => !deliveries.has(what));
    t.diagnostic(`${kills} kills, ${excused} of ${2 * MESSAGES} deliveries repeated because a kill hid them`);
    t.diagnostic(
      `${gaveUp.size} of ${MESSAGES} given up instead, of which ${unsent.length} were not delivered`,
    );
    assert.ok(kills > 0, 'it was killed at least once');
    assert.equal(accepted.size, MESSAGES);
    const missing = [...accepted].flatMap((title) =>
      CHANNELS.map((name) => `${name} ${title}`).filter((what) => !deliveries.has(what) && !gaveUp.has(what)),
    );
    assert.deepEqual(missing, [], 'everything was delivered, or lies with the dead');
    assert.deepEqual(doubled, [], 'nothing was repeated that was recorded, or must not be twice');
    assert.ok(
      [...gaveUp].every((what) => what.startsWith('once ')),
      'the others are never given up',
    );
    // A kill can hide at most what was under way: four attempts on each of two channels.
    assert.ok(excused <= kills * 8, `${excused} repetitions by ${kills} kills`);
    assert.deepEqual(fs.readdirSync(join(folder, 'spool/new')), []);
    assert.deepEqual(
      lines.filter(([kind]) => kind === 'fault'),
      [],
    );
  });
}
