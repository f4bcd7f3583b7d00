/**
 * Compiles files of C on all cores. An object is kept under the hash of all that it is made of, so that the next build
 * compiles only what has changed.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Compiler } from './compiler.ts';
import { startTool } from './run-tool.ts';

/** Objects that no build has used for so long are removed. */
const KEPT_DAYS = 30;
const MS_PER_DAY = 86_400_000;

export interface Unit {
  readonly path: string;
  readonly flags: readonly string[];
  /** Folders that the compiler looks for headers in; their paths leave no trace in the object. */
  readonly include: readonly string[];
  /** The same of foreign headers, whose warnings are not ours. */
  readonly system?: readonly string[];
  /** What stands for the headers: a hash, or their texts. */
  readonly headers: string;
}

/** Paths of the objects, in the order of the units. Rejects with a `TinyError`. */
export async function compileAll(
  units: readonly Unit[],
  compiler: Compiler,
  cache: string,
  onProgress: (percent: number) => void,
): Promise<string[]> {
  const folder = join(cache, 'objects');
  mkdirSync(folder, { recursive: true });
  const part = mkdtempSync(join(folder, 'part-'));
  let done = 0;
  const waiting = units.entries();
  const objects: string[] = [];
  const work = async () => {
    for (const [index, unit] of waiting) {
      objects[index] = await compile(unit, compiler, folder, part);
      done += 1;
      onProgress((100 * done) / units.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    prune(folder, Date.now());
    return objects;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

async function compile(unit: Unit, compiler: Compiler, folder: string, part: string): Promise<string> {
  const key = keyOf(unit, compiler);
  const object = join(folder, `${key}.o`);
  if (existsSync(object)) {
    utimesSync(object, new Date(), new Date());
    return object;
  }
  const made = join(part, `${key}.o`);
  await startTool(compiler.command, [...argumentsOf(unit, compiler), '-o', made, '-c', unit.path]);
  renameSync(made, object);
  return object;
}

/** What a compiler is told about a unit. */
export function argumentsOf({ path, flags, include, system = [] }: Unit, compiler: Compiler): string[] {
  const folders = [...include, ...system, path.slice(0, path.lastIndexOf('/'))];
  return [
    ...compiler.flags,
    ...flags,
    ...include.flatMap((place) => ['-I', place]),
    ...system.flatMap((place) => ['-isystem', place]),
    ...folders.map((place) => `-ffile-prefix-map=${place}=.`),
  ];
}

function keyOf({ path, flags, headers }: Unit, { command, flags: common, identity }: Compiler): string {
  const made = [command, identity, common.filter((flag) => !flag.startsWith('/')), flags, headers];
  return createHash('sha256').update(JSON.stringify(made)).update(readFileSync(path)).digest('hex');
}

function prune(folder: string, nowMs: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats && nowMs - stats.mtimeMs > KEPT_DAYS * MS_PER_DAY)
      rmSync(path, { recursive: true, force: true });
  }
}
