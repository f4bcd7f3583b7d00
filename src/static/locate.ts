/**
 * Which file a path stands for.
 *
 * With clean URLs every page has one path, without its extension: `x.html` is at `/x`, an index at its folder with a
 * slash. The other spellings are redirected there, but only to where the very same file is found, so that nothing
 * becomes unreachable and no redirect leads to another one. A file `x` comes before `x.html`, and this one before a
 * folder `x`; both `/x` and `/x/` exist only if both have a file.
 */
import type { ParsedPath } from './path.ts';
import type { FileSource, SourceFile } from './source.ts';

export interface LocateOptions {
  /** The names of index files, separated by commas, the preferred one first. */
  readonly index: string;
  readonly cleanUrls: boolean;
  readonly listing: boolean;
}

/**
 * `request`: what a client gets at this path. `exact`: no other file, and no clean URL. `target`: the file that a rule
 * means, also by its clean URL, and by a folder without its slash.
 */
export type LocateMode = 'request' | 'exact' | 'target';

export interface Located {
  readonly kind: 'located';
  readonly segments: readonly string[];
  readonly file: SourceFile;
}

export type NotLocated =
  /** The file has another path. */
  | { readonly kind: 'redirect'; readonly to: ParsedPath }
  /** A folder without an index. */
  | { readonly kind: 'folder' }
  | { readonly kind: 'missing' };

const missing: NotLocated = { kind: 'missing' };
const PAGE = '.html';

export function indexNames(index: string): string[] {
  return index.split(',');
}

export class Locator {
  readonly #source: FileSource;
  readonly #options: LocateOptions;
  readonly #indexNames: readonly string[];

  constructor(source: FileSource, options: LocateOptions) {
    this.#source = source;
    this.#options = options;
    this.#indexNames = indexNames(options.index);
  }

  /** The caller closes the file. @throws like `FileSource.open`. */
  async locate(path: ParsedPath, mode: LocateMode): Promise<Located | NotLocated> {
    if (mode === 'target') return this.#target(path);
    return mode === 'request' && this.#options.cleanUrls ? this.#clean(path) : this.#at(path, false);
  }

  /** What is at this path without a redirect to another file. */
  async #at({ segments, directory }: ParsedPath, isClean: boolean): Promise<Located | NotLocated> {
    const found = await this.#source.open(segments);
    if (found.kind === 'file') {
      if (!directory || segments.length === 0) return { kind: 'located', segments, file: found.file };
      await found.file.close();
      return missing;
    }
    if (!directory) {
      const page = isClean ? await this.#page(segments) : undefined;
      if (page) return page;
      return found.kind === 'folder' ? { kind: 'redirect', to: { segments, directory: true } } : missing;
    }
    if (found.kind === 'missing') return found;
    for (const name of this.#indexNames) {
      const index = await this.#open([...segments, name]);
      if (index) return index;
    }
    return found;
  }

  async #page(segments: readonly string[]): Promise<Located | undefined> {
    const name = segments.at(-1);
    return name === undefined ? undefined : this.#open([...segments.slice(0, -1), name + PAGE]);
  }

  async #open(segments: readonly string[]): Promise<Located | undefined> {
    const found = await this.#source.open(segments);
    return found.kind === 'file' ? { kind: 'located', segments, file: found.file } : undefined;
  }

  async #clean(path: ParsedPath): Promise<Located | NotLocated> {
    const found = await this.#at(path, true);
    if (found.kind === 'located') {
      const canonical = this.#canonical(found.segments);
      if (areEqual(canonical, path) || !(await this.#isAt(canonical, found.segments))) return found;
      await found.file.close();
      return { kind: 'redirect', to: canonical };
    }
    if (found.kind === 'redirect' || (found.kind === 'folder' && this.#options.listing)) return found;
    const other = this.#otherPath(path);
    if (!other) return found;
    const elsewhere = await this.#at(other, true);
    if (elsewhere.kind !== 'located') return found;
    await elsewhere.file.close();
    const isPage = !areSame(elsewhere.segments, other.segments);
    const isThere = isPage && areEqual(this.#canonical(elsewhere.segments), other);
    return isThere ? { kind: 'redirect', to: other } : found;
  }

  /** Whether a request for `path` gets the file at `segments`. */
  async #isAt(path: ParsedPath, segments: readonly string[]): Promise<boolean> {
    const found = await this.#at(path, true);
    if (found.kind !== 'located') return false;
    await found.file.close();
    return areSame(found.segments, segments);
  }

  /** The path under which this file would be found. */
  #canonical(segments: readonly string[]): ParsedPath {
    const folder = segments.slice(0, -1);
    const name = segments.at(-1) ?? '';
    if (this.#indexNames.includes(name)) return { segments: folder, directory: true };
    const stem = stemOf(name);
    return { segments: stem === undefined ? segments : [...folder, stem], directory: segments.length === 0 };
  }

  /** Where a page could be that is not at `path`: with or without its slash, or of another kind than its name says. */
  #otherPath({ segments, directory }: ParsedPath): ParsedPath | undefined {
    const name = segments.at(-1);
    if (name === undefined) return undefined;
    if (directory) return { segments, directory: false };
    const folder = segments.slice(0, -1);
    const isIndex = this.#indexNames.some((index) => name === index || name === stemOf(index));
    if (isIndex) return folder.length === 0 ? undefined : { segments: folder, directory: false };
    const stem = stemOf(name);
    return stem === undefined ? undefined : { segments: [...folder, stem], directory: true };
  }

  async #target({ segments, directory }: ParsedPath): Promise<Located | NotLocated> {
    const found = await this.#at({ segments, directory }, true);
    if (found.kind === 'redirect') return this.#at(found.to, true);
    return found;
  }
}

/** `undefined` for a name that would not be one without its extension. */
function stemOf(name: string): string | undefined {
  const stem = name.endsWith(PAGE) ? name.slice(0, -PAGE.length) : '';
  return stem === '' || stem === '.' || stem === '..' ? undefined : stem;
}

function areEqual(one: ParsedPath, other: ParsedPath): boolean {
  return one.directory === other.directory && areSame(one.segments, other.segments);
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((segment, index) => segment === other[index]);
}
