/** Where files come from: the one interface that the static handler reads through. */
import type { ByteSource } from '../http/types.ts';

/** An open regular file. Whoever holds it closes it. */
export interface SourceFile extends ByteSource {
  /** Its own name without folders, which decides the media type. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch; `undefined` where no date is known. */
  readonly modifiedMs: number | undefined;
  /** When the file last changed in any way, in milliseconds since the epoch; `undefined` where it never does. */
  readonly changedMs: number | undefined;
  /** Differs between any two states of the content that can be told apart without reading it. */
  readonly version: string;
  /** The version as of now, for the same open file: tells whether it changed while it was read. */
  currentVersion(): Promise<string>;
}

/**
 * Some file systems stamp changes with a clock that stands still for up to 20 ms. A file that changed less than this
 * ago has a version of its own at every look, since another change could hide within the same tick.
 */
export const SETTLE_MS = 25;

export type Found =
  | { readonly kind: 'file'; readonly file: SourceFile }
  | { readonly kind: 'folder' }
  /** Nothing to serve there, or nothing that may be served. */
  | { readonly kind: 'missing' };

export interface FolderEntry {
  readonly name: string;
  readonly directory: boolean;
  readonly size: number;
  readonly modifiedMs: number | undefined;
}

export interface FolderListing {
  /** What may be served, in no order. */
  readonly entries: FolderEntry[];
  /** How many names are not UTF-8: no path asks for them. */
  readonly notUtf8: number;
  /** How many entries were not looked at, because there are too many. */
  readonly beyond: number;
}

/** Times from `from` on and before `to` that build tools give to all files alike, whatever the time zone. */
const NO_DATES: readonly { readonly from: number; readonly to: number }[] = [
  // The epoch (Bazel, Nix, Guix, OSTree, Jib) and all before it, such as Go's and Windows' zero.
  { from: Number.NEGATIVE_INFINITY, to: Date.UTC(1970, 0, 2) },
  // The first days that a zip archive can name: no date at all (1979-11-30), buildpacks and wheels (1980-01-01),
  // RubyGems (1980-01-02), Gradle (1980-02-01).
  { from: Date.UTC(1979, 10, 29), to: Date.UTC(1980, 1, 3) },
  // Yarn: 456789000.
  { from: Date.UTC(1984, 5, 22), to: Date.UTC(1984, 5, 24) },
  // npm: 499162500.
  { from: Date.UTC(1985, 9, 25, 12), to: Date.UTC(1985, 9, 27, 12) },
];

/**
 * A file's time as the date of its content, unless it is one that tools set: as a date that would claim that
 * nothing changed since, and the next release with other content and the same time would be answered with 304.
 */
export function dateOf(timeMs: number): number | undefined {
  return NO_DATES.some(({ from, to }) => timeMs >= from && timeMs < to) ? undefined : timeMs;
}

/** Segments are decoded path segments without `.`, `..`, slashes and NUL. */
export interface Source {
  /**
   * @throws HttpError `forbidden` where the system refuses, `unavailable` when out of descriptors or while another
   * program holds the file.
   */
  open(segments: readonly string[]): Promise<Found>;
  /** What is in a folder; nothing where there is none. */
  list(segments: readonly string[]): Promise<FolderListing>;
}
