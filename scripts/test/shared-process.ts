/**
 * Many files of tests in one process, since most of a short file is the start of Node. Each file is a suite, and leaves
 * the process as it found it, or fails: who comes next must not depend on who was there before.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { relative } from 'node:path';
import { after, before, suite } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/** What a file closes without waiting for it is closed by then; an idle connection or a timer that is forgotten is not. */
const CLOSE_LIMIT_MS = 5000;
const CLOSE_POLL_MS = 2;

/** What belongs to the process, by name; two states differ in what a file left behind. */
type State = ReadonlyMap<string, unknown>;

/** Declares a suite for each file, in this order. */
export function runTogether(files: readonly string[], closeLimitMs = CLOSE_LIMIT_MS): void {
  const unfinished = new Set(files.map((file) => relative(process.cwd(), file)));
  // Whoever ends the process takes the tests of all others with it.
  process.on('exit', () => {
    if (unfinished.size === 0) return;
    process.exitCode = 1;
    process.stderr.write(`the process ended before ${[...unfinished].join(', ')}\n`);
  });
  const finish = (name: string) => {
    unfinished.delete(name);
    // What a file left open, which has failed, does not keep the whole run.
    if (unfinished.size === 0) setTimeout(() => process.exit(1), 2 * closeLimitMs).unref();
  };
  for (const name of [...unfinished]) suite(name, () => declare(name, closeLimitMs, () => finish(name)));
}

async function declare(name: string, closeLimitMs: number, finish: () => void): Promise<void> {
  let state: State = new Map();
  let open: State = new Map();
  before(() => {
    state = stateOfProcess();
    open = openHandles();
  });
  try {
    await import(pathToFileURL(name).href);
  } catch (error) {
    finish();
    throw error;
  }
  // Hooks run in the order of their declaration: this one after those of the file.
  after(async () => {
    finish();
    const left = differences(state, stateOfProcess());
    assert.deepEqual(left, [], `${name} leaves the process changed; put it back, or see own-process.ts`);
    assert.deepEqual(await leftOpen(open, closeLimitMs), [], `${name} leaves something open`);
  });
}

function stateOfProcess(): State {
  const listeners = process
    .eventNames()
    .map((event): [string, number] => [`process.on ${String(event)}`, process.listenerCount(event)]);
  const variables = Object.entries(process.env).map(
    ([name, value]) => [`process.env.${name}`, value] as const,
  );
  return new Map<string, unknown>([
    ['process.cwd', process.cwd()],
    ['process.umask', process.umask()],
    ['process.exitCode', process.exitCode],
    ...listeners,
    ...variables,
    ...membersOf('globalThis', globalThis, Object.getOwnPropertyNames(globalThis)),
    ...membersOf('Date', Date, ['now']),
    ...membersOf('performance', performance, ['now']),
    ...membersOf('process.stdout', process.stdout, ['write']),
    ...membersOf('process.stderr', process.stderr, ['write']),
    ...membersOf('fs', fs, Object.keys(fs)),
    ...membersOf('fs.promises', fs.promises, Object.keys(fs.promises)),
  ]);
}

/** Members by identity, without calling the getters of what is made when it is first used. */
function membersOf(owner: string, object: object, names: readonly string[]): [string, unknown][] {
  return names.map((name) => {
    const property = Object.getOwnPropertyDescriptor(object, name);
    return [`${owner}.${name}`, property?.value ?? property?.get ?? Reflect.get(object, name)];
  });
}

/** What keeps the event loop alive, counted by kind. */
function openHandles(): State {
  const kinds = Map.groupBy(process.getActiveResourcesInfo(), (kind) => kind);
  return new Map([...kinds].map(([kind, all]) => [kind, all.length]));
}

/** What was not open before, once there was time to close it. */
async function leftOpen(before: State, limitMs: number): Promise<string[]> {
  const more = () =>
    [...openHandles()].filter(([kind, count]) => Number(count) > Number(before.get(kind) ?? 0)).map(String);
  const endMs = performance.now() + limitMs;
  // At least once: what was begun last is open only after a turn.
  do await wait(CLOSE_POLL_MS);
  while (more().length > 0 && performance.now() < endMs);
  return more();
}

function differences(before: State, after: State): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => !Object.is(before.get(name), after.get(name)));
}
