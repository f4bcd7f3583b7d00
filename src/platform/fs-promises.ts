/** Node's `fs/promises`, by the threads of the host. */
import { Buffer } from './buffer.ts';
import { type BigIntStats, bigStatsOf, openFlags, partsOf, type Stats, statsOf, textOf } from './fs.ts';
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
    return options ? bigStatsOf(answer) : statsOf(answer);
  }

  async read(target: Uint8Array, offset: number, length: number, position: number | null) {
    const bytes = new Uint8Array((await call('read', this.fd, length, position ?? -1)) as ArrayBuffer);
    target.set(bytes, offset);
    return { bytesRead: bytes.length };
  }

  async write(content: Uint8Array | string): Promise<{ bytesWritten: number }> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    return { bytesWritten: (await call('write', this.fd, bytes, -1)) as number };
  }

  async writeFile(content: string): Promise<void> {
    let rest = Buffer.from(content);
    while (rest.length > 0) rest = rest.subarray((await this.write(rest)).bytesWritten);
  }

  async readFile(encoding: 'utf8'): Promise<string> {
    const parts: Buffer[] = [];
    for await (const part of partsOf(this.fd)) parts.push(part);
    return Buffer.concat(parts).toString(encoding);
  }

  sync(): Promise<unknown> {
    return call('fsync', this.fd);
  }

  datasync(): Promise<unknown> {
    return this.sync();
  }

  chown(uid: number, gid: number): Promise<unknown> {
    return call('chown', `/proc/self/fd/${this.fd}`, uid, gid);
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

export async function readFile(path: string, encoding: 'utf8'): Promise<string> {
  const file = await open(path);
  try {
    return await file.readFile(encoding);
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

export async function readdir(path: string): Promise<string[]> {
  return textOf(await call('readdir', path))
    .split('\0')
    .slice(0, -1);
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

export const rename = (from: string, to: string): Promise<unknown> => call('rename', from, to);
export const unlink = (path: string): Promise<unknown> => call('unlink', path);
