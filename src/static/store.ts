/**
 * What paths mean right now: finds files through a source, and keeps small ones in memory, ready to send.
 *
 * An entry younger than FRESH_MS is used as it is. From then to STALE_MS it is still used while it is checked
 * again behind the request, so that busy files never wait; older ones are checked first. So a change on disk
 * shows within STALE_MS.
 */
import { type CachePolicy, cacheControl } from './cache-policy.ts';
import { compress } from './compress.ts';
import { type Content, readContent, tagOf, versionTag } from './content.ts';
import { type Coding, codings } from './encoding.ts';
import { type MediaOptions, type Medium, mediaReader } from './media.ts';
import { isCompressible } from './mime.ts';
import { type Representation, represent } from './plan.ts';
import type { Source, SourceFile } from './source.ts';

const FRESH_MS = 500;
const STALE_MS = 900;
/** Paths remembered, with or without their content. */
const MAX_ENTRIES = 4096;
/**
 * A file that was seen to change is not hashed before it has been left alone for this long, so that one which
 * grows all the time costs no reading, and has the same tag in all responses meanwhile.
 */
const QUIET_MS = 60_000;
/** The largest file that is kept, as a share of the whole cache and at all. */
const MAX_KEPT_SHARE = 1 / 8;
const MAX_KEPT_BYTES = 1024 * 1024;

export interface StoreOptions extends CachePolicy, MediaOptions {
  readonly index: string;
  readonly compression: boolean;
  readonly cacheBytes: number;
}

/** A file as a client knows it: one or more representations of the same thing. */
export interface Resource {
  readonly kind: 'resource';
  /** The file itself, as it is stored. */
  readonly identity: Representation;
  readonly coded: ReadonlyMap<Coding, Representation>;
  /** The codings in `coded`, for negotiation. */
  readonly available: readonly Coding[];
}

export type Lookup =
  | Resource
  /** A folder that was asked for without its slash. */
  | { readonly kind: 'redirect' }
  /** A folder without an index. */
  | { readonly kind: 'folder' }
  | { readonly kind: 'missing' };

/** A path as the router parsed it. */
export interface Place {
  readonly segments: readonly string[];
  readonly directory: boolean;
}

interface Entry {
  readonly resource: Resource;
  readonly place: Place;
  readonly version: string;
  readonly bytes: number;
  /** Some of it is tagged by version until it has been quiet for a while. */
  readonly isProvisional: boolean;
  checkedMs: number;
}

interface Located {
  readonly segments: readonly string[];
  readonly file: SourceFile;
}

interface Candidate extends Located {
  readonly coding: Coding | 'identity';
}

export class Store {
  readonly #source: Source;
  readonly #options: StoreOptions;
  readonly #maxKeptBytes: number;
  readonly #mediumOf: (fileName: string) => Medium;
  /** In order of their last check: the first is the one that was wanted least lately. */
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, Promise<Lookup>>();
  #bytes = 0;

  constructor(source: Source, options: StoreOptions) {
    this.#source = source;
    this.#options = options;
    this.#mediumOf = mediaReader(options);
    this.#maxKeptBytes = Math.min(MAX_KEPT_BYTES, options.cacheBytes * MAX_KEPT_SHARE);
  }

  /** The resource under `path` if it is known well enough to answer without a look at the source. */
  peek(path: string): Resource | undefined {
    const entry = this.#entries.get(path);
    if (!entry) return undefined;
    const ageMs = performance.now() - entry.checkedMs;
    if (ageMs < FRESH_MS) return entry.resource;
    if (ageMs >= STALE_MS) return undefined;
    // A failure is met again, and answered, by the first request that has to wait for the check.
    this.find(path, entry.place).catch(() => undefined);
    return entry.resource;
  }

  /** Looks at the source, once for all who ask for `path` at the same time. @throws like `Source.open`. */
  find(path: string, place: Place): Promise<Lookup> {
    const pending = this.#pending.get(path);
    if (pending) return pending;
    const lookup = this.#look(path, place).finally(() => this.#pending.delete(path));
    this.#pending.set(path, lookup);
    return lookup;
  }

