/** Builds and starts mote-micro. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { build, type Input } from '../../scripts/micro.ts';
import type { SiteFile } from '../../src/micro/content.ts';
import type { ProgramOptions } from '../../src/micro/server.ts';
import { contentType } from '../../src/static/mime.ts';
import { makeFolder } from './folder.ts';
import { connect } from './raw.ts';

/** Why it cannot run here, or `false`. */
export const cannotRunMicro =
  process.platform === 'linux' && process.arch === 'x64'
    ? false
    : 'NOT TESTED: mote-micro runs on Linux on x86-64 only';

const START_LIMIT_MS = 5000;
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
  writeFileSync(path, build(profile, input, { port: 8080, ...options }).bytes, { mode: 0o755 });
  return path;
}

const FIRST_PORT = 0x5000;
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
  const child = spawn(path, args, { env, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  await accepting(port, child);
  const pid = child.pid as number;
  return {
    ...{ port, pid, child },
    descriptors: () => readdirSync(`/proc/${pid}/fd`).length,
    cpuSeconds() {
      const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ');
      const [user, system] = rest.split(' ').slice(11, 13).map(Number);
      return ((user ?? 0) + (system ?? 0)) / 100;
    },
    isRunning: () => child.exitCode === null && child.signalCode === null,
  };
}

async function accepting(port: number, child: ChildProcess): Promise<void> {
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
