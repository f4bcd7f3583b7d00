/**
 * Messages in a Redis or Valkey server that several replicas share: docs/replicas.md has the protocol. Every step is one
 * script, and may be repeated where its reply got lost.
 */

import type { Script } from '../../net/redis/client.ts';
import { RedisUnavailable } from '../../net/redis/connection.ts';
import type { RedisReply } from '../../net/redis/resp.ts';
import { isId, timeOfId } from '../id.ts';
import { type Envelope, hasFailures, type Note, type Receipt } from '../queue/envelope.ts';
import { KEYED_RECEIPTS, PLAIN_RECEIPTS } from '../queue/idempotency.ts';
import { WINDOW_SLACK_MS } from '../queue/pace.ts';
import {
  type Admission,
  type ChannelPace,
  LostMessage,
  type MessageStore,
  type Start,
  StoreError,
} from '../queue/store.ts';
import { envelopeText, noteText, parseNotes, receiptText } from '../spool/format.ts';
import { throwFault } from './fault.ts';
import { type FoundMessage, foundOf, shifted, stateText, stepOf, storedEnvelope } from './format.ts';
import type { Keys } from './keys.ts';
import { ReplicaClock } from './replica-clock.ts';
import * as scripts from './scripts.ts';

/** How long after its last sign of life a replica's messages can be taken by others. */
export const LEASE_MS = 20_000;
/** How often a replica says that it is alive, and looks for one that is not. */
export const RENEW_MS = 5000;
/** How long a step whose reply got lost waits for the next connection. */
const RECONNECT_MS = 3000;
/** How long the end of the process waits for a server that does not reply; then others wait for the lease. */
const LEAVE_MS = 1000;
/** How often it looks whether it owns what it does not know. */
const REVIEW_MS = 30_000;
/** Messages that are taken by one step. */
const TAKEN_AT_ONCE = 100;

/** What the store needs of a client. */
export interface Server {
  readonly isUp: boolean;
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<RedisReply>;
  command(words: readonly (string | number)[]): Promise<RedisReply>;
  close(): void;
}

export interface ReplicaStoreOptions {
  readonly server: Server;
  /** For the operator, without credentials. */
  readonly name: string;
  readonly keys: Keys;
  /** Unlike that of every other process, without a space. */
  readonly replica: string;
  readonly maxMessages: number;
  readonly maxDead: number;
  /** How long a message can wait at most. */
  readonly maxAgeMs: number;
  /** In milliseconds since the epoch. */
  readonly now: () => number;
  /** A stored message that cannot be read is left alone. */
  report(id: string, fault: string): void;
  /** The server takes no writes. */
  onRefusal(reason: string): void;
  /** Dead letters were removed because there were too many. */
  onRemoved(count: number): void;
}

export class ReplicaStore implements MessageStore {
  readonly name: string;
  readonly isDurable = true;
  readonly isShared = true;
  readonly #options: ReplicaStoreOptions;
  readonly #keys: Keys;
  readonly #clock: ReplicaClock;
  readonly #notes = new Map<string, readonly Note[]>();
  /** Its own, as many as there can be messages. */
  readonly #unreadable = new Set<string>();
  #deadMessages = 0;
  /** When to look whether it owns what is not known here. */
  #reviewMs = 0;
  #isClosed = false;
  /** The server is there, and takes no writes. */
  #isRefusing = false;
  #timer: NodeJS.Timeout | undefined;
  #onFound: () => void = () => undefined;
  #onBack: () => void = () => undefined;
  /** Called at the next connection. */
  readonly #waiting = new Set<() => void>();

  constructor(options: ReplicaStoreOptions) {
    this.#options = options;
    this.#keys = options.keys;
    this.name = options.name;
    this.#clock = new ReplicaClock(options.now, PLAIN_RECEIPTS.lifeMs);
  }

  get deadMessages(): number {
    return this.#deadMessages;
  }

  get isReady(): boolean {
    return this.#options.server.isUp && !this.#isRefusing;
  }

