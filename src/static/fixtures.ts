/**
 * What the tests of static files share: a source in memory whose files change, fail and wait as the test says,
 * folders on disk with a hand on the calls of the system, and readers of what comes out.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ByteRange, ByteSource, HeaderList, Plan } from '../http/types.ts';
import type { DiskRules } from './disk.ts';
import type { StaticOptions } from './handler.ts';
import type { Representation } from './plan.ts';
import type { FileSource, FolderEntry, FolderListing, Found, SourceFile } from './source.ts';
import type { FileStore, Lookup, Resource } from './store.ts';

/** A site with nothing special. */
export const staticOptions: StaticOptions = {
  index: 'index.html',
  cleanUrls: false,
  compression: false,
  cacheBytes: 1024 * 1024,
  cacheHtml: 'no-cache',
  cacheFingerprinted: 'immutable',
  cacheOther: 'max-age=1',
  mediaTypes: [],
  charset: 'utf-8',
  listing: false,
  spa: false,
  notFound: '404.html',
};

interface Stored {
  bytes: Buffer;
  /** What `stat` says, which need not be the number of bytes that can be read. */
  size: number;
  modifiedMs: number;
  changedMs?: number | undefined;
  version: string;
}

interface Details {
  readonly modifiedMs?: number;
  readonly changedMs?: number;
  readonly size?: number;
}

const MTIME_MS = Date.UTC(2024, 0, 2, 3, 4, 5);

/** Folders are there as long as they hold files. Paths are written without a slash in front. */
export class MemorySource implements FileSource {
  /** Every path that was asked for, in order. */
  readonly looks: string[] = [];
  /** Files that were handed out and are not closed. */
  openFiles = 0;
  /** Second closes and reads after a close. */
  readonly misuses: string[] = [];
  /** Awaited by every look. */
  gate: Promise<void> = Promise.resolve();
  /** A single read gives no more than this. */
  maxReadBytes = Number.POSITIVE_INFINITY;
  /** Called before each read; what it throws is what the read throws. */
  onRead: (path: string, position: number) => void = () => undefined;
  readonly #files = new Map<string, Stored>();
  readonly #openErrors = new Map<string, Error>();
  #versions = 0;

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    for (const [path, content] of Object.entries(files)) this.put(path, content);
  }

  /** Puts a new file in place, as a rename does: whoever has the old one open keeps it. */
  put(path: string, content: string | Uint8Array, details: Details = {}): void {
    const bytes = Buffer.from(content);
    const version = `v${++this.#versions}`;
    this.#files.set(path, { bytes, size: bytes.length, modifiedMs: MTIME_MS, version, ...details });
  }

  /** Changes the content in place: whoever has it open reads the new bytes. */
  edit(path: string, content: string | Uint8Array): void {
    const bytes = Buffer.from(content);
    Object.assign(this.#stored(path), { bytes, size: bytes.length, version: `v${++this.#versions}` });
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  /** From now on opening `path` fails, until it is called without an error. */
  failOpen(path: string, error?: Error): void {
    if (error) this.#openErrors.set(path, error);
    else this.#openErrors.delete(path);
  }

  /** Makes every look wait until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gate = promise;
    return resolve;
  }

  async open(segments: readonly string[]): Promise<Found> {
    const path = segments.join('/');
    this.looks.push(path);
    await this.gate;
    const error = this.#openErrors.get(path);
    if (error) throw error;
    const stored = this.#files.get(path);
    if (stored) return { kind: 'file', file: this.#hand(path, stored) };
    return { kind: path === '' || this.#below(path).length > 0 ? 'folder' : 'missing' };
  }

  async list(segments: readonly string[]): Promise<FolderListing> {
    const depth = segments.length;
    const entries = this.#below(segments.join('/')).map((path): [string, FolderEntry] => {
      const { size, modifiedMs } = this.#stored(path);
      const [name = '', ...rest] = path.split('/').slice(depth);
      return [name, { name, directory: rest.length > 0, size, modifiedMs }];
    });
    return { entries: [...new Map(entries).values()], notUtf8: 0, beyond: 0 };
  }

  /** Asserts that everything that was opened has been closed, once, and was not read after that. */
  assertClosed(): void {
    assert.equal(this.openFiles, 0, 'open files');
    assert.deepEqual(this.misuses, []);
  }

  #below(folder: string): string[] {
    return [...this.#files.keys()].filter((path) => folder === '' || path.startsWith(`${folder}/`));
  }

  #stored(path: string): Stored {
    const stored = this.#files.get(path);
    if (!stored) throw new Error(`the test has no file ${path}`);
    return stored;
  }

  #hand(path: string, stored: Stored): SourceFile {
    const { size, modifiedMs, changedMs, version } = stored;
    let closed = false;
    this.openFiles += 1;
    return {
      name: path.split('/').at(-1) ?? '',
      size,
      modifiedMs,
      changedMs,
      version,
      currentVersion: async () => stored.version,
      read: async (target, position) => {
        if (closed) this.misuses.push(`${path} was read after its close`);
        this.onRead(path, position);
        const end = position + Math.min(target.length, this.maxReadBytes);
        const part = stored.bytes.subarray(position, end);
        target.set(part);
        return part.length;
      },
      close: async () => {
        if (closed) this.misuses.push(`${path} was closed twice`);
        else this.openFiles -= 1;
        closed = true;
      },
    };
  }
}

