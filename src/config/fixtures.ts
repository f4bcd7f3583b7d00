/** What the tests of `load` and those of the parsers share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { success } from '../util/result.ts';
import { type Invocation, load } from './load.ts';
import * as notifyLoading from './notify/load.ts';
import type { Parser } from './parse.ts';
import type { Env } from './system.ts';

/** A salt of the bytes 0 to 7 and a hash of 32 zero bytes. */
export const USER = `ann:pbkdf2-sha256:1000:AAECAwQFBgc:${'A'.repeat(43)}`;

export interface Given {
  readonly argv?: readonly string[];
  readonly env?: Env;
  /** The files that exist. */
  readonly files?: Readonly<Record<string, string>>;
}

function run({ argv = [], env = {}, files = {} }: Given): ReturnType<typeof load> {
  return load(
    argv,
    env,
    (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return text;
    },
    notifyLoading,
  );
}

export function succeed(given: Given): Invocation {
  const loaded = run(given);
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.error.join('\n'));
  return loaded.value;
}

export function fail(given: Given): readonly string[] {
  const loaded = run(given);
  assert.ok(!loaded.ok, 'expected problems');
  return loaded.error;
}

/** JSON given by `--config c.json`, with more flags and variables. */
export function json(text: string, argv: readonly string[] = [], env: Env = {}): Given {
  return { argv: ['--config', 'c.json', ...argv], env, files: { 'c.json': text } };
}

/** A parser, accepted texts with their values, and texts that are refused. */
export type ParserCase = readonly [
  name: string,
  parse: Parser<unknown>,
  accepted: readonly (readonly [string, unknown])[],
  refused: readonly string[],
];

export function testParsers(suites: readonly ParserCase[]): void {
  for (const [name, parse, accepted, refused] of suites) {
    for (const [text, value] of accepted) {
      test(`${name}: ${JSON.stringify(text)} is accepted`, () =>
        assert.deepEqual(parse(text), success(value)));
    }
    for (const text of refused) {
      test(`${name}: ${JSON.stringify(text.slice(0, 60))} is refused`, () => assert.ok(!parse(text).ok));
    }
    test(`${name}: any text is either accepted or refused without being repeated`, () => {
      fc.assert(
        fc.property(fc.string({ unit: 'grapheme' }), (text) => {
          const parsed = parse(text);
          if (!parsed.ok) assert.match(parsed.error, /^[\x20-\x7E]+$/);
        }),
      );
    });
  }
}
