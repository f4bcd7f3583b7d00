/**
 * Builds for examination: the same host, engine and TLS library with the C library of the machine, by the machine's
 * compiler, so that AddressSanitizer, UndefinedBehaviorSanitizer and valgrind see every block of memory.
 */
import { join } from 'node:path';
import { REPOSITORY } from '../bundle/bundle.ts';
import type { Compiler } from './compiler.ts';
import type { Unit } from './objects.ts';
import { requireTools, runTool } from './run-tool.ts';

/** What a build is examined with: the sanitizers of the compiler, or valgrind. */
export type Check = 'sanitize' | 'memcheck';

/** `fuzz` is with libFuzzer, which brings the function `main`. */
type Kind = Check | 'fuzz';

const COMMON: readonly string[] = ['-std=gnu11', '-g', '-fno-omit-frame-pointer', '-D_GNU_SOURCE'];
/** An end at the first finding is a finding that no test overlooks. */
const RECOVER = '-fno-sanitize-recover=all';
/** The TLS library compares and copies nothing from nowhere: `memcmp(NULL, NULL, 0)`. It does no harm, and is not ours. */
const LIBRARY: readonly string[] = ['-fno-sanitize=nonnull-attribute,pointer-overflow'];
/** Arithmetic, by which a password would take ten times as long: no bytes of a peer are parsed there. */
const ARITHMETIC = /\/(bignum\w*|ecp\w*|sha\d+|aes\w*|gcm|chacha20|poly1305|constant_time)\.c$/;

interface Tool {
  readonly command: string;
  readonly flags: readonly string[];
  readonly linkFlags: readonly string[];
  /** The functions that `checked/checked.c` stands in front of. */
  readonly wrapped: readonly string[];
}

const tools: Readonly<Record<Kind, Tool>> = {
  sanitize: {
    command: 'gcc',
    flags: ['-fsanitize=address,undefined', RECOVER],
    linkFlags: ['-fsanitize=address,undefined'],
    wrapped: ['pthread_attr_setstacksize', 'syscall', '_exit'],
  },
  memcheck: { command: 'gcc', flags: [], linkFlags: [], wrapped: ['pthread_attr_setstacksize', 'syscall'] },
  fuzz: {
    command: 'clang',
    flags: ['-fsanitize=fuzzer-no-link,address,undefined', RECOVER],
    linkFlags: ['-fsanitize=fuzzer,address,undefined'],
    wrapped: ['pthread_attr_setstacksize', 'syscall'],
  },
};

/** @throws TinyError */
export function checkedCompiler(kind: Kind): Compiler {
  const { command, flags, linkFlags, wrapped } = tools[kind];
  requireTools([command]);
  const wraps = wrapped.map((name) => `-Wl,--wrap=${name}`);
  return {
    command,
    flags: [...COMMON, ...flags],
    identity: `${runTool(command, ['--version'])} ${kind}`,
    link: (objects, out) => [...linkFlags, ...wraps, '-o', out, ...objects, '-lpthread', '-lm'],
  };
}

/**
 * Without the allocator, in whose blocks no tool could see. Warnings are the concern of the build that ships: with what
 * sanitizers add, gcc warns of what is not there.
 */
export function checkedUnits(units: readonly Unit[], [host]: readonly Unit[]): Unit[] {
  if (!host) return [];
  const path = join(REPOSITORY, 'scripts/tiny/checked/checked.c');
  const kept = units.filter((unit) => !unit.path.endsWith('/host/allocator.c'));
  return [...kept, { ...host, path }].map((unit) => ({
    ...unit,
    flags: [...unit.flags.filter((flag) => !flag.startsWith('-W')), '-w', ...flagsFor(unit)],
  }));
}

function flagsFor({ path }: Unit): readonly string[] {
  // With sanitizers, more of it takes the compiler minutes.
  if (path.endsWith('/quickjs.c')) return ['-O1'];
  if (!path.includes('/library/')) return [];
  return ARITHMETIC.test(path) ? ['-O2', '-fno-sanitize=all'] : LIBRARY;
}
