/** The event loop: descriptors, timers, immediates, and the end of the program. */
import { callsUnderWay, EVENTS, host, takeFinished } from './host.ts';

/** Events that are taken at a time. */
const MAX_EVENTS = 128;

/** Who is told of the events of a descriptor: an object, since a function would be one more for each socket. */
export interface Watcher {
  onEvents(events: number): void;
}

interface Watched {
  readonly watcher: Watcher;
  /** The events that are waited for. */
  events: number;
  /** An unreferenced descriptor does not keep the process. */
  isReferenced: boolean;
  /** Of the wait before it began: an event of the next is its own, one of the same is of a descriptor that had its number. */
  readonly wait: number;
}

/** By descriptor: small numbers, without holes since those cost the engine more. */
const watched: (Watched | undefined)[] = [];
let referenced = 0;
let waits = 0;

/** Tells `watcher` when `descriptor` has one of the events. */
export function watch(descriptor: number, watcher: Watcher, events: number, isReferenced = true): void {
  unwatch(descriptor);
  while (watched.length <= descriptor) watched.push(undefined);
  watched[descriptor] = { watcher, events: 0, isReferenced, wait: waits };
  if (isReferenced) referenced += 1;
  setInterest(descriptor, events);
}

/** Changes the events that are waited for; without any, nothing is seen while it is watched. */
export function setInterest(descriptor: number, events: number): void {
  const one = watched[descriptor];
  if (!one || one.events === events) return;
  one.events = events;
  host.watch(descriptor, events);
}

export function unwatch(descriptor: number): void {
  setInterest(descriptor, 0);
  setReferenced(descriptor, false);
  if (watched[descriptor]) watched[descriptor] = undefined;
}

export function setReferenced(descriptor: number, isReferenced: boolean): void {
  const one = watched[descriptor];
  if (!one || one.isReferenced === isReferenced) return;
  one.isReferenced = isReferenced;
  referenced += isReferenced ? 1 : -1;
}

/** A timer, as Node's. */
export class Timer {
  /** When it is due, and the earlier time by which the heap has it. */
  dueMs = 0;
  atMs = 0;
  /** Its place in the heap, -1 if it is not there. */
  place = -1;
  isReferenced = true;
  readonly run: () => void;
  readonly delayMs: number;
  readonly isRepeated: boolean;

  constructor(run: () => void, delayMs: number, isRepeated: boolean) {
    this.run = run;
    this.delayMs = delayMs >= 1 && delayMs <= 0x7fffffff ? Math.trunc(delayMs) : 1;
    this.isRepeated = isRepeated;
  }

  ref(): this {
    if (!this.isReferenced && this.place >= 0) timersReferenced += 1;
    this.isReferenced = true;
    return this;
  }

  unref(): this {
    if (this.isReferenced && this.place >= 0) timersReferenced -= 1;
    this.isReferenced = false;
    return this;
  }

  /** Later by the time of this turn; its place in the heap is corrected when it comes up. */
  refresh(): this {
    if (this.place < 0) add(this);
    else this.dueMs = turnMs + this.delayMs;
    return this;
  }
}

/** A binary heap by time. */
const heap: Timer[] = [];
let timersReferenced = 0;
/** When the present turn began. */
let turnMs = 0;

function put(timer: Timer, place: number): void {
  heap[place] = timer;
  timer.place = place;
}

function rise(timer: Timer, from: number): void {
  let place = from;
  while (place > 0) {
    const parentPlace = (place - 1) >> 1;
    const parent = heap[parentPlace] as Timer;
    if (parent.atMs <= timer.atMs) break;
    put(parent, place);
    place = parentPlace;
  }
  put(timer, place);
}

function sink(timer: Timer, from: number): void {
  let place = from;
  for (;;) {
    let childPlace = 2 * place + 1;
    if (childPlace >= heap.length) break;
    const right = heap[childPlace + 1];
    if (right && right.atMs < (heap[childPlace] as Timer).atMs) childPlace += 1;
    const child = heap[childPlace] as Timer;
    if (child.atMs >= timer.atMs) break;
    put(child, place);
    place = childPlace;
  }
  put(timer, place);
}

