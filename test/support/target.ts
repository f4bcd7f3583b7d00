/**
 * Starts the program under test as users do: a command line, an environment and signals.
 *
 * `MOTE_TARGET` names another command line than `node src/cli/bin.ts`, for example `dist/mote` or a wrapper of
 * test/targets/. A wrapper must keep the current folder where it can, the `MOTE_…`, `PORT` and `HOST` variables
 * and the network of the machine, show the folder `TEST_ROOT` under the same path, and end in `exec` or with the
 * exit code of the program, which is its only child (signals go to the program itself).
 */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testRoot } from './folder.ts';
import { Lines } from './lines.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** Longer than any start or end may take on a busy machine. */
const PATIENCE_MS = 30_000;

/** The command line of the program under test. */
export const target: readonly [string, ...string[]] = targetFrom(process.env.MOTE_TARGET);

/** `MOTE_ENGINE` names the HTTP engine of all servers that are started, `MOTE_WORKERS` the number of their workers. */
const shared: readonly string[] = [
  ...(process.env.MOTE_ENGINE ? ['--http-engine', process.env.MOTE_ENGINE] : []),
  ...(process.env.MOTE_WORKERS ? ['--workers', process.env.MOTE_WORKERS] : []),
];

/** Whether the source is run, and not something built from it. */
export const isSource = process.env.MOTE_TARGET === undefined;

/**
 * A reason to skip what an engine in between makes untestable: it copies the program's output, and its own start
 * takes longer than what is measured.
 */
export const engineBetween = /container\.ts/.test(process.env.MOTE_TARGET ?? '')
  ? 'the container engine stands between the program and the test'
  : false;

/** A reason to skip what holds for each worker by itself, and not for all together. */
export const severalWorkers =
  Number(process.env.MOTE_WORKERS ?? 1) > 1 ? 'it is about one process, and several serve' : false;

/** What only some builds can do, by the names that `--version --json` has for what a build lacks. */
export type Feature =
  | 'compression'
  | 'workers'
  | 'replicas'
  | 'nodeHttp'
  | 'charsets'
  | 'tls'
  | 'largeMessages';

const lacks: readonly Feature[] = isSource ? [] : askForLacks();

/** A reason to skip what needs a feature, or `false` where the program under test has it. */
export function without(feature: Feature): string | false {
  return lacks.includes(feature) && `this build has no ${feature}`;
}

function askForLacks(): readonly Feature[] {
  const [command, ...first] = target;
  const options = { env: neutralEnvironment(), encoding: 'utf8', timeout: PATIENCE_MS } as const;
  const { stdout, stderr, error } = spawnSync(command, [...first, '--version', '--json'], options);
  if (error || !stdout) throw new Error(`${target.join(' ')} does not start: ${error?.message ?? stderr}`);
  return JSON.parse(stdout).lacks ?? [];
}

/** An account without rights. */
export const NOBODY = 65_534;

/** Why there is no test under that account here, or `false`. */
export function cannotBeNobody(): string | false {
  if (process.getuid?.() !== 0) return 'needs the super-user, to become another account';
  const [command, ...first] = target;
  const commands = [
    [command, ...first, '--version'],
    ['test', '-x', testRoot],
  ] as const;
  const closed = commands.find(([program, ...args]) => {
    return spawnSync(program, args, { env: neutralEnvironment(), uid: NOBODY }).status !== 0;
  });
  return (
    closed !== undefined &&
    `an account without rights cannot use ${closed.join(' ')} (chmod a+x what is above it)`
  );
}

function targetFrom(commandLine: string | undefined): readonly [string, ...string[]] {
  const [command, ...rest] = (commandLine ?? '').split(' ').filter((word) => word !== '');
  if (command === undefined) return [process.execPath, resolve(REPOSITORY, 'src/cli/bin.ts')];
  const located = (word: string) => (word.includes('/') ? resolve(REPOSITORY, word) : word);
  return [located(command), ...rest.map(located)];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;

  /** The user account to run under, for what the super-user may always do. */
  readonly uid?: number;
}

