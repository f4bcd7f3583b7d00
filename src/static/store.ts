/**
 * Resolves paths to files: finds files through a source, and keeps small ones in memory, ready to send.
 *
 * An entry younger than FRESH_MS is used without a check. From then until STALE_MS it is still used, while it is
 * checked in the background, so that requests for busy files never wait; an older entry is checked first. A change on
 * disk is therefore visible within STALE_MS.
 */
import type { Reuse } from '../http/types.ts';
import { BoundedMap } from '../util/bounded-map.ts';
import { type CachePolicy, cacheControl } from './cache-policy.ts';
import { type FileContent, fastTagOf, readContent, versionTag } from './content.ts';
import { type Coding, codings } from './encoding.ts';
import { type LocateMode, type LocateOptions, Locator, type NotLocated } from './locate.ts';
import { type MediaOptions, type Medium, mediaReader } from './media.ts';
import { isCompressible } from './mime.ts';
import type { ParsedPath } from './path.ts';
import { type Representation, represent } from './plan.ts';
import type { FileSource, SourceFile } from './source.ts';

const FRESH_MS = 500;
const STALE_MS = 900;
/** Cached paths, with or without their content. */
const MAX_ENTRIES = 4096;
/**
 * A file that has changed is not hashed until it has been unchanged for this long, so that a file that keeps growing
 * is not read each time.
 */
const QUIET_MS = 60_000;
/** The largest file that is cached, relative to the whole cache and absolutely. */
const MAX_KEPT_SHARE = 1 / 8;
const MAX_KEPT_BYTES = 1024 * 1024;

/** Below this size a coding saves less than one network packet. */
const MIN_COMPRESSED_BYTES = 1024;

export interface FileStoreOptions extends CachePolicy, MediaOptions, LocateOptions {
  readonly compression: boolean;
  readonly cacheBytes: number;
}

/** A file as a client sees it: one or more representations of the same content. */
export interface Resource {
  readonly kind: 'resource';
  /** The file itself, as it is stored. */
  readonly identity: Representation;
  readonly coded: ReadonlyMap<Coding, Representation>;
  /** The codings in `coded`, for negotiation. */
  readonly available: readonly Coding[];
}

export type Lookup = Resource | NotLocated;

/** How long an entry and the plans made of it are used. */
class Freshness implements Reuse {
  isGone = false;
  /** By the clock of `performance.now()`. */
  checkedMs: number;
  readonly #check: () => void;

  constructor(checkedMs: number, check: () => void) {
    this.checkedMs = checkedMs;
    this.#check = check;
  }

  isFresh(nowMs = performance.now()): boolean {
    const ageMs = nowMs - this.checkedMs;
    if (ageMs >= STALE_MS || this.isGone) return false;
    if (ageMs >= FRESH_MS) this.#check();
    return true;
  }
}

interface Entry {
  readonly resource: Resource;
  readonly freshness: Freshness;
  readonly version: string;
  readonly bytes: number;
  /** A part of it is tagged by its version until the file has been unchanged for {@link QUIET_MS}. */
  readonly isProvisional: boolean;
}

interface LocatedFile {
  readonly segments: readonly string[];
  readonly file: SourceFile;
}

interface Candidate extends LocatedFile {
  readonly coding: Coding | 'identity';
}

export class FileStore {
  readonly #source: FileSource;
  readonly #options: FileStoreOptions;
  readonly #maxKeptBytes: number;
  readonly #mediumOf: (fileName: string) => Medium;
  /** In the order of their last check, weighed by the bytes of their content. */
  readonly #entries: BoundedMap<string, Entry>;
  readonly #pending = new Map<string, Promise<Lookup>>();
  readonly #locator: Locator;
  readonly #beforeLook: () => Promise<void> | undefined;
  /** How often {@link clear} was called. */
  #clears = 0;

