/**
 * Packs a folder for the inside of an executable: exactly what mote would serve from it by default. So names
 * that begin with a dot stay out (`.well-known` does not), and so do links that lead out of the folder.
 */
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFolder, kindOfPath } from '../src/static/disk.ts';
import { packSite, type SiteEntry } from '../src/static/embedded.ts';
import { dateOf, type FileSource, type SourceFile } from '../src/static/source.ts';

/** More than that belongs beside an executable, not into it. */
export const MAX_SITE_BYTES = 1024 ** 3;

export interface Site {
  /** For `embeddedFolder`. */
  readonly archive: Buffer;
  readonly files: number;
  /** Of all files. */
  readonly bytes: number;
  /** One line each: what would not have been served, and why. */
  readonly leftOut: readonly string[];
}

/** A site that cannot be packed; the message is for the user. */
export class SiteError extends Error {
  override readonly name = 'SiteError';
}

/**
 * Reads the folder at `root`. All files get the date `sourceDateEpoch`, the value of SOURCE_DATE_EPOCH (seconds,
 * https://reproducible-builds.org/specs/source-date-epoch/), or none: their own would differ between builds.
 *
 * @throws SiteError
 */
export async function readSite(root: string, sourceDateEpoch: string | undefined): Promise<Site> {
  const { entries, leftOut, bytes } = await readEntries(root, MAX_SITE_BYTES);
  const files = entries.filter((entry) => entry.bytes !== undefined).length;
  return { archive: packSite(entries, dateFrom(sourceDateEpoch)), files, bytes, leftOut };
}

/** What mote would serve from a folder: its files, and the folders in which there are none. */
export interface FolderContent {
  /** Sorted by name, folder by folder. */
  readonly entries: readonly SiteEntry[];
  /** Of all files. */
  readonly bytes: number;
  /** See `Site`. */
  readonly leftOut: readonly string[];
}

/** Reads the folder at `root`. @throws SiteError, also where its files have more than `maxBytes` bytes. */
export async function readEntries(root: string, maxBytes: number): Promise<FolderContent> {
  const kind = await kindOfPath(root).catch((error: Error) => error.message);
  if (kind !== 'folder')
    throw new SiteError(`cannot embed ${root}: ${kind === 'file' ? 'not a folder' : kind}`);
  const reader = new SiteReader(root, maxBytes);
  await reader.readFolder([], []);
  return reader;
}

function dateFrom(sourceDateEpoch: string | undefined): number | undefined {
  if (!sourceDateEpoch) return undefined;
  if (!/^\d{1,11}$/.test(sourceDateEpoch)) {
    throw new SiteError(
      `SOURCE_DATE_EPOCH is ${JSON.stringify(sourceDateEpoch)}; allowed: seconds since 1970`,
    );
  }
  return dateOf(Number(sourceDateEpoch) * 1000);
}

class SiteReader implements FolderContent {
  readonly entries: SiteEntry[] = [];
  readonly leftOut: string[] = [];
  bytes = 0;
  readonly #root: string;
  readonly #source: FileSource;

  readonly #maxBytes: number;

  constructor(root: string, maxBytes: number) {
    this.#root = root;
    this.#maxBytes = maxBytes;
    this.#source = diskFolder(root, { dotfiles: false, symlinks: false });
  }

  /** `above` are the real paths of the folders that were entered on the way. */
  async readFolder(segments: readonly string[], above: readonly string[]): Promise<void> {
    const path = join(this.#root, ...segments);
    const real = await realpath(path);
    if (above.includes(real)) return void this.#leaveOut(segments, 'a link to a folder above it');
    const before = this.entries.length;
    for (const name of (await readdir(path)).toSorted()) {
      await this.#readEntry([...segments, name], [...above, real]);
    }
    const empty = this.entries.length === before;
    if (empty && segments.length > 0) this.entries.push({ segments, bytes: undefined });
  }

  async #readEntry(segments: readonly string[], above: readonly string[]): Promise<void> {
    const found = await this.#open(segments);
    if (found.kind === 'folder') return this.readFolder(segments, above);
    if (found.kind === 'missing') return this.#leaveOut(segments, await this.#reasonFor(segments));
    try {
      this.entries.push({ segments, bytes: await this.#readFile(found.file) });
    } finally {
      await found.file.close();
    }
  }

  async #open(segments: readonly string[]) {
    try {
      return await this.#source.open(segments);
    } catch (error) {
      throw new SiteError(`cannot read ${join(this.#root, ...segments)}: ${(error as Error).message}`);
    }
  }

  async #readFile(file: SourceFile): Promise<Uint8Array> {
    this.bytes += file.size;
    if (this.bytes > this.#maxBytes) {
      throw new SiteError(`${this.#root} is too large to embed: more than ${this.#maxBytes} bytes`);
    }
    const bytes = Buffer.alloc(file.size);
    for (let length = 0; length < bytes.length; ) {
      const count = await file.read(bytes.subarray(length), length);
      if (count === 0) throw new SiteError(`${file.name} in ${this.#root} changed while it was read`);
      length += count;
    }
    return bytes;
  }

  #leaveOut(segments: readonly string[], reason: string): void {
    this.leftOut.push(`${segments.join('/')}: ${reason}`);
  }

  async #reasonFor(segments: readonly string[]): Promise<string> {
    if (segments.at(-1)?.startsWith('.')) return 'its name begins with a dot';
    const stats = await lstat(join(this.#root, ...segments)).catch(() => undefined);
    // What is not UTF-8 was replaced when the folder was read.
    if (!stats) return segments.at(-1)?.includes('\ufffd') ? 'its name is not UTF-8' : 'it is gone';
    return stats.isSymbolicLink()
      ? 'a link to nothing that may be served: outside, hidden or absent'
      : 'neither a file nor a folder';
  }
}
