/** Folders to serve, made for one test file and removed when it ends. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Everything that a test serves lies below this folder. */
export const testRoot = process.env.MOTE_TEST_ROOT ?? tmpdir();

/** Paths → contents; `{ link }` is a symbolic link with that text. */
export type Tree = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

const made: string[] = [];
process.on('exit', () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** Makes a new folder that holds `tree`; returns its path. */
export function makeFolder(tree: Tree = {}): string {
  mkdirSync(testRoot, { recursive: true });
  const folder = mkdtempSync(join(testRoot, 'mote-test-'));
  made.push(folder);
  addTo(folder, tree);
  return folder;
}

/** Writes `tree` into an existing folder. */
export function addTo(folder: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(file, content);
    else symlinkSync(content.link, file);
  }
}

/** `size` bytes in which every 4-byte word is its own position, so that a misplaced byte shows. */
export function pattern(size: number, seed = 0): Buffer {
  const bytes = Buffer.alloc(Math.ceil(size / 4) * 4);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32BE((at + seed) >>> 0, at);
  return bytes.subarray(0, size);
}
