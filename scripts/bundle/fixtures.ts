/** What the tests of building share. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { build } from 'esbuild';
import { REPOSITORY } from './bundle.ts';
import { replacements } from './replacements.ts';

/** What a module exports after the build of one that has it for its entry, written to `folder`. */
export async function requireBuilt<Exports>(entry: string, folder: string): Promise<Exports> {
  const outfile = join(folder, `${entry.replaceAll('/', '-')}.cjs`);
  await build({
    absWorkingDir: REPOSITORY,
    entryPoints: [entry],
    outfile,
    preserveSymlinks: true,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minify: true,
    logLevel: 'error',
    plugins: [replacements({ build: { base: 'bundle', embeddedSite: false }, licenses: '' })],
  });
  return createRequire(import.meta.url)(outfile);
}

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
