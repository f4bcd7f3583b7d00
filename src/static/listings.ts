/** The pages that list folders. Making one looks at every entry, so all who ask at the same time share it. */
import { htmlPlan } from '../http/reply.ts';
import type { Plan } from '../http/types.ts';
import { type Omitted, renderListing } from './listing.ts';
import { encodePath, parsePath } from './path.ts';
import type { FolderEntry, Source } from './source.ts';

/** A page is shown for this long after it was made … */
const FRESH_MS = 500;
/** … or for so many times the time that it took, so that ten large folders keep half a core busy at most … */
const REST = 20;
/** … but never longer. */
const MAX_FRESH_MS = 10_000;
/** Pages kept at a time, and their bytes; a page of 10,000 entries has about 2 MB. */
const MAX_PAGES = 64;
const MAX_PAGES_BYTES = 24 * 1024 * 1024;
/** Names that are judged before others have their turn. */
const NAMES_AT_A_TIME = 500;

/** Folders whose listings are not complete, that the log has told of. */
const MAX_TOLD_FOLDERS = 256;

/** Takes a line for the log. */
export type Warn = (message: string, fields: Readonly<Record<string, string | number>>) => void;

interface Page {
  readonly plan: Promise<Plan>;
  readonly begunMs: number;
  /** By the clock of `performance.now()`; never, as long as it is being made. */
  freshUntilMs: number;
  bytes: number;
}

export class Listings {
  readonly #source: Source;
  readonly #warn: Warn;
  readonly #pages = new Map<string, Page>();
  readonly #told = new Set<string>();
  #bytes = 0;

  constructor(source: Source, warn: Warn = () => undefined) {
    this.#source = source;
    this.#warn = warn;
  }

  /** @throws like `Source.list`. */
  answer(segments: readonly string[]): Promise<Plan> {
    const path = encodePath(segments, true);
    const known = this.#pages.get(path);
    if (known && performance.now() < known.freshUntilMs) return known.plan;
    this.#forget(path);
    const page: Page = {
      plan: this.#make(segments),
      begunMs: performance.now(),
      freshUntilMs: Number.POSITIVE_INFINITY,
      bytes: 0,
    };
    this.#pages.set(path, page);
    page.plan.then(
      ({ body }) => this.#keep(path, page, body.kind === 'bytes' ? body.bytes.length : 0),
      () => this.#forget(path),
    );
    return page.plan;
  }

  #keep(path: string, page: Page, bytes: number): void {
    const nowMs = performance.now();
    const restMs = REST * (nowMs - page.begunMs);
    page.freshUntilMs = nowMs + Math.min(MAX_FRESH_MS, Math.max(FRESH_MS, restMs));
    if (this.#pages.get(path) !== page) return;
    page.bytes = bytes;
    this.#bytes += bytes;
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= MAX_PAGES && this.#bytes <= MAX_PAGES_BYTES) break;
      this.#forget(oldest);
    }
  }

  #forget(path: string): void {
    this.#bytes -= this.#pages.get(path)?.bytes ?? 0;
    this.#pages.delete(path);
  }

  async #make(segments: readonly string[]): Promise<Plan> {
    const { entries, notUtf8, beyond } = await this.#source.list(segments);
    const listed: FolderEntry[] = [];
    for (let i = 0; i < entries.length; i += NAMES_AT_A_TIME) {
      listed.push(...entries.slice(i, i + NAMES_AT_A_TIME).filter(hasUrl));
      await othersTurn();
    }
    const omitted = { unnamable: notUtf8 + entries.length - listed.length, beyond };
    if (omitted.unnamable + beyond > 0) this.#tell(segments, omitted);
    const parts: Buffer[] = [];
    for (const part of renderListing(segments, listed, omitted)) {
      parts.push(Buffer.from(part));
      await othersTurn();
    }
    return htmlPlan(200, Buffer.concat(parts), [], 'no-cache');
  }

  /** Once for each folder: the operator alone can rename, or divide. */
  #tell(segments: readonly string[], omitted: Omitted): void {
    const folder = encodePath(segments, true);
    if (this.#told.has(folder) || this.#told.size >= MAX_TOLD_FOLDERS) return;
    this.#told.add(folder);
    this.#warn('a listing leaves entries out: names that no URL can hold, or too many of them', {
      folder,
      ...omitted,
    });
  }
}

/** Everything else that waits for the event loop goes first. */
function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Some names that file systems allow, such as those with a backslash, no path can ask for. */
function hasUrl({ name }: FolderEntry): boolean {
  return parsePath(encodePath([name], false)).kind === 'path';
}