  /** `beforeLook` looks at what else of the site may have changed, each time that files are looked at. */
  constructor(
    source: FileSource,
    options: FileStoreOptions,
    beforeLook: () => Promise<void> | undefined = () => undefined,
  ) {
    this.#source = source;
    this.#locator = new Locator(source, options);
    this.#beforeLook = beforeLook;
    this.#options = options;
    this.#entries = new BoundedMap({
      maxEntries: MAX_ENTRIES,
      maxWeight: options.cacheBytes,
      onEvict: (_, { freshness }) => {
        freshness.isGone = true;
      },
    });
    this.#mediumOf = mediaReader(options);
    this.#maxKeptBytes = Math.min(MAX_KEPT_BYTES, options.cacheBytes * MAX_KEPT_SHARE);
  }

  /** The resource at `path`, if it is in memory and need not be checked first. */
  peek(path: string): Resource | undefined {
    const entry = this.#entries.get(path);
    return entry?.freshness.isFresh() ? entry.resource : undefined;
  }

  /** Lets nothing be used again without a look at its file: responses that were made of it depend on more. */
  clear(): void {
    this.#clears += 1;
    for (const { freshness } of this.#entries.values()) freshness.isGone = true;
    this.#entries.clear();
  }

  /**
   * Resolves a path by the source, once for all concurrent requests; `path` is its name in the memory.
   * @throws like `FileSource.open`.
   */
  find(path: string, parsed: ParsedPath, mode: LocateMode = 'request'): Promise<Lookup> {
    const pending = this.#pending.get(path);
    if (pending) return pending;
    const lookup = this.#look(path, parsed, mode).finally(() => this.#pending.delete(path));
    this.#pending.set(path, lookup);
    return lookup;
  }

  async #look(path: string, parsed: ParsedPath, mode: LocateMode): Promise<Lookup> {
    const checkedMs = performance.now();
    const looking = this.#beforeLook();
    if (looking) await looking;
    const clears = this.#clears;
    const located = await this.#locator.locate(parsed, mode);
    const known = this.#entries.get(path);
    if (located.kind !== 'located') {
      this.#entries.delete(path);
      if (known) known.freshness.isGone = true;
      return located;
    }
    const { coding } = this.#mediumOf(located.file.name);
    const candidates: [Candidate, ...Candidate[]] = [
      { coding, segments: located.segments, file: located.file },
    ];
    try {
      const siblings = coding === 'identity' ? await this.#siblings(located) : [];
      candidates.push(...siblings);
      const entry = isCurrent(known, candidates)
        ? known
        : await this.#load(candidates, known !== undefined, this.#freshness(path, parsed, mode));
      if (known && known !== entry) known.freshness.isGone = true;
      entry.freshness.checkedMs = checkedMs;
      // It may have been evicted during the check.
      entry.freshness.isGone = clears !== this.#clears;
      if (entry.freshness.isGone) return entry.resource;
      this.#entries.set(path, entry, entry.bytes);
      return entry.resource;
    } finally {
      await Promise.all(candidates.map(({ file }) => file.close()));
    }
  }

  #freshness(path: string, parsed: ParsedPath, mode: LocateMode): Freshness {
    // A failure recurs in, and is reported to, the first request that has to wait for the check.
    return new Freshness(0, () => void this.find(path, parsed, mode).catch(() => undefined));
  }

  /** The precompressed siblings of a file. Those that cannot be opened or are still empty count as absent. */
  async #siblings({ segments, file }: LocatedFile): Promise<Candidate[]> {
    const name = segments.at(-1);
    if (name === undefined) return [];
    const folder = segments.slice(0, -1);
    const found = await Promise.all(
      codings.map(async ({ coding, suffix }) => {
        const inner = [...folder, name + suffix];
        const sibling = await this.#source.open(inner).catch(() => undefined);
        if (sibling?.kind !== 'file') return undefined;
        if (sibling.file.size > 0 || file.size === 0) return { coding, segments: inner, file: sibling.file };
        await sibling.file.close();
        return undefined;
      }),
    );
    return found.filter((candidate) => candidate !== undefined);
  }

  async #load(
    candidates: readonly [Candidate, ...Candidate[]],
    wasKnown: boolean,
    freshness: Freshness,
  ): Promise<Entry> {
    const [first] = candidates;
    const { type, coding } = this.#mediumOf(first.file.name);
    const compressing = this.#options.compression && coding === 'identity' && isCompressible(type);
    const keepsChanging = wasKnown && !areQuiet(candidates);
    const forms = await this.#read(candidates, keepsChanging);
    // Only the forms that could be read: the others are tried again at the next check.
    const version = versionOf(forms);
    if (compressing) forms.push(...(await compressedForms(forms)));
    const shared = {
      contentType: type,
      cacheControl: cacheControl(first.file.name, type, this.#options),
      modifiedMs: lastModifiedOf(first.file),
      varies: forms.length > 1,
      reuse: freshness,
    };
    const representations = forms.map(({ coding, segments, version, content }) =>
      represent({ ...shared, ...content, coding, segments, version }),
    );
    const bytes = forms.reduce((sum, { content }) => sum + (content.bytes?.length ?? 0), 0);
    const isProvisional = keepsChanging && forms.some(({ content }) => content.bytes === undefined);
    return { resource: resourceOf(representations), freshness, version, bytes, isProvisional };
  }

  /** A sibling that cannot be read counts as absent; for the file itself, the error is thrown. */
  async #read(candidates: readonly Candidate[], keepsChanging: boolean): Promise<Form[]> {
    const read = async ({ coding, segments, file }: Candidate): Promise<Form> => {
      const content = await readContent(file, this.#maxKeptBytes, keepsChanging);
      return { coding, segments, version: file.version, content };
    };
    const [first, ...others] = await Promise.allSettled(candidates.map(read));
    if (first?.status !== 'fulfilled') throw first?.reason;
    return [first, ...others].filter((result) => result.status === 'fulfilled').map(({ value }) => value);
  }
}

