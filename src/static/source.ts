/** Where files come from: the only interface through which the static handler reads. */
import type { ByteSource } from '../http/types.ts';

/** An open regular file. Its owner closes it. */
export interface SourceFile extends ByteSource {
  /** Its name without folders, which determines the media type. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch; `undefined` if no date is known. */
  readonly modifiedMs: number | undefined;
  /** Of the last change of any kind, in milliseconds since the epoch; `undefined` if the file never changes. */
  readonly changedMs: number | undefined;
  /** Differs between any two states of the content that can be distinguished without reading it. */
  readonly version: string;
  /** The version as of now, of the same open file: shows whether it changed while it was read. */
  currentVersion(): Promise<string>;
}

/**
 * Some file systems timestamp changes with a clock that advances only every 20 ms. A file that changed more recently
 * than this has a new version each time it is opened, since another change could hide within the same tick.
 */
export const SETTLE_MS = 25;

export type Found =
  | { readonly kind: 'file'; readonly file: SourceFile }
  | { readonly kind: 'folder' }
  /** There is nothing, or nothing that may be served; `isBadLink`: a link leads out or to a hidden file. */
  | { readonly kind: 'missing'; readonly isBadLink?: boolean };

export interface FolderEntry {
  readonly name: string;
  readonly directory: boolean;
  readonly size: number;
  readonly modifiedMs: number | undefined;
}

export interface FolderListing {
  /** What may be served, in no particular order. */
  readonly entries: FolderEntry[];
  /** The number of names that are not UTF-8: no path can name them. */
  readonly notUtf8: number;
  /** The number of entries that were not examined, because there are too many. */
  readonly beyond: number;
}

/** Periods (`from` inclusive, `to` exclusive) of times that build tools give to all files, in any time zone. */
const NO_DATES: readonly { readonly from: number; readonly to: number }[] = [
  // The epoch (Bazel, Nix, Guix, OSTree, Jib) and all before it, such as the zero times of Go and Windows.
  { from: Number.NEGATIVE_INFINITY, to: Date.UTC(1970, 0, 2) },
  // The first days that a zip archive can express: no date (1979-11-30), buildpacks and wheels (1980-01-01),
  // RubyGems (1980-01-02), Gradle (1980-02-01).
  { from: Date.UTC(1979, 10, 29), to: Date.UTC(1980, 1, 3) },
  // Yarn: 456789000.
  { from: Date.UTC(1984, 5, 22), to: Date.UTC(1984, 5, 24) },
  // npm: 499162500.
  { from: Date.UTC(1985, 9, 25, 12), to: Date.UTC(1985, 9, 27, 12) },
];

/**
 * The time of a file as the date of its content, unless it is a time that tools set. Such a date would claim that
 * nothing has changed since, and the next release, with the same time and new content, would get a 304.
 */
export function dateOf(timeMs: number): number | undefined {
  return NO_DATES.some(({ from, to }) => timeMs >= from && timeMs < to) ? undefined : timeMs;
}

/** Segments are decoded path segments: not `.` or `..`, and without slashes and NUL. */
export interface FileSource {
  /**
   * @throws HttpError `forbidden` if the system denies access, `unavailable` if there are no file descriptors left or
   * while another program holds a lease on the file.
   */
  open(segments: readonly string[]): Promise<Found>;
  /** The content of a folder; empty if there is no such folder. */
  list(segments: readonly string[]): Promise<FolderListing>;
}
