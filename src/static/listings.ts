/** The pages that list folders. Making one looks at every entry, so all who ask at the same time share it. */
import type { Plan } from '../http/types.ts';
import { renderListing } from './listing.ts';
import { encodePath, parsePath } from './path.ts';
import type { FolderEntry, Source } from './source.ts';

/** A page is shown for this long after it was made. */
const FRESH_MS = 500;
/** Pages kept at a time; one of 10,000 entries takes about 2 MB. */
const MAX_PAGES = 8;

interface Page {
  readonly plan: Promise<Plan>;
  /** By the clock of `performance.now()`; never, as long as it is being made. */
  madeMs: number;
}

export class Listings {
  readonly #source: Source;
  readonly #pages = new Map<string, Page>();

  constructor(source: Source) {
    this.#source = source;
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
    const entries = await this.#source.list(segments);
    const bytes = Buffer.from(renderListing(segments, entries.filter(hasUrl)));
    const type = ['Content-Type', 'text/html; charset=utf-8', 'Content-Length', String(bytes.length)];
    return { status: 200, headers: [...type, 'Cache-Control', 'no-cache'], body: { kind: 'bytes', bytes } };
  }
}

/** Some names that file systems allow, such as those with a backslash, no path can ask for. */
function hasUrl({ name }: FolderEntry): boolean {
  return parsePath(encodePath([name], false)).kind === 'path';
}
