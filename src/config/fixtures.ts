/** What the tests of `load` share. */
import assert from 'node:assert/strict';
import type { Env } from './env.ts';
import { type Loaded, load } from './load.ts';

/** A salt of the bytes 0 to 7 and a hash of 32 zero bytes. */
export const USER = `ann:pbkdf2-sha256:1000:AAECAwQFBgc:${'A'.repeat(43)}`;

export interface Given {
  readonly argv?: readonly string[];
  readonly env?: Env;
  /** The files that exist. */
  readonly files?: Readonly<Record<string, string>>;
}

function run({ argv = [], env = {}, files = {} }: Given): Loaded {
  return load(argv, env, (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return text;
  });
}

export function succeed(given: Given): Extract<Loaded, { kind: 'ok' }> {
  const loaded = run(given);
  assert.ok(loaded.kind === 'ok', loaded.kind === 'problems' ? loaded.problems.join('\n') : '');
  return loaded;
}

export function fail(given: Given): readonly string[] {
  const loaded = run(given);
  assert.ok(loaded.kind === 'problems', 'expected problems');
  return loaded.problems;
}

/** JSON given by `--config c.json`, with more flags and variables. */
export function json(text: string, argv: readonly string[] = [], env: Env = {}): Given {
  return { argv: ['--config', 'c.json', ...argv], env, files: { 'c.json': text } };
}
