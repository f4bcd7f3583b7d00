/** The pages that list folders. Making a page examines every entry, so that concurrent requests share it. */
import { htmlPlan } from '../http/reply.ts';
import type { Plan } from '../http/types.ts';
import { BoundedMap } from '../util/bounded-map.ts';
import { type Omitted, renderListing } from './listing.ts';
import { encodePath, parsePath } from './path.ts';
import type { FileSource, FolderEntry } from './source.ts';

/** A page is reused for this long after it was made … */
const FRESH_MS = 500;
/** … or for this multiple of the time that it took, so that ten large folders use at most half a core … */
const FRESH_FACTOR = 20;
/** … but never longer. */
const MAX_FRESH_MS = 10_000;
/** Cached pages and their bytes; a page of 10,000 entries has about 2 MB. */
const MAX_PAGES = 64;
const MAX_PAGES_BYTES = 24 * 1024 * 1024;
/** Names that are examined before other work gets its turn. */
const NAMES_PER_TURN = 500;
/** Folders with incomplete listings that the log reports; further ones are not reported. */
const MAX_REPORTED_FOLDERS = 256;

/** Logs a warning. */
export type Warn = (message: string, fields: Readonly<Record<string, string | number>>) => void;

interface Page {
  readonly plan: Promise<Plan>;
  readonly begunMs: number;
  /** By the clock of `performance.now()`; `Infinity` while the page is being made. */
  freshUntilMs: number;
}

export class ListingCache {
  readonly #source: FileSource;
  readonly #warn: Warn;
  readonly #pages = new BoundedMap<string, Page>({ maxEntries: MAX_PAGES, maxWeight: MAX_PAGES_BYTES });
  readonly #reported = new Set<string>();

  constructor(source: FileSource, warn: Warn = () => undefined) {
    this.#source = source;
    this.#warn = warn;
  }

  /** @throws like `FileSource.list`. */
  planOf(segments: readonly string[]): Promise<Plan> {
    const path = encodePath(segments, true);
    const known = this.#pages.get(path);
    if (known && performance.now() < known.freshUntilMs) return known.plan;
    const page: Page = {
      plan: this.#make(segments),
      begunMs: performance.now(),
      freshUntilMs: Number.POSITIVE_INFINITY,
    };
    this.#pages.set(path, page);
    page.plan.then(
      ({ body }) => this.#keep(path, page, body.kind === 'bytes' ? body.bytes.length : 0),
      () => this.#pages.get(path) === page && this.#pages.delete(path),
    );
    return page.plan;
  }

  #keep(path: string, page: Page, bytes: number): void {
    const nowMs = performance.now();
    const minFreshMs = FRESH_FACTOR * (nowMs - page.begunMs);
    page.freshUntilMs = nowMs + Math.min(MAX_FRESH_MS, Math.max(FRESH_MS, minFreshMs));
    if (this.#pages.get(path) === page) this.#pages.set(path, page, bytes);
  }

  async #make(segments: readonly string[]): Promise<Plan> {
    const { entries, notUtf8, beyond } = await this.#source.list(segments);
    const listed: FolderEntry[] = [];
    for (let i = 0; i < entries.length; i += NAMES_PER_TURN) {
      listed.push(...entries.slice(i, i + NAMES_PER_TURN).filter(hasUrl));
      await yieldToOthers();
    }
    const omitted = { unnamable: notUtf8 + entries.length - listed.length, beyond };
    if (omitted.unnamable + beyond > 0) this.#report(segments, omitted);
    const parts: Buffer[] = [];
    for (const part of renderListing(segments, listed, omitted)) {
      parts.push(Buffer.from(part));
      await yieldToOthers();
    }
    return htmlPlan(200, Buffer.concat(parts), [], 'no-cache');
  }

  /** Once for each folder: only the operator can rename the files or divide the folder. */
  #report(segments: readonly string[], omitted: Omitted): void {
    const folder = encodePath(segments, true);
    if (this.#reported.has(folder) || this.#reported.size >= MAX_REPORTED_FOLDERS) return;
    this.#reported.add(folder);
    this.#warn('a listing leaves entries out: names that no URL can hold, or too many of them', {
      folder,
      ...omitted,
    });
  }
}

/** Lets other pending work of the event loop run first. */
function yieldToOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** File systems allow names that no path can express, such as those with a backslash. */
function hasUrl({ name }: FolderEntry): boolean {
  return parsePath(encodePath([name], false)).ok;
}
