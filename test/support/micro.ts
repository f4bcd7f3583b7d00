/**
 * Builds and starts mote-micro: for x86-64, or for what `MOTE_MICRO_ARCH` says. On another processor it runs under
 * qemu-user, whose own memory and descriptors then stand beside those of the program.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Arch, build, type Input } from '../../scripts/micro/micro.ts';
import { debian } from '../../scripts/test/lacking.ts';
import type { SiteFile } from '../../src/micro/content.ts';
import type { ProgramOptions } from '../../src/micro/server.ts';
import { contentType } from '../../src/static/mime.ts';
import { makeFolder } from './folder.ts';
import { connect } from './raw.ts';

export const arch: Arch = process.env.MOTE_MICRO_ARCH === 'arm64' ? 'arm64' : 'x86-64';

/** What runs programs for another processor (Debian package qemu-user). */
const EMULATORS = { 'x86-64': 'qemu-x86_64', arm64: 'qemu-aarch64' } as const;
const native = process.arch === (arch === 'arm64' ? 'arm64' : 'x64');
const emulator = native ? undefined : EMULATORS[arch];

/** Why it cannot run here, or `false`. */
export const cannotRunMicro = whyNot();

/** Why what is said about a process cannot be said about this program, or `false`. */
export const isEmulated = native ? false : 'what can be seen is the emulator';

function whyNot(): string | false {
  if (process.platform !== 'linux') return 'mote-micro runs on Linux only';
  if (!emulator || spawnSync(emulator, ['--version']).status === 0) return false;
  return `missing: ${emulator} ${debian(['qemu-user'])}`;
}

/** How to start a program. */
export function commandFor(path: string, args: readonly string[] = []): [command: string, args: string[]] {
  return emulator ? [emulator, [path, ...args]] : [path, [...args]];
}

const START_LIMIT_MS = 5000;
/** For the emulator; a program by itself gets no environment but what a test wants. */
const searchPath = emulator ? { PATH: process.env.PATH ?? '' } : {};
const folder = makeFolder();
let built = 0;

interface ProgramSettings extends Partial<ProgramOptions> {
  readonly contentType?: string;
}

/** Writes a program that serves `content` at `/`; returns its path. A site has some other files besides. */
export function program(
  profile: string,
  content: Uint8Array | string,
  { contentType = 'text/html; charset=utf-8', ...options }: ProgramSettings = {},
): string {
  const page = { content: Buffer.from(content), contentType };
  if (profile !== 'site') return write(profile, { kind: 'page', page }, options);
  const files = [
    { ...page, segments: ['index.html'] },
    ...['about.html', 'docs/index.html', 'docs/style.css'].map((path) => siteFile(path, `this is ${path}`)),
  ];
  return write(profile, { kind: 'site', files }, options);
}

export function siteFile(path: string, content: Uint8Array | string): SiteFile {
  const segments = path.split('/');
  return { segments, content: Buffer.from(content), contentType: contentType(segments.at(-1) ?? '') };
}

/** Writes a program that serves files, by their paths; returns its path. */
export function siteProgram(tree: Readonly<Record<string, Uint8Array | string>>): string {
  const files = Object.entries(tree).map(([path, content]) => siteFile(path, content));
  return write('site', { kind: 'site', files }, {});
}

function write(profile: string, input: Input, options: Partial<ProgramOptions>): string {
  const path = join(folder, `${profile}${built++}`);
  writeFileSync(path, build(profile, input, { port: 8080, arch, ...options }).bytes, { mode: 0o755 });
  return path;
}

/**
 * Where two suites run at once each has its own ports: one on which `record` has served is in no state for the other.
 */
const FIRST_PORT = arch === 'arm64' ? 0x2800 : 0x5000;
let tried = process.pid % 0x20;

/** A port that nobody uses; with this low byte, if it matters. */
export async function freePort(lowByte?: number): Promise<number> {
  const wanted = () => (lowByte === undefined ? 0 : FIRST_PORT + (tried++ % 0x28) * 0x100 + lowByte);
  for (;;) {
    const server = createServer().listen(wanted(), '127.0.0.1');
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!free) continue;
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }
}

export interface Micro {
  readonly port: number;
  readonly pid: number;
  readonly child: ChildProcess;
  /** How many descriptors it has open. */
  descriptors(): number;
  /** Of the processor, in seconds since the start. */
  cpuSeconds(): number;
  isRunning(): boolean;
}

export interface MicroOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port: number;
}

/** Starts a program and waits until it accepts connections. */
export async function startMicro(
  t: Pick<TestContext, 'after'>,
  path: string,
  { port, args = [String(port)], env = {} }: MicroOptions,
): Promise<Micro> {
  const child = spawn(...commandFor(path, args), { env: { ...searchPath, ...env }, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  await accepting(port, child);
  const pid = child.pid as number;
  return {
    port,
    pid,
    child,
    descriptors: () => readdirSync(`/proc/${pid}/fd`).length,
    cpuSeconds() {
      const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ');
      const [user, system] = rest.split(' ').slice(11, 13).map(Number);
      return ((user ?? 0) + (system ?? 0)) / 100;
    },
    isRunning: () => child.exitCode === null && child.signalCode === null,
  };
}

/** Waits until somebody accepts connections on this port. */
export async function accepting(port: number, child: ChildProcess): Promise<void> {
  const limit = performance.now() + START_LIMIT_MS;
  for (;;) {
    const client = await connect({ port }).catch(() => undefined);
    if (client) {
      client.destroy();
      return;
    }
    if (child.exitCode !== null || performance.now() > limit) {
      throw new Error(`nothing listens on ${port}; exit code ${child.exitCode}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
