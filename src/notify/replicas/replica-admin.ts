/** The operator's view of messages that replicas share. It works beside them, and owns nothing. */
import type { RedisClient, Script } from '../../net/redis/client.ts';
import type { RedisReply } from '../../net/redis/resp.ts';
import { isId } from '../id.ts';
import { type Envelope, lastMsOf, reopen } from '../queue/envelope.ts';
import { envelopeText, parseEnvelope } from '../spool/format.ts';
import type { MessageAdmin, SpoolEntry } from '../spool/spool-admin.ts';
import { throwFault } from './fault.ts';
import { storedEnvelope } from './format.ts';
import type { Keys } from './keys.ts';
import { LOOK, PURGE, REQUEUE } from './scripts.ts';

/** Entries for each question to the server, about. */
const PAGE = '200';

export interface ReplicaAdminOptions {
  readonly client: Pick<RedisClient, 'command' | 'run' | 'close'>;
  readonly keys: Keys;
  /** In milliseconds since the epoch. */
  readonly now: () => number;
  report(id: string, fault: string): void;
}

export class ReplicaAdmin implements MessageAdmin {
  readonly #options: ReplicaAdminOptions;
  readonly #keys: Keys;

  constructor(options: ReplicaAdminOptions) {
    this.#options = options;
    this.#keys = options.keys;
  }

  async list(): Promise<readonly SpoolEntry[]> {
    const { messages, states, dead } = this.#keys;
    const [waiting, progress, letters] = [
      await this.#all(messages),
      await this.#all(states),
      await this.#all(dead),
    ];
    const found: SpoolEntry[] = [];
    for (const [id, text] of waiting) {
      const envelope = this.#read(id, text, progress.get(id) ?? '');
      if (envelope) found.push({ folder: 'new', envelope });
    }
    for (const [id, text] of letters) {
      const envelope = waiting.has(id) ? undefined : this.#read(id, text, '');
      if (envelope) found.push({ folder: 'dead', envelope });
    }
    return found.sort((a, b) => (a.envelope.message.id < b.envelope.message.id ? -1 : 1));
  }

  #read(id: string, text: string, state: string): Envelope | undefined {
    const envelope = storedEnvelope(text, state);
    if (envelope.ok) return envelope.value;
    this.#options.report(id, envelope.error);
    return undefined;
  }

  /** A hash of the server, which goes on changing meanwhile. */
  async #all(key: string): Promise<Map<string, string>> {
    const all = new Map<string, string>();
    let cursor = '0';
    do {
      const reply = await this.#ask(['HSCAN', key, cursor, 'COUNT', PAGE]);
      const [next, fields] = reply as readonly [string, readonly string[]];
      for (let i = 0; i + 1 < fields.length; i += 2) all.set(fields[i] ?? '', fields[i + 1] ?? '');
      cursor = next;
    } while (cursor !== '0');
    return all;
  }

  async show(id: string): Promise<SpoolEntry | undefined> {
    if (!isId(id)) return undefined;
    const { messages, states, dead } = this.#keys;
    const reply = await this.#run(LOOK, [messages, states, this.#keys.receipt(id), dead], [id]);
    const [message = '', state = '', , letter = ''] = reply as readonly string[];
    const folder = message === '' ? 'dead' : 'new';
    const envelope = folder === 'new' ? storedEnvelope(message, state) : parseEnvelope(letter);
    return envelope.ok ? { folder, envelope: envelope.value } : undefined;
  }

  async #field(key: string, id: string): Promise<string> {
    const reply = await this.#ask(['HGET', key, id]);
    return typeof reply === 'string' ? reply : '';
  }

  async requeue(id: string): Promise<'requeued' | 'waiting' | 'missing'> {
    const { messages, dead, deadTimes, owners, leases, wake } = this.#keys;
    if (!isId(id)) return 'missing';
    const letter = await this.#field(dead, id);
    const envelope = parseEnvelope(letter);
    if (!envelope.ok) return (await this.show(id)) ? 'waiting' : 'missing';
    const text = envelopeText(reopen(envelope.value, this.#options.now()));
    const done = await this.#run(
      REQUEUE,
      [dead, deadTimes, messages, owners, leases],
      [id, letter, text, wake],
    );
    return done === 1 ? 'requeued' : 'waiting';
  }

  async purge(id: string): Promise<'purged' | 'waiting' | 'missing'> {
    const found = await this.show(id);
    if (found?.folder !== 'dead') return found ? 'waiting' : 'missing';
    return (await this.#purge([id])) > 0 ? 'purged' : 'missing';
  }

  async purgeOlder(ageMs: number): Promise<number> {
    const endedMs = this.#options.now() - ageMs;
    const old = [...(await this.#all(this.#keys.dead))].flatMap(([id, text]) => {
      const envelope = parseEnvelope(text);
      return envelope.ok && lastMsOf(envelope.value) <= endedMs ? [id] : [];
    });
    let purged = 0;
    for (let start = 0; start < old.length; start += Number(PAGE)) {
      purged += await this.#purge(old.slice(start, start + Number(PAGE)));
    }
    return purged;
  }

  async #purge(ids: readonly string[]): Promise<number> {
    const { dead, deadTimes } = this.#keys;
    return Number(await this.#run(PURGE, [dead, deadTimes], ids));
  }

  #ask(words: readonly string[]): Promise<RedisReply> {
    return this.#options.client.command(words).catch(throwFault);
  }

  #run(script: Script, keys: readonly string[], args: readonly string[]): Promise<RedisReply> {
    return this.#options.client.run(script, keys, args).catch(throwFault);
  }

  close(): void {
    this.#options.client.close();
  }
}
