/**
 * The compilers: gcc of the machine, or its sibling for the other processor, with musl from the cache in the place of
 * the machine's C library. So both processors are built in one way, and by the same library on every machine.
 */
import { join } from 'node:path';
import type { Arch } from './arguments.ts';
import { requireTools, runTool } from './run-tool.ts';
import { musl } from './sources.ts';

/** As compilers and Debian's folders name processors. */
const tuples: Readonly<Record<Arch, string>> = { x64: 'x86_64-linux', arm64: 'aarch64-linux' };

export interface Compiler {
  readonly command: string;
  /** What every file is compiled with. */
  readonly flags: readonly string[];
  /** What its output depends on beside the arguments. */
  readonly identity: string;
  /** The arguments that link objects to a program. */
  readonly link: (objects: readonly string[], out: string) => readonly string[];
}

/**
 * Position independent, so that every start has other addresses; stacks are guarded. Without tables for unwinding,
 * which nothing here reads, and with each function apart, so that the linker can leave it out. `_FORTIFY_SOURCE` has no
 * effect with musl.
 */
const FLAGS: readonly string[] = [
  '-std=gnu11',
  '-fPIE',
  '-fstack-protector-strong',
  '-fstack-clash-protection',
  '-ffunction-sections',
  '-fdata-sections',
  '-fno-asynchronous-unwind-tables',
  '-fno-unwind-tables',
  '-fno-ident',
  '-D_GNU_SOURCE',
  '-nostdinc',
];

/** What is relocated at the start is read-only afterwards; nothing is writable and executable. */
const LINK_FLAGS: readonly string[] = [
  '-static-pie',
  '-nostdlib',
  '-nostartfiles',
  '-s',
  '-Wl,--gc-sections',
  '-Wl,--build-id=none',
  '-Wl,-z,relro',
  '-Wl,-z,now',
  '-Wl,-z,noexecstack',
  '-Wl,-z,text',
  '-Wl,--fatal-warnings',
];

/** Only for x86-64 can the linkers of today pack the relocations: 85 kB less. */
const archFlags: Readonly<
  Record<Arch, { readonly compile: readonly string[]; readonly link: readonly string[] }>
> = {
  x64: { compile: [], link: ['-Wl,-z,pack-relative-relocs'] },
  // Otherwise each atomic operation is a call that looks at the processor first.
  arm64: { compile: ['-mno-outline-atomics'], link: [] },
};

/** The command for `arch` on this machine. */
export function compilerFor(arch: Arch): string {
  return arch === process.arch ? 'gcc' : `${tuples[arch]}-gnu-gcc`;
}

/** @throws TinyError */
export function findCompiler(arch: Arch, muslFolder: string): Compiler {
  const command = compilerFor(arch);
  requireTools([command]);
  const ask = (question: string) => runTool(command, [question]).trim();
  const place = join(muslFolder, 'usr');
  const [headers, libraries] = ['include', 'lib'].map((name) => join(place, name, `${tuples[arch]}-musl`));
  const { compile, link } = archFlags[arch];
  const own = (name: string) => join(libraries ?? '', name);
  return {
    command,
    flags: [...FLAGS, ...compile, '-isystem', headers ?? '', '-isystem', ask('-print-file-name=include')],
    identity: `${ask('--version')} ${ask('-dumpmachine')} ${musl[arch].sha256}`,
    link: (objects, out) =>
      LINK_FLAGS.concat(link, ['-o', out, own('rcrt1.o'), own('crti.o')], objects, [
        own('libc.a'),
        ask('-print-libgcc-file-name'),
        own('libc.a'),
        own('crtn.o'),
      ]),
  };
}
