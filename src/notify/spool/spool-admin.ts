/** The operator's view of the spool. It works beside a running server and needs no lock. */

import { isId } from '../id.ts';
import { type Envelope, lastMsOf, reopen } from '../queue/envelope.ts';
import { type Report, SpoolFiles } from './files.ts';
import { envelopeText } from './format.ts';

/** A line of `mote spool list`. */
export interface SpoolEntry {
  readonly folder: 'new' | 'dead';
  readonly envelope: Envelope;
}

/** What an operator can do to messages, wherever they are kept. Rejects with a `StoreError`. */
export interface MessageAdmin {
  list(): Promise<readonly SpoolEntry[]>;
  show(id: string): Promise<SpoolEntry | undefined>;
  /** Sends the failed channels of a dead letter again. */
  requeue(id: string): Promise<'requeued' | 'waiting' | 'missing'>;
  /** Removes a dead letter; a waiting message stays. */
  purge(id: string): Promise<'purged' | 'waiting' | 'missing'>;
  /** Removes the dead letters that are at least this old, and returns their number. */
  purgeOlder(ageMs: number): Promise<number>;
  close(): void;
}

function idOf({ envelope }: SpoolEntry): string {
  return envelope.message.id;
}

export class SpoolAdmin implements MessageAdmin {
  readonly #files: SpoolFiles;
  readonly #now: () => number;

  constructor(path: string, report: Report, now: () => number) {
    this.#files = new SpoolFiles(path, report, 'operator');
    this.#now = now;
  }

  async list(): Promise<readonly SpoolEntry[]> {
    const listed: SpoolEntry[] = [];
    for (const folder of ['new', 'dead'] as const) {
      for (const id of await this.#files.ids(folder)) {
        const envelope = await this.#files.readEnvelope(folder, id);
        if (envelope) listed.push({ folder, envelope });
      }
    }
    // The file of a requeued dead letter stays until a server removes it.
    const waiting = new Set(listed.filter(({ folder }) => folder === 'new').map(idOf));
    return listed.filter((one) => one.folder === 'new' || !waiting.has(idOf(one)));
  }

  async show(id: string): Promise<SpoolEntry | undefined> {
    if (!isId(id)) return undefined;
    for (const folder of ['new', 'dead'] as const) {
      const envelope = await this.#files.readEnvelope(folder, id);
      if (envelope) return { folder, envelope };
    }
    return undefined;
  }

  /**
   * Sends the failed channels of a dead letter again; a running server picks it up within a minute, otherwise the next
   * start does. The server also removes the dead letter: removing it here could delete that of a new failure.
   */
  async requeue(id: string): Promise<'requeued' | 'waiting' | 'missing'> {
    const found = await this.show(id);
    if (found?.folder !== 'dead') return found ? 'waiting' : 'missing';
    await this.#files.writeForServer('new', id, envelopeText(reopen(found.envelope, this.#now())));
    return 'requeued';
  }

  async purge(id: string): Promise<'purged' | 'waiting' | 'missing'> {
    const found = await this.show(id);
    if (found?.folder !== 'dead') return found ? 'waiting' : 'missing';
    await this.#files.remove('dead', id);
    return 'purged';
  }

  close(): void {}

  async purgeOlder(ageMs: number): Promise<number> {
    const waiting = new Set(await this.#files.ids('new'));
    const endedMs = this.#now() - ageMs;
    let purged = 0;
    for (const id of await this.#files.ids('dead')) {
      const dead = waiting.has(id) ? undefined : await this.#files.readEnvelope('dead', id);
      if (!dead || lastMsOf(dead) > endedMs) continue;
      await this.#files.remove('dead', id);
      purged += 1;
    }
    return purged;
  }
}
