/**
 * Reproducible tar archives in the pax format of POSIX.1-2001: ustar headers, with extended headers where a
 * value does not fit. They do not depend on the time, the machine or the user.
 */

export interface TarFile {
  /** Relative, with `/` between the segments. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly bytes: Uint8Array;
}

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const FOLDER_MODE = 0o755;
const type = { file: '0', folder: '5', extended: 'x' } as const;

/**
 * One archive with `files` in the given order, all owned by root and modified at `mtime` (seconds since
 * 1970). Each folder has an entry before its contents: some engines make folders without an entry unreadable.
 * Throws on paths that are absolute, not normalized or duplicate.
 */
export function tar(files: readonly TarFile[], mtime = 0): Buffer {
  const parts: Uint8Array[] = [];
  const seen = new Set<string>();
  for (const { path, mode, bytes } of files) {
    checkPath(path);
    for (const folder of foldersOf(path)) {
      if (!seen.has(folder)) parts.push(...entry(folder, FOLDER_MODE, mtime, type.folder, Buffer.alloc(0)));
      seen.add(folder);
    }
    if (seen.has(path)) throw new Error(`${path} is in the archive twice`);
    seen.add(path);
    parts.push(...entry(path, mode, mtime, type.file, bytes));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function checkPath(path: string): void {
  const clean = path.split('/').every((segment) => !['', '.', '..'].includes(segment));
  if (!clean || path.includes('\0')) throw new Error(`${JSON.stringify(path)} is no clean relative path`);
}

/** The parent folders: `a/` and `a/b/` for `a/b/c`. */
function foldersOf(path: string): string[] {
  const segments = path.split('/').slice(0, -1);
  return segments.map((_, depth) => `${segments.slice(0, depth + 1).join('/')}/`);
}

function entry(path: string, mode: number, mtime: number, kind: string, bytes: Uint8Array): Uint8Array[] {
  const padded = [header(path, mode, mtime, kind, bytes.length), bytes, padding(bytes.length)];
  if (fitsHeader(path)) return padded;
  const record = paxRecord('path', path);
  return [
    header('pax', 0o644, mtime, type.extended, record.length),
    record,
    padding(record.length),
    ...padded,
  ];
}

/** Whether the path fits the plain header: ustar has room for 100 bytes of ASCII. */
function fitsHeader(path: string): boolean {
  return path.length <= NAME_BYTES && /^[\x20-\x7e]*$/.test(path);
}

/** `LENGTH KEY=VALUE\n`, where LENGTH is that of the whole record, including its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  const guess = rest.length + String(rest.length).length;
  const length = rest.length + String(guess).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function header(path: string, mode: number, mtime: number, kind: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  // If the name is truncated here, the preceding extended header overrides it.
  block.write(path.replace(/[^\x20-\x7e]/g, '_').slice(0, NAME_BYTES), 0, 'latin1');
  octal(block, 100, 8, mode);
  octal(block, 108, 8, 0); // uid
  octal(block, 116, 8, 0); // gid
  octal(block, 124, 12, size);
  octal(block, 136, 12, mtime);
  block.write('        ', 148, 'latin1'); // the checksum counts itself as spaces
  block.write(kind, 156, 'latin1');
  block.write('ustar\0' + '00', 257, 'latin1');
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  octal(block, 148, 7, checksum);
  return block;
}

/** Writes a number in octal, with leading zeros and a final NUL, in `width` bytes. */
function octal(block: Buffer, at: number, width: number, value: number): void {
  const digits = value.toString(8).padStart(width - 1, '0');
  if (digits.length >= width) throw new Error(`${value} does not fit a tar header`);
  block.write(`${digits}\0`, at, 'latin1');
}

function padding(length: number): Buffer {
  return Buffer.alloc(-length & (BLOCK_BYTES - 1));
}
