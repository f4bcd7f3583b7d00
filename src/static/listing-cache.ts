/**
 * The pages that list folders. Examining a folder is expensive, and so is making a page of it: both are shared and kept
 * for a while, pages by their order and form.
 */
import { replyPlan, styledPlan } from '../http/reply.ts';
import type { Plan } from '../http/types.ts';
import { preferredType } from '../util/accept.ts';
import { Turns } from '../util/turns.ts';
import { FreshCache } from './fresh-cache.ts';
import { type Omitted, renderJson, renderListing } from './listing.ts';
import { orderOf } from './listing-order.ts';
import { LISTING_STYLE } from './listing-style.ts';
import { encodePath, parsePath } from './path.ts';
import { MAX_README_BYTES, type Readme, readmeAmong } from './readme.ts';
import type { FileSource, FolderEntry, SourceFile } from './source.ts';

/** Cached pages and their bytes; a page of 10,000 entries has about 2 MB. */
const MAX_PAGES = 64;
const MAX_PAGES_BYTES = 24 * 1024 * 1024;
/** Folders that were examined, and about what they take in memory; one of 10,000 entries takes about 2 MB. */
const MAX_FOLDERS = 64;
const MAX_FOLDERS_BYTES = 8 * 1024 * 1024;
/** Beside two bytes for each character of its name. */
const BYTES_OF_AN_ENTRY = 120;
/** Names that are examined before other work gets its turn. */
const NAMES_PER_TURN = 500;
/** Folders with incomplete listings that the log reports; further ones are not reported. */
const MAX_REPORTED_FOLDERS = 256;

const JSON_TYPE = 'application/json';

/** Logs a warning. */
export type Warn = (message: string, fields: Readonly<Record<string, string | number>>) => void;

/** What of a request decides about the form of a listing. */
export interface ListingRequest {
  readonly accept?: string | undefined;
  readonly query?: string;
}

interface Folder {
  readonly entries: readonly FolderEntry[];
  readonly omitted: Omitted;
  readonly readme: Readme | undefined;
}

export class ListingCache {
  readonly #source: FileSource;
  readonly #warn: Warn;
  readonly #folders = new FreshCache<Folder>({ maxEntries: MAX_FOLDERS, maxWeight: MAX_FOLDERS_BYTES });
  readonly #pages = new FreshCache<Plan>({ maxEntries: MAX_PAGES, maxWeight: MAX_PAGES_BYTES });
  readonly #reported = new Set<string>();
  /** Of all folders and pages that are in the making. */
  readonly #turns = new Turns();

  constructor(source: FileSource, warn: Warn = () => undefined) {
    this.#source = source;
    this.#warn = warn;
  }

  /** @throws like `FileSource.list`. */
  async planOf(segments: readonly string[], { accept, query = '' }: ListingRequest = {}): Promise<Plan> {
    const path = encodePath(segments, true);
    const order = orderOf(query);
    const asJson = preferredType(accept) === JSON_TYPE;
    // Of the query only what is understood, so that nobody fills the memory with others.
    const key = `${path} ${order.by} ${order.descending} ${asJson}`;
    const page = await this.#pages.get(key, async () => {
      const { value: folder, untilMs } = await this.#folders.get(path, () => this.#examine(segments));
      const { entries, omitted, readme } = folder;
      const parts = asJson
        ? renderJson(entries, order)
        : renderListing(segments, entries, omitted, { order, readme });
      const bytes = await this.#collect(parts);
      return { value: planFor(bytes, asJson, omitted), weight: bytes.length, untilMs };
    });
    return page.value;
  }

  async #examine(segments: readonly string[]): Promise<{ value: Folder; weight: number }> {
    const { entries, notUtf8, beyond } = await this.#source.list(segments);
    const listed: FolderEntry[] = [];
    let weight = 0;
    for (let i = 0; i < entries.length; i += NAMES_PER_TURN) {
      listed.push(...entries.slice(i, i + NAMES_PER_TURN).filter(hasUrl));
      await this.#turns.take();
    }
    for (const { name } of listed) weight += BYTES_OF_AN_ENTRY + 2 * name.length;
    const omitted = { unnamable: notUtf8 + entries.length - listed.length, beyond };
    if (omitted.unnamable + beyond > 0) this.#report(segments, omitted);
    const readme = await this.#readmeOf(segments, listed);
    if (readme) weight += 2 * readme.html.length;
    return { value: { entries: listed, omitted, readme }, weight };
  }

  async #collect(parts: Iterable<string>): Promise<Buffer> {
    const buffers: Buffer[] = [];
    await this.#turns.take();
    for (const part of parts) {
      buffers.push(Buffer.from(part));
      await this.#turns.take();
    }
    return Buffer.concat(buffers);
  }

  /** A README that is too long, or cannot be read, is only listed. */
  async #readmeOf(segments: readonly string[], entries: readonly FolderEntry[]): Promise<Readme | undefined> {
    const files = entries.filter(({ directory, size }) => !directory && size <= MAX_README_BYTES);
    const name = readmeAmong(files.map((file) => file.name));
    if (name === undefined) return undefined;
    const found = await this.#source.open([...segments, name]).catch(() => undefined);
    if (found?.kind !== 'file') return undefined;
    try {
      const text = await readText(found.file);
      if (text === undefined) return undefined;
      // The parser of Markdown takes a while to load.
      const { renderReadme } = await import('./render-readme.ts');
      await this.#turns.take();
      return await this.#turns.run(renderReadme(name, text));
    } catch {
      return undefined;
    } finally {
      await found.file.close();
    }
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

function planFor(bytes: Buffer, asJson: boolean, { unnamable, beyond }: Omitted): Plan {
  const vary = ['Vary', 'Accept'];
  if (!asJson) return styledPlan(200, bytes, LISTING_STYLE, vary, 'no-cache');
  const omitted = unnamable + beyond;
  const extra = omitted > 0 ? ['Omitted-Entries', String(omitted)] : [];
  return replyPlan(200, JSON_TYPE, bytes, [...vary, ...extra], 'no-cache');
}

/** As UTF-8, without a byte order mark; `undefined` if it is longer than it may be by now. */
async function readText(file: SourceFile): Promise<string | undefined> {
  if (file.size > MAX_README_BYTES) return undefined;
  const bytes = Buffer.alloc(file.size);
  let filled = 0;
  for (let count = -1; count !== 0 && filled < bytes.length; filled += count)
    count = await file.read(bytes.subarray(filled), filled);
  return bytes.toString('utf8', 0, filled).replace(/^\ufeff/, '');
}

/** File systems allow names that no path can express, such as those with a backslash. */
function hasUrl({ name }: FolderEntry): boolean {
  return parsePath(encodePath([name], false)).ok;
}
