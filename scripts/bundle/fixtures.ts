/** What the tests of building share. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { REPOSITORY } from '../bundle.ts';

/** A folder for one test file, gone when it ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mote-build-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What building reads, at another path. */
export function copyOfRepository(folder: string): string {
  const copy = join(folder, 'another checkout');
  for (const name of ['src', 'scripts', 'licenses', 'package.json', 'tsconfig.json', 'LICENSE']) {
    cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}