function add(timer: Timer): void {
  timer.dueMs = host.now() + timer.delayMs;
  timer.atMs = timer.dueMs;
  if (timer.isReferenced) timersReferenced += 1;
  rise(timer, heap.length);
}

function remove(timer: Timer): void {
  const { place } = timer;
  if (place < 0) return;
  timer.place = -1;
  if (timer.isReferenced) timersReferenced -= 1;
  const last = heap.pop() as Timer;
  if (last === timer) return;
  rise(last, place);
  sink(last, last.place);
}

type Callback = () => void;

function start(callback: Callback, delayMs: number, isRepeated: boolean): Timer {
  const timer = new Timer(callback, delayMs, isRepeated);
  add(timer);
  return timer;
}

export function setTimeout(callback: Callback, delayMs = 1): Timer {
  return start(callback, delayMs, false);
}

export function setInterval(callback: Callback, delayMs = 1): Timer {
  return start(callback, delayMs, true);
}

export function clearTimeout(timer: Timer | undefined | null): void {
  if (timer) remove(timer);
}

export const clearInterval: typeof clearTimeout = clearTimeout;

let immediates: Callback[] = [];

export function setImmediate(callback: () => void): void {
  immediates.push(callback);
}

/** What an error without a handler ends in; `process.ts` sets it. */
let onDefect: (error: unknown) => void = (error) => {
  throw error;
};

export function setDefectHandler(handler: (error: unknown) => void): void {
  onDefect = handler;
}

/** Runs a callback and then the promise jobs that it left, as Node does after each callback. */
function turn(one: Watcher | Callback, events: number): void {
  try {
    if (typeof one === 'function') one();
    else one.onEvents(events);
    host.runJobs();
  } catch (error) {
    onDefect(error);
  }
  if (rejections.length > 0) reportRejections();
}

function reportRejections(): void {
  for (const [promise, reason] of rejections.splice(0)) {
    if (unhandled.delete(promise)) onDefect(reason);
  }
}

/** Rejections without a handler, until the jobs of this turn have run. */
const unhandled = new Set<object>();
const rejections: [promise: object, reason: unknown][] = [];

host.trackRejections((reason, isHandled, promise) => {
  if (isHandled) return void unhandled.delete(promise);
  unhandled.add(promise);
  rejections.push([promise, reason]);
});

function runTimers(): void {
  const nowMs = host.now();
  for (let timer = heap[0]; timer && timer.atMs <= nowMs; timer = heap[0]) {
    if (timer.dueMs > timer.atMs) {
      timer.atMs = timer.dueMs;
      sink(timer, timer.place);
      continue;
    }
    remove(timer);
    if (timer.isRepeated) add(timer);
    turn(timer.run, 0);
  }
}

function runImmediates(): void {
  const due = immediates;
  immediates = [];
  for (const immediate of due) turn(immediate, 0);
}

function timeToWait(): number {
  if (immediates.length > 0 || !isAlive()) return 0;
  const next = heap[0];
  return next ? Math.max(0, Math.ceil(next.atMs - host.now())) : -1;
}

function isAlive(): boolean {
  return referenced > 0 || timersReferenced > 0 || immediates.length > 0 || callsUnderWay() > 0;
}

/** Runs until nothing is left that could happen. */
export function runLoop(): void {
  const events = new Int32Array(2 * MAX_EVENTS);
  watch(host.finishedDescriptor(), { onEvents: takeFinished }, EVENTS.readable, false);
  turn(() => {}, 0);
  turnMs = host.now();
  // As in Node, what has arrived comes between timers and immediates: after a halt of the process it is seen before
  // anything that a timer leaves to an immediate.
  while (isAlive()) {
    runTimers();
    const count = host.wait(timeToWait(), events);
    turnMs = host.now();
    waits += 1;
    for (let i = 0; i < 2 * count; i += 2) {
      const one = watched[events[i] as number];
      if (one && one.wait !== waits) turn(one.watcher, events[i + 1] as number);
    }
    runImmediates();
  }
}