  async #look(path: string, place: Place): Promise<Lookup> {
    const checkedMs = performance.now();
    const located = await this.#locate(place);
    if ('kind' in located) {
      this.#forget(path);
      return located;
    }
    const { coding } = this.#mediumOf(located.file.name);
    const candidates: [Candidate, ...Candidate[]] = [{ coding, ...located }];
    try {
      const siblings = coding === 'identity' ? await this.#siblings(located) : [];
      candidates.push(...siblings);
      const known = this.#entries.get(path);
      const entry = isCurrent(known, candidates)
        ? Object.assign(known, { checkedMs })
        : { place, checkedMs, ...(await this.#load(candidates, known !== undefined)) };
      this.#remember(path, entry);
      return entry.resource;
    } finally {
      await Promise.all(candidates.map(({ file }) => file.close()));
    }
  }

  /** The file that `place` stands for, its index for a folder. */
  async #locate({ segments, directory }: Place): Promise<Located | Exclude<Lookup, Resource>> {
    const found = await this.#source.open(segments);
    if (found.kind === 'missing') return found;
    if (found.kind === 'file') {
      if (!directory || segments.length === 0) return { segments, file: found.file };
      await found.file.close();
      return { kind: 'missing' };
    }
    if (!directory) return { kind: 'redirect' };
    const inner = [...segments, this.#options.index];
    const index = await this.#source.open(inner);
    return index.kind === 'file' ? { segments: inner, file: index.file } : { kind: 'folder' };
  }

  /** The precompressed files beside a file. One that cannot be opened, or is still empty, is as good as absent. */
  async #siblings({ segments, file }: Located): Promise<Candidate[]> {
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

  async #load(candidates: readonly [Candidate, ...Candidate[]], wasKnown: boolean): Promise<Loaded> {
    const [first] = candidates;
    const { type, coding } = this.#mediumOf(first.file.name);
    const compressing = this.#options.compression && coding === 'identity' && isCompressible(type);
    const keepsChanging = wasKnown && !areQuiet(candidates);
    const forms = await this.#read(candidates, keepsChanging);
    // Only what could be read: the rest is tried again at the next check.
    const version = versionOf(forms);
    if (compressing) forms.push(...(await compressedForms(forms)));
    const shared = {
      contentType: type,
      cacheControl: cacheControl(first.file.name, type, this.#options),
      modifiedMs: lastModifiedOf(first.file),
      varies: forms.length > 1,
    };
    const representations = forms.map(({ coding, segments, version, content }) =>
      represent({ ...shared, ...content, coding, segments, version }),
    );
    const bytes = forms.reduce((sum, { content }) => sum + (content.bytes?.length ?? 0), 0);
    const isProvisional = keepsChanging && forms.some(({ content }) => content.bytes === undefined);
    return { resource: resourceOf(representations), version, bytes, isProvisional };
  }

  /** One failed sibling is as good as absent; without the file itself there is nothing. */
  async #read(candidates: readonly Candidate[], keepsChanging: boolean): Promise<Form[]> {
    const read = async ({ coding, segments, file }: Candidate): Promise<Form> => {
      const content = await readContent(file, this.#maxKeptBytes, keepsChanging);
      return { coding, segments, version: file.version, content };
    };
    const [first, ...others] = await Promise.allSettled(candidates.map(read));
    if (first?.status !== 'fulfilled') throw first?.reason;
    return [first, ...others].filter((result) => result.status === 'fulfilled').map(({ value }) => value);
  }

  #remember(path: string, entry: Entry): void {
    this.#forget(path);
    this.#entries.set(path, entry);
    this.#bytes += entry.bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#options.cacheBytes && this.#entries.size <= MAX_ENTRIES) break;
      this.#forget(oldest);
    }
  }

  #forget(path: string): void {
    this.#bytes -= this.#entries.get(path)?.bytes ?? 0;
    this.#entries.delete(path);
  }
}

interface Loaded {
  readonly resource: Resource;
  readonly version: string;
  readonly bytes: number;
  readonly isProvisional: boolean;
}

/** One representation in the making. */
interface Form {
  readonly coding: Coding | 'identity';
  readonly segments: readonly string[];
  readonly version: string;
  readonly content: Content;
}

function versionOf(files: readonly { readonly version: string }[]): string {
  return files.map(({ version }) => version).join(' ');
}

/** Whether what is remembered still holds for these files. */
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

/** RFC 9110 §8.8.2.1: never later than the response. */
function lastModifiedOf({ modifiedMs }: SourceFile): number | undefined {
  return modifiedMs === undefined ? undefined : Math.min(modifiedMs, Date.now());
}

async function compressedForms(forms: readonly Form[]): Promise<Form[]> {
  const [identity] = forms;
  if (!identity?.content.bytes) return [];
  const existing = forms.map(({ coding }) => coding).filter((coding) => coding !== 'identity');
  const made = await compress(identity.content.bytes, existing);
  const { segments, version } = identity;
  return made.map(({ coding, bytes }) => ({
    coding,
    segments,
    version,
    content: { bytes, size: bytes.length, tag: tagOf(bytes) },
  }));
}

function resourceOf(representations: readonly Representation[]): Resource {
  const [identity, ...others] = representations;
  const coded = new Map(others.map((other) => [other.coding as Coding, other]));
  return { kind: 'resource', identity: identity as Representation, coded, available: [...coded.keys()] };
}

/** A representation of a file that was found changed after its resource was looked up; valid for one answer. */
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
