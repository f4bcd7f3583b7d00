/**
 * A site in one block of memory, for executables with embedded files: the archive that `packSite` creates, and the
 * source that serves from it. Nothing is copied before it is requested, so that an archive that is mapped from the
 * executable takes no memory.
 *
 * The archive consists of the length of the index in four bytes (little-endian), the index as JSON, and the contents
 * of the files in the order of the index.
 */
import { tagOf } from './content.ts';
import type { FileSource, FolderEntry, Found, SourceFile } from './source.ts';

const LENGTH_BYTES = 4;

/** A file of a site, or a folder (required only if it is empty). */
export type SiteEntry =
  | { readonly segments: readonly string[]; readonly bytes: Uint8Array }
  | { readonly segments: readonly string[]; readonly bytes: undefined };

interface Index {
  /** Milliseconds since the epoch, the same for all files; absent if they have no date. */
  readonly modifiedMs?: number;
  /** Path, size in bytes, and tag of the content; a path that ends with a slash is a folder. */
  readonly entries: readonly (readonly [path: string, size: number, tag: string])[];
}

/** The archive of `entries`. Equal entries in the same order give equal bytes. */
export function packSite(entries: readonly SiteEntry[], modifiedMs: number | undefined): Buffer {
  const index: Index = {
    ...(modifiedMs !== undefined && { modifiedMs }),
    entries: entries.map(({ segments, bytes }) => {
      const path = segments.join('/');
      return bytes ? [path, bytes.length, tagOf(bytes)] : [`${path}/`, 0, ''];
    }),
  };
  const text = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, ...entries.map(({ bytes }) => bytes ?? Buffer.alloc(0))]);
}

type Node = StoredFile | Map<string, Node>;

interface StoredFile {
  readonly bytes: Uint8Array;
  readonly tag: string;
}

const missing: Found = { kind: 'missing' };
const folder: Found = { kind: 'folder' };

/** The files of an archive as a source. */
export function embeddedFolder(archive: Uint8Array): FileSource {
  const { root, modifiedMs } = readArchive(archive);
  return {
    async open(segments) {
      const node = find(root, segments);
      if (node === undefined) return missing;
      if (node instanceof Map) return folder;
      return { kind: 'file', file: fileOf(segments.at(-1) ?? '', node, modifiedMs) };
    },
    async list(segments) {
      const node = find(root, segments);
      const children = node instanceof Map ? node : [];
      const entries = Array.from(children, ([name, child]) => entryOf(name, child, modifiedMs));
      return { entries, notUtf8: 0, beyond: 0 };
    },
  };
}

function readArchive(archive: Uint8Array): { root: Map<string, Node>; modifiedMs: number | undefined } {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  let position = LENGTH_BYTES + bytes.readUInt32LE();
  const { entries, modifiedMs }: Index = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, position));
  const root = new Map<string, Node>();
  for (const [path, size, tag] of entries) {
    const segments = path.split('/');
    // Empty for a folder, which `makeFolder` creates.
    const name = segments.pop() ?? '';
    const parent = makeFolder(root, segments);
    if (name !== '') parent.set(name, { bytes: bytes.subarray(position, position + size), tag });
    position += size;
  }
  return { root, modifiedMs };
}

function makeFolder(root: Map<string, Node>, segments: readonly string[]): Map<string, Node> {
  let current = root;
  for (const segment of segments) {
    const known = current.get(segment);
    const next = known instanceof Map ? known : new Map<string, Node>();
    current.set(segment, next);
    current = next;
  }
  return current;
}

function find(root: Node, segments: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (const segment of segments) node = node instanceof Map ? node.get(segment) : undefined;
  return node;
}

/** The content never changes, so that its tag is also its version. */
function fileOf(name: string, { bytes, tag }: StoredFile, modifiedMs: number | undefined): SourceFile {
  return {
    name,
    size: bytes.length,
    modifiedMs,
    changedMs: undefined,
    version: tag,
    currentVersion: async () => tag,
    read: async (target, position) => {
      const part = bytes.subarray(position, position + target.length);
      target.set(part);
      return part.length;
    },
    close: async () => undefined,
  };
}

function entryOf(name: string, node: Node, modifiedMs: number | undefined): FolderEntry {
  const directory = node instanceof Map;
  return { name, directory, size: directory ? 0 : node.bytes.length, modifiedMs };
}
