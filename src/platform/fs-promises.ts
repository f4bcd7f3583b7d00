/** Node's `fs/promises`, by the threads of the host. */
import { Buffer } from './buffer.ts';
import { type BigIntStats, bigStatsOf, openFlags, READ_BYTES, type Stats, statsOf, textOf } from './fs.ts';
import { call } from './host.ts';

export type { Stats } from './fs.ts';

export class FileHandle {
  readonly fd: number;
  #isClosed = false;

  constructor(fd: number) {
    this.fd = fd;
  }

  stat(): Promise<Stats>;
  stat(options: { readonly bigint: true }): Promise<BigIntStats>;
  async stat(options?: { readonly bigint: true }): Promise<Stats | BigIntStats> {
    const answer = await call('fstat', this.fd);
    return options?.bigint ? bigStatsOf(answer) : statsOf(answer);
  }

  async read(
    target: Uint8Array,
    offset = 0,
    length = target.length - offset,
    position: number | null = null,
  ) {
    const bytes = new Uint8Array((await call('read', this.fd, length, position ?? -1)) as ArrayBuffer);
    target.set(bytes, offset);
    return { bytesRead: bytes.length, buffer: target };
  }

  async write(content: Uint8Array | string): Promise<{ bytesWritten: number }> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    return { bytesWritten: (await call('write', this.fd, bytes, -1)) as number };
  }

  async writeFile(content: Uint8Array | string): Promise<void> {
    let rest = Buffer.from(content as string);
    while (rest.length > 0) rest = rest.subarray((await this.write(rest)).bytesWritten);
  }

  readFile(): Promise<Buffer>;
  readFile(encoding: 'utf8'): Promise<string>;
  async readFile(encoding?: 'utf8'): Promise<Buffer | string> {
    const parts: Buffer[] = [];
    for (;;) {
      const part = new Buffer((await call('read', this.fd, READ_BYTES, -1)) as ArrayBuffer);
      if (part.length === 0) break;
      parts.push(part);
    }
    const bytes = Buffer.concat(parts);
    return encoding === undefined ? bytes : bytes.toString(encoding);
  }

  async sync(): Promise<void> {
    await call('fsync', this.fd);
  }

  async datasync(): Promise<void> {
    await call('fsync', this.fd);
  }

  async truncate(length = 0): Promise<void> {
    await call('truncate', this.fd, length);
  }

  async chmod(mode: number): Promise<void> {
    await chmod(`/proc/self/fd/${this.fd}`, mode);
  }

  async chown(uid: number, gid: number): Promise<void> {
    await chown(`/proc/self/fd/${this.fd}`, uid, gid);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await call('close', this.fd);
  }
}

const DEFAULT_MODE = 0o666;

export async function open(
  path: string,
  flags: string | number = 'r',
  mode = DEFAULT_MODE,
): Promise<FileHandle> {
  return new FileHandle((await call('open', path, openFlags(flags), mode)) as number);
}

export async function readFile(path: string): Promise<Buffer>;
export async function readFile(path: string, encoding: 'utf8'): Promise<string>;
export async function readFile(path: string, encoding?: 'utf8'): Promise<Buffer | string> {
  const file = await open(path);
  try {
    return encoding === undefined ? await file.readFile() : await file.readFile(encoding);
  } finally {
    await file.close();
  }
}

export async function writeFile(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

export async function stat(path: string): Promise<Stats> {
  return statsOf(await call('stat', path, 1));
}

export async function lstat(path: string): Promise<Stats> {
  return statsOf(await call('stat', path, 0));
}

export async function readlink(path: string): Promise<string> {
  return textOf(await call('readlink', path));
}

export async function realpath(path: string): Promise<string> {
  return textOf(await call('realpath', path));
}

/** The numbers of readdir(3); 0 is a kind that the file system does not tell. */
const KINDS = { folder: 4, file: 8, link: 10 } as const;

class Dirent {
  readonly name: string | Buffer;
  readonly #kind: number;

  constructor(name: string | Buffer, kind: number) {
    this.name = name;
    this.#kind = kind;
  }

  isFile(): boolean {
    return this.#kind === KINDS.file;
  }
  isDirectory(): boolean {
    return this.#kind === KINDS.folder;
  }
  isSymbolicLink(): boolean {
    return this.#kind === KINDS.link;
  }
}

interface ReadOptions {
  readonly withFileTypes?: boolean;
  readonly encoding?: 'buffer' | 'utf8';
}

/** Each entry is a byte for its kind, its name, and a NUL. */
export async function readdir(path: string): Promise<string[]>;
export async function readdir(path: string, options: { readonly encoding: 'buffer' }): Promise<Buffer[]>;
export async function readdir(path: string, options: { readonly withFileTypes: true }): Promise<Dirent[]>;
export async function readdir(path: string, options: ReadOptions = {}): Promise<unknown[]> {
  const bytes = new Buffer((await call('readdir', path)) as ArrayBuffer);
  const entries: unknown[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at + 1);
    const name = bytes.subarray(at + 1, end);
    const shown = options.encoding === 'buffer' ? name : name.toString();
    const kind = bytes[at] as number;
    entries.push(options.withFileTypes ? new Dirent(shown, kind) : shown);
    at = end + 1;
  }
  return entries;
}

export async function mkdir(
  path: string,
  { recursive = false, mode = 0o777 }: { readonly recursive?: boolean; readonly mode?: number } = {},
): Promise<void> {
  try {
    await call('mkdir', path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!recursive) throw error;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT') throw error;
    await mkdir(path.replace(/\/+[^/]*\/*$/, '') || '/', { recursive, mode });
    await mkdir(path, { recursive, mode });
  }
}

export async function rename(from: string, to: string): Promise<void> {
  await call('rename', from, to);
}

export async function unlink(path: string): Promise<void> {
  await call('unlink', path);
}

export async function rmdir(path: string): Promise<void> {
  await call('rmdir', path);
}

export async function chmod(path: string, mode: number): Promise<void> {
  await call('chmod', path, mode);
}

export async function chown(path: string, uid: number, gid: number): Promise<void> {
  await call('chown', path, uid, gid);
}