/** The content of one representation. */
interface Form {
  readonly coding: Coding | 'identity';
  readonly segments: readonly string[];
  readonly version: string;
  readonly content: FileContent;
}

function versionOf(files: readonly { readonly version: string }[]): string {
  return files.map(({ version }) => version).join(' ');
}

/** Whether the cached entry is still valid for these files. */
function isCurrent(known: Entry | undefined, candidates: readonly Candidate[]): known is Entry {
  if (known?.version !== versionOf(candidates.map(({ file }) => file))) return false;
  return !(known.isProvisional && areQuiet(candidates));
}

function areQuiet(candidates: readonly Candidate[]): boolean {
  const nowMs = Date.now();
  return candidates.every(
    ({ file: { changedMs } }) => changedMs === undefined || nowMs - changedMs >= QUIET_MS,
  );
}

/** Never later than the response (RFC 9110 §8.8.2.1). */
function lastModifiedOf({ modifiedMs }: SourceFile): number | undefined {
  return modifiedMs === undefined ? undefined : Math.min(modifiedMs, Date.now());
}

async function compressedForms(forms: readonly Form[]): Promise<Form[]> {
  const [identity] = forms;
  if (!identity?.content.bytes || identity.content.size < MIN_COMPRESSED_BYTES) return [];
  const existing = forms.map(({ coding }) => coding).filter((coding) => coding !== 'identity');
  // zlib takes a while to load.
  const { compress } = await import('./compress.ts');
  const made = await compress(identity.content.bytes, existing);
  const { segments, version } = identity;
  const formOf = async ({ coding, bytes }: (typeof made)[number]): Promise<Form> => {
    const tag = await fastTagOf(bytes);
    return { coding, segments, version, content: { bytes, size: bytes.length, tag } };
  };
  return Promise.all(made.map(formOf));
}

function resourceOf(representations: readonly Representation[]): Resource {
  const [identity, ...others] = representations;
  const coded = new Map(others.map((other) => [other.coding as Coding, other]));
  return { kind: 'resource', identity: identity as Representation, coded, available: [...coded.keys()] };
}

/** The representation of a file that has changed since the lookup of its resource; valid for one response. */
export function representChanged(file: SourceFile, stale: Representation, varies: boolean): Representation {
  return represent({
    coding: stale.coding,
    segments: stale.segments,
    version: file.version,
    size: file.size,
    contentType: stale.contentType,
    cacheControl: 'no-cache',
    varies,
    tag: versionTag(file),
    modifiedMs: lastModifiedOf(file),
    bytes: undefined,
  });
}