export interface StartOptions extends LaunchOptions {
  /** What to serve: the first positional. The second is always `0`, any free port. */
  readonly root: string;
  readonly args?: readonly string[];
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const running = new Set<Child>();
process.on('exit', () => {
  for (const child of running) kill(programOf(child), 'SIGKILL');
});

/** The program itself: a wrapper that stays has it as its only child, or as the only child of that. */
function programOf({ pid = 0 }: Child): number {
  let program = pid;
  for (let only = childrenOf(pid); only.length === 1; only = childrenOf(program)) {
    const [child = 0] = only;
    if (isWorker(child)) break;
    program = child;
  }
  return program;
}

function childrenOf(parent: number): number[] {
  try {
    const threads = readdirSync(`/proc/${parent}/task`);
    const texts = threads.map((thread) => readFileSync(`/proc/${parent}/task/${thread}/children`, 'utf8'));
    return texts.join('').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function isWorker(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('mote: worker\0');
  } catch {
    return false;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

function launch(args: readonly string[], { env, ...options }: LaunchOptions): Child {
  const [command, ...first] = target;
  const child = spawn(command, [...first, ...args], {
    ...options,
    env: { ...neutralEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

/** The environment without anything that configures the program. */
export function neutralEnvironment(): Record<string, string | undefined> {
  const configures = (name: string) => /^(MOTE_.*|PORT|HOST|NODE_OPTIONS|NODE_TEST_CONTEXT)$/.test(name);
  const kept = Object.entries(process.env).filter(([name]) => !configures(name));
  return { ...Object.fromEntries(kept), TEST_ROOT: testRoot };
}

/** A started server. */
export class Server {
  /** What the first line of stdout says. */
  readonly startLine: string;
  /** The address as the start line gives it. */
  readonly url: string;
  /** 0 where the server listens on a unix socket. */
  readonly port: number;
  readonly pid: number;
  readonly stdout: Lines;
  readonly stderr: Lines;
  /** The process has ended and all of its output has been read. */
  readonly exited: Promise<Exit>;
  /** The process has ended; nobody may have read its output. */
  readonly ended: Promise<unknown>;

  constructor(child: Child, startLine: string, stdout: Lines, stderr: Lines, exited: Promise<Exit>) {
    this.ended = once(child, 'exit');
    // With `--log-format json` the line is the message of an event.
    this.startLine = startLine.startsWith('{') ? JSON.parse(startLine).message : startLine;
    this.url = this.startLine.split(' on ').at(-1) ?? '';
    this.port = Number(/:(\d+)(?:\/.*)?$/.exec(this.url)?.[1] ?? 0);
    this.pid = programOf(child);
    this.stdout = stdout;
    this.stderr = stderr;
    this.exited = exited;
  }

  signal(signal: NodeJS.Signals): void {
    kill(this.pid, signal);
  }

  /** Sends `signal` and waits for the end; a server that hangs is killed, which shows as `SIGKILL`. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    const killer = setTimeout(() => this.signal('SIGKILL'), PATIENCE_MS);
    this.signal(signal);
    const exit = await this.exited;
    clearTimeout(killer);
    return exit;
  }

  /** The processes that serve, if the server has several (`--workers`). */
  get workers(): readonly number[] {
    return childrenOf(this.pid).filter(isWorker);
  }

  /** The first log line that matches, on either output stream; waits for it. */
  logged(pattern: RegExp): Promise<string> {
    return Promise.any([this.stdout.find(pattern), this.stderr.find(pattern)]);
  }

  /** The files below `folder`, which `makeFolder` made, that the server holds open; the number of its sockets. */
  descriptors(folder: string): { files: string[]; sockets: number } {
    const links = [this.pid, ...this.workers].flatMap((pid) =>
      readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)),
    );
    // Its unique name is enough: seen from here, paths in another root may begin elsewhere.
    const part = `/${basename(folder)}/`;
    return {
      files: links.filter((link) => link.includes(part)),
      sockets: links.filter((link) => link.startsWith('socket:')).length,
    };
  }

  /** The highest resident memory since the start, in bytes. */
  peakMemoryBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }
}

/** A descriptor may be closed between the listing and the look. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Starts a server on a free port and waits until it listens. */
export async function start({ root, args = [], ...options }: StartOptions): Promise<Server> {
  const child = launch([root, '0', ...shared, ...args], options);
  return listening(child);
}

/** Waits for the start line of a server that was launched with other arguments. */
export function startWith(args: readonly string[], options: LaunchOptions = {}): Promise<Server> {
  return listening(launch(args, options));
}

async function listening(child: Child): Promise<Server> {
  const exited = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }));
  const [stdout, stderr] = [new Lines(child.stdout), new Lines(child.stderr)];
  child.stdin.end();
  try {
    const startLine = await stdout.find(/ on /, 0, PATIENCE_MS);
    return new Server(child, startLine, stdout, stderr, exited);
  } catch (cause) {
    child.kill('SIGKILL');
    await exited;
    throw new Error(`the server did not start: ${stderr.all.join('\n')}`, { cause });
  }
}

/** A server for one whole test file. */
export async function startForFile(options: StartOptions): Promise<Server> {
  const server = await start(options);
  after(() => server.stop());
  return server;
}

/** A server for one test. */
export async function startForTest(t: TestContext, options: StartOptions): Promise<Server> {
  const server = await start(options);
  t.after(() => server.stop());
  return server;
}

export interface Run extends Exit {
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** Runs the program to its end, with `input` on stdin. */
export async function run(
  args: readonly string[],
  { input = '', ...options }: LaunchOptions & { input?: string } = {},
): Promise<Run> {
  const began = performance.now();
  const child = launch(args, options);
  const killer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  // A program that ends without reading its input closes the pipe early.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  clearTimeout(killer);
  return { code, signal, stdout, stderr, durationMs: performance.now() - began };
}
