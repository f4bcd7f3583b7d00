/** What the tests of whole runs share: the world around the program, in memory, and clients of its server. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Io, StopSignal } from './io.ts';
import { run } from './main.ts';

/** The world around one run of the program. */
export class World {
  out = '';
  err = '';
  #listener: ((signal: StopSignal) => void) | undefined;
  readonly #started = Promise.withResolvers<string>();
  /** What is sent as soon as somebody listens. */
  early: readonly StopSignal[] = [];
  readonly io: Io;

  constructor(stdin = '') {
    this.io = {
      stdout: {
        write: (chunk: string, how: BufferEncoding | ((error?: null) => void) = 'utf8') => {
          if (typeof how === 'string') return this.#print(Buffer.from(chunk, how).toString());
          how();
          return this.#print(chunk);
        },
        writableLength: 0,
        on: () => undefined,
      },
      stderr: {
        write: (text) => {
          this.err += text;
        },
      },
      readStdin: async () => stdin,
      terminal: () => undefined,
      onSignal: (listener) => {
        this.#listener = listener;
        for (const signal of this.early) listener(signal);
      },
      script: [],
      hasTerminal: true,
      isShown: false,
    };
  }

  #print(text: string): boolean {
    this.out += text;
    if (this.out.includes('\n')) this.#started.resolve(this.out.split('\n', 1)[0] ?? '');
    return true;
  }

  signal(signal: StopSignal): void {
    assert.ok(this.#listener, 'somebody listens for signals');
    this.#listener(signal);
  }

  get listens(): boolean {
    return this.#listener !== undefined;
  }

  firstLine(): Promise<string> {
    return this.#started.promise;
  }
}

/** Runs a command to its end. */
export async function runOnce(argv: readonly string[], { env = {}, stdin = '' } = {}) {
  const world = new World(stdin);
  const code = await run(argv, env, world.io);
  return { code, out: world.out, err: world.err };
}

/** A folder with an index that says hello. */
export function makeFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(join(tmpdir(), 'mote-main-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(join(folder, 'index.html'), 'hello');
  return folder;
}

interface Running {
  readonly world: World;
  readonly line: string;
  readonly port: number;
  readonly exit: Promise<number>;
}

/** Serves until the test ends, at the latest. */
export async function serve(t: TestContext, folder: string, ...flags: string[]): Promise<Running> {
  const world = new World();
  const exit = run([folder, '0', '--host', '127.0.0.1', ...flags], {}, world.io);
  const line = await Promise.race([world.firstLine(), exit.then((code) => `exit ${code}: ${world.err}`)]);
  t.after(async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) world.signal(signal);
    await exit;
  });
  return { world, line, port: Number(/:(\d+)(?:"|$)/.exec(line)?.[1]), exit };
}

/** Status and content of a request on a connection of its own. */
export function get(options: http.RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get({ ...options, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    });
    request.on('error', reject);
  });
}
