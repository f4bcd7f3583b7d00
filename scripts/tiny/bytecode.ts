/** Turns modules into the engine's bytecode, by a program that is the engine itself. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Asset } from './assets.ts';
import type { Module } from './modules.ts';
import { runTool } from './run-tool.ts';

/** @throws TinyError */
export function compileModules(modules: readonly Module[], tool: string, folder: string): Asset[] {
  mkdirSync(folder, { recursive: true });
  const named = modules.map(({ name, code }) => ({ name: assetName(name), code, path: join(folder, name) }));
  for (const { path, code } of named) writeFileSync(path, code);
  runTool(
    tool,
    named.flatMap(({ name, path }) => [name, path]),
  );
  return named.map(({ name, path }) => ({ name, bytes: readFileSync(`${path}.bin`) }));
}

/** The host starts with `main`; others are imported by the names of their files. */
function assetName(file: string): string {
  return file === 'main.js' ? 'main' : file;
}