/** The one file at `path`, open. */
export async function openFile(source: FileSource, path: string): Promise<SourceFile> {
  const found = await source.open(path.split('/'));
  if (found.kind !== 'file') throw new Error(`${path} is ${found.kind}`);
  return found.file;
}

/** Looks `path` up as the handler does. */
export function find(store: FileStore, path: string): Promise<Lookup> {
  const segments = path.split('/').filter((name) => name !== '');
  return store.find(path, { segments, directory: path.endsWith('/') });
}

export async function findResource(store: FileStore, path: string): Promise<Resource> {
  const found = await find(store, path);
  assert.ok(found.kind === 'resource', `${path}: ${found.kind}`);
  return found;
}

/** The content that is kept, as Latin-1. */
export function textOf({ content }: Representation): string | undefined {
  if (content?.kind === 'text') return content.text;
  return content && Buffer.from(content.bytes).toString('latin1');
}

/** Lets what runs behind a request come to its end, where it waits for nothing but promises. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The value of a field by its name in lower case. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at < 0 ? undefined : headers[at + 1];
}

/** The bytes that a plan sends. A source stays open. */
export async function bodyOf({ body }: Plan): Promise<Buffer> {
  switch (body.kind) {
    case 'none':
      return Buffer.alloc(0);
    case 'text':
      return Buffer.from(body.text, 'latin1');
    case 'bytes':
      return Buffer.from(body.bytes);
    case 'source':
      return Buffer.concat(await Promise.all(body.pieces.map((piece) => pieceOf(body.source, piece))));
  }
}

async function pieceOf(source: ByteSource, piece: Uint8Array | ByteRange): Promise<Uint8Array> {
  if (piece instanceof Uint8Array) return piece;
  const bytes = Buffer.alloc(piece.end + 1 - piece.start);
  assert.equal(await source.read(bytes, piece.start), bytes.length, 'the range lies within the content');
  return bytes;
}

/** The rules that are the default. */
export const strict: DiskRules = { dotfiles: false, symlinks: false };

/** A folder with these files; a path that ends with a slash is an empty folder. */
export function makeTree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const base = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'mote-disk-')));
  t.after(() => fs.rmSync(base, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    fs.mkdirSync(path.endsWith('/') ? join(base, path) : join(base, path, '..'), { recursive: true });
    if (!path.endsWith('/')) fs.writeFileSync(join(base, path), content);
  }
  return base;
}

/** The content for a file, else what was found. */
export async function outcomeOf(source: FileSource, path: string): Promise<string> {
  return contentOf(await source.open(path.split('/').filter((name) => name !== '')));
}

export async function contentOf(found: Found): Promise<string> {
  if (found.kind !== 'file') return found.kind;
  const bytes = Buffer.alloc(found.file.size);
  const count = await found.file.read(bytes, 0);
  await found.file.close();
  return bytes.toString('utf8', 0, count);
}

type Calls = Pick<typeof fs.promises, 'open' | 'readdir' | 'readlink' | 'realpath' | 'unlink'>;

/** Replaces a call of node:fs/promises for the length of a test. */
export function intercept<Name extends keyof Calls>(t: TestContext, name: Name, replacement: unknown): void {
  const { mock } = t.mock.method(fs.promises, name, replacement as Calls[Name]);
  syncBuiltinESMExports();
  t.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
}

/** Runs `before` and `after` around each opening, and counts what stays open. */
export function aroundOpen(t: TestContext, { before = () => {}, after = () => {} }): { open: number } {
  const original = fs.promises.open;
  const counter = { open: 0 };
  intercept(t, 'open', async (...args: Parameters<typeof original>) => {
    before();
    const handle = await original(...args);
    counter.open += 1;
    const close = handle.close.bind(handle);
    handle.close = () => {
      counter.open -= 1;
      return close();
    };
    after();
    return handle;
  });
  return counter;
}

/** A call that always fails. */
export const failing = (code: string, errno?: number) => async () => {
  throw Object.assign(new Error(code), { code, errno });
};

/** What most trees hold: a site, and what must not be served from it. */
export const siteFiles = {
  'site/index.html': 'root',
  'site/docs/a.txt': 'a',
  'site/.env': 'secret',
  'site/.git/config': 'secret',
  'site/.well-known/security.txt': 'contact',
  'site/docs/.draft': 'secret',
  'site/...': 'dots',
  'outside/passwd': 'outside',
  'site2/a.txt': 'outside',
};
