/** The pages that list folders. Making one looks at every entry, so all who ask at the same time share it. */
import type { Plan } from '../http/types.ts';
import { type Omitted, renderListing } from './listing.ts';
import { encodePath, parsePath } from './path.ts';
import type { FolderEntry, Source } from './source.ts';

/** A page is shown for this long after it was made. */
const FRESH_MS = 500;
/** Pages kept at a time; one of 10,000 entries takes about 2 MB. */
const MAX_PAGES = 8;

/** Folders whose listings are not complete, that the log has told of. */
const MAX_TOLD_FOLDERS = 256;

/** Takes a line for the log. */
export type Warn = (message: string, fields: Readonly<Record<string, string | number>>) => void;

interface Page {
  readonly plan: Promise<Plan>;
  /** By the clock of `performance.now()`; never, as long as it is being made. */
  madeMs: number;
}

export class Listings {
  readonly #source: Source;
  readonly #warn: Warn;
  readonly #pages = new Map<string, Page>();
  readonly #told = new Set<string>();

  constructor(source: Source, warn: Warn = () => undefined) {
    this.#source = source;
    this.#warn = warn;
  }

  /** @throws like `Source.list`. */
  answer(segments: readonly string[]): Promise<Plan> {
    const path = encodePath(segments, true);
    const known = this.#pages.get(path);
    if (known && performance.now() - known.madeMs < FRESH_MS) return known.plan;
    const page: Page = { plan: this.#make(segments), madeMs: Number.POSITIVE_INFINITY };
    this.#pages.delete(path);
    this.#pages.set(path, page);
    if (this.#pages.size > MAX_PAGES) this.#pages.delete(this.#pages.keys().next().value as string);
    const done = () => {
      page.madeMs = performance.now();
    };
    page.plan.then(done, () => this.#pages.delete(path));
    return page.plan;
  }

  async #make(segments: readonly string[]): Promise<Plan> {
    const { entries, notUtf8, beyond } = await this.#source.list(segments);
    const listed = entries.filter(hasUrl);
    const omitted = { unnamable: notUtf8 + entries.length - listed.length, beyond };
    if (omitted.unnamable + beyond > 0) this.#tell(segments, omitted);
    const bytes = Buffer.from(renderListing(segments, listed, omitted));
    const type = ['Content-Type', 'text/html; charset=utf-8', 'Content-Length', String(bytes.length)];
    return { status: 200, headers: [...type, 'Cache-Control', 'no-cache'], body: { kind: 'bytes', bytes } };
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

/** Some names that file systems allow, such as those with a backslash, no path can ask for. */
function hasUrl({ name }: FolderEntry): boolean {
  return parsePath(encodePath([name], false)).kind === 'path';
}
