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

const FIRST_DAY_MS = 24 * 3_600_000;

/**
 * A file's time as the date of its content. Build tools that set all times alike (Bazel, Nix, OSTree) take one
 * within the first day of the epoch: as a date it would claim that nothing changed since.
 */
export function dateOf(timeMs: number): number | undefined {
  return timeMs >= 0 && timeMs < FIRST_DAY_MS ? undefined : timeMs;
}

/** Segments are decoded path segments without `.`, `..`, slashes and NUL. */
export interface Source {
  /**
   * @throws HttpError `forbidden` where the system refuses, `unavailable` when out of descriptors or while another
   * program holds the file.
   */
  open(segments: readonly string[]): Promise<Found>;
  /** The entries of a folder that may be served, in no order. */
  list(segments: readonly string[]): Promise<FolderEntry[]>;
}