  /** The server can be reached. */
  onUp(): void {
    this.#reviewMs = 0;
    for (const go of this.#waiting) go();
    void this.#renew().then(() => {
      this.#onBack();
      this.#onFound();
    });
  }

  /** Another replica has left messages. */
  onOrphans(): void {
    this.#onFound();
  }

  watch(onFound: () => void, onBack: () => void): void {
    this.#onFound = onFound;
    this.#onBack = onBack;
  }

  async #renew(): Promise<void> {
    clearTimeout(this.#timer);
    this.#clock.tick();
    const { server, replica } = this.#options;
    const { leases, deadTimes } = this.#keys;
    const sentMs = performance.now();
    try {
      const reply = await server.run(scripts.RENEW, [leases, deadTimes], [replica, LEASE_MS]);
      const [gone, dead, serverMs = 0] = reply as readonly number[];
      this.#clock.compare(serverMs, performance.now() - sentMs);
      if (this.#isRefusing) this.#onBack();
      this.#isRefusing = false;
      this.#deadMessages = dead ?? 0;
      if ((gone ?? 0) > 0) this.#onFound();
    } catch (error) {
      // Messages are safe for as long as the lease.
      this.#isRefusing = server.isUp;
      if (server.isUp) this.#options.onRefusal((error as Error).message);
    }
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#renew(), RENEW_MS);
  }

  /** In the time of the server, which all replicas have in common. */
  #byServer(envelope: Envelope): Envelope {
    return shifted(envelope, -this.#clock.aheadMs);
  }

  /** Whether a message that the server does not know may have ended elsewhere, so long ago that its receipt is gone. */
  #mayHaveEnded(id: string): boolean {
    return this.#clock.wasHaltedSince(timeOfId(id));
  }

  async accept(envelope: Envelope): Promise<Admission> {
    const { replica, maxMessages } = this.#options;
    const { messages, owners, leases } = this.#keys;
    const { idempotency, message } = envelope;
    const keys = [messages, owners, leases, this.#keys.receipt(message.id), this.#keys.idempotency(envelope)];
    const args = [message.id, envelopeText(this.#byServer(envelope)), replica, LEASE_MS, maxMessages];
    if (idempotency) args.push(this.#keyLifeMs, idempotency.fingerprint);
    const reply = await this.#run(scripts.ACCEPT, keys, args);
    const [kind, used] = reply as readonly string[];
    if (kind === 'full') return { kind: 'full' };
    if (kind === 'saved' || used === undefined) return { kind: 'saved' };
    const space = used.indexOf(' ');
    return { kind: 'used', id: used.slice(0, space), fingerprint: used.slice(space + 1) };
  }

  async save(envelope: Envelope): Promise<void> {
    const { id } = envelope.message;
    const { messages, states, owners } = this.#keys;
    const keys = [messages, states, owners, this.#keys.receipt(id)];
    const args = [id, stateText(this.#byServer(envelope)), this.#options.replica, stepOf(envelope)];
    const reply = await this.#run(scripts.SAVE, keys, args);
    if (reply === 'stale' || (reply === 'gone' && this.#mayHaveEnded(id))) throw new LostMessage(id);
    if (reply === 'gone') await this.#restore(envelope);
  }

  /** The server has lost a message that is still known here. */
  async #restore(envelope: Envelope): Promise<void> {
    const { kind } = await this.accept(envelope);
    if (kind === 'used') throw new LostMessage(envelope.message.id);
    if (kind === 'full') throw new StoreError(`${this.name}: too many messages are waiting`, undefined);
  }

  async finish(envelope: Envelope, receipt: Receipt): Promise<void> {
    const { id } = envelope.message;
    const { messages, states, owners, notes, dead, deadTimes } = this.#keys;
    const lifeMs = (envelope.idempotency ? KEYED_RECEIPTS : PLAIN_RECEIPTS).lifeMs;
    const keys = [messages, states, owners, this.#keys.receipt(id), notes, dead, deadTimes];
    keys.push(this.#keys.idempotency(envelope));
    const letter = hasFailures(envelope) ? envelopeText(envelope) : '';
    const args = [id, this.#options.replica, receiptText(receipt), lifeMs, letter, this.#options.maxDead];
    args.push(keyValue(envelope), KEYED_RECEIPTS.lifeMs, this.#mayHaveEnded(id) ? 1 : 0);
    args.push(...noteFields(envelope));
    const reply = await this.#run(scripts.FINISH, keys, args);
    const [state, removed] = reply as readonly [string, number];
    if (state === 'stale') throw new LostMessage(id);
    if (hasFailures(envelope)) this.#deadMessages += 1 - removed;
    if (removed > 0) this.#options.onRemoved(removed);
  }

  async begin(note: Note, { channel, rates, calls }: ChannelPace): Promise<Start> {
    const { replica } = this.#options;
    const { owners, notes, messages, leases } = this.#keys;
    const windows = rates.map(({ calls: most, windowMs }) => ({
      most,
      lengthMs: windowMs + WINDOW_SLACK_MS,
    }));
    const keys = [owners, notes, this.#keys.hold(channel), messages, leases, this.#keys.receipt(note.id)];
    const mark = `${note.id} ${note.round} ${note.number}`;
    const args = [note.id, replica, LEASE_MS, fieldOf(note), noteText(note), calls, mark];
    for (const { most, lengthMs } of windows) {
      keys.push(this.#keys.window(channel, lengthMs));
      args.push(most, lengthMs);
    }
    const sentMs = performance.now();
    const waitMs = Number(await this.#run(scripts.BEGIN, keys, args));
    if (waitMs === -1 || (waitMs === -2 && this.#mayHaveEnded(note.id))) return { kind: 'lost' };
    // The next save restores it.
    if (waitMs === -2) return { kind: 'begun' };
    if (waitMs > 0) return { kind: 'wait', ms: waitMs };
    // After a pause of the process the message may be another's by now.
    return performance.now() - sentMs < LEASE_MS / 2 ? { kind: 'begun' } : { kind: 'wait', ms: 1 };
  }

  /** How an attempt ended is not noted: the envelope that says it follows at once. */
  async note(note: Note): Promise<void> {
    if (note.delivery) return;
    const { owners, notes, messages } = this.#keys;
    const args = [note.id, this.#options.replica, fieldOf(note), noteText(note)];
    const keys = [owners, notes, messages, this.#keys.receipt(note.id)];
    if ((await this.#run(scripts.NOTE, keys, args)) === 0) throw new LostMessage(note.id);
  }

  notesOf(id: string): readonly Note[] {
    return this.#notes.get(id) ?? [];
  }

  async hold(channel: string, ms: number): Promise<void> {
    // It is held here in any case.
    await this.#run(scripts.HOLD, [this.#keys.hold(channel)], [Math.ceil(ms)]).catch(() => undefined);
  }

  async discard(envelope: Envelope): Promise<void> {
    const { messages, states, owners, notes } = this.#keys;
    const keys = [messages, states, owners, notes, this.#keys.idempotency(envelope)];
    const args = [envelope.message.id, this.#options.replica, keyValue(envelope), ...noteFields(envelope)];
    await this.#run(scripts.DISCARD, keys, args);
  }

  /** They expire by themselves. */
  async forget(): Promise<void> {}

  async receipts(): Promise<readonly Receipt[]> {
    return [];
  }

  /** Its own that are not known here, then those of replicas that are not alive. Without the server there are none. */
  async discover(isKnown: (id: string) => boolean, max: number): Promise<readonly Envelope[]> {
    this.#notes.clear();
    const some = Math.min(TAKEN_AT_ONCE, max);
    if (some <= 0 || !this.#options.server.isUp) return [];
    try {
      const forgotten = await this.#forgotten(isKnown, some);
      return forgotten.length > 0 ? forgotten : await this.#adopt(some);
    } catch (error) {
      // What was taken meanwhile is its own, and known to nobody.
      this.#reviewMs = 0;
      throw error;
    }
  }

  /**
   * A server that came back without its last writes may have more than is known here, and a command of a connection
   * that was given up may be executed late.
   */
  async #forgotten(isKnown: (id: string) => boolean, max: number): Promise<readonly Envelope[]> {
    if (performance.now() < this.#reviewMs) return [];
    const { owners, messages, states } = this.#keys;
    const ids = (await this.#run(scripts.OWN, [owners], [this.#options.replica])) as readonly string[];
    const unknown = ids.filter((id) => !isKnown(id) && !this.#unreadable.has(id));
    const some = unknown.slice(0, max);
    this.#reviewMs = some.length < unknown.length ? 0 : performance.now() + REVIEW_MS;
    if (some.length === 0) return [];
    return this.#envelopesOf((await this.#run(scripts.READ, [messages, states], some)) as readonly string[]);
  }

  async #adopt(max: number): Promise<readonly Envelope[]> {
    const { leases, owners, messages, states } = this.#keys;
    const reply = await this.#run(
      scripts.ADOPT,
      [leases, owners, messages, states],
      [this.#options.replica, max, LEASE_MS],
    );
    return this.#envelopesOf(reply as readonly string[]);
  }

  async #envelopesOf(parts: readonly string[]): Promise<Envelope[]> {
    const envelopes: Envelope[] = [];
    for (let i = 0; i + 2 < parts.length; i += 3) {
      const [id = '', message = '', state = ''] = parts.slice(i, i + 3);
      // It has ended since its id was read.
      if (message === '') continue;
      const envelope = storedEnvelope(message, state);
      if (envelope.ok) envelopes.push(shifted(envelope.value, this.#clock.aheadMs));
      else {
        this.#unreadable.add(id);
        this.#options.report(id, envelope.error);
      }
    }
    await this.#readNotes(envelopes);
    return envelopes;
  }

  async #readNotes(envelopes: readonly Envelope[]): Promise<void> {
    const fields = envelopes.flatMap(noteFields);
    if (fields.length === 0) return;
    const reply = (await this.#run(scripts.NOTES, [this.#keys.notes], fields)) as readonly string[];
    for (const note of reply.flatMap(parseNotes)) {
      this.#notes.set(note.id, [...(this.#notes.get(note.id) ?? []), note]);
    }
  }

  async find(id: string): Promise<FoundMessage | undefined> {
    if (!isId(id)) return undefined;
    const { messages, states, dead } = this.#keys;
    const reply = await this.#run(scripts.LOOK, [messages, states, this.#keys.receipt(id), dead], [id]);
    return foundOf(reply as readonly string[], this.#clock.aheadMs);
  }

  /** What has not ended can be taken by another replica at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const { server, replica } = this.#options;
    const { leases, owners, wake } = this.#keys;
    const limit = setTimeout(() => server.close(), LEAVE_MS);
    await server.run(scripts.LEAVE, [leases, owners], [replica, wake]).catch(() => undefined);
    clearTimeout(limit);
    server.close();
  }

  get #keyLifeMs(): number {
    return this.#options.maxAgeMs + KEYED_RECEIPTS.lifeMs;
  }

  /** Once more if it is unknown whether it was executed: each of the scripts may be. */
  #run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<RedisReply> {
    const { server } = this.#options;
    const once = () => server.run(script, keys, args);
    const twice = once().catch(async (error) => {
      if (!(error instanceof RedisUnavailable) || !error.isUnknown) throw error;
      await this.#nextConnection();
      return once();
    });
    return twice.catch(throwFault);
  }

  #nextConnection(): Promise<void> {
    if (this.#options.server.isUp) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const go = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(go);
      resolve();
    };
    const timer = setTimeout(go, RECONNECT_MS);
    this.#waiting.add(go);
    return promise;
  }
}

function fieldOf({ id, channel }: Pick<Note, 'id' | 'channel'>): string {
  return `${id} ${channel}`;
}

function noteFields({ message: { id }, progress }: Envelope): readonly string[] {
  return progress.map(({ channel }) => fieldOf({ id, channel }));
}

function keyValue({ message, idempotency }: Envelope): string {
  return idempotency ? `${message.id} ${idempotency.fingerprint}` : '';
}
