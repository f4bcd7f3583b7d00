import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Faults, initialState, type Mutation, type State, stepsFrom } from './protocol-fixtures.ts';

const none: Faults = { crashes: 0, pauses: 0, losses: 0, failovers: 0 };

/** What must hold in every state; a text for what does not. */
function faultOf(state: State): string | undefined {
  const { server, isAccepted, deliveries, faults, staleWrites, replicas, excuses } = state;
  if (isAccepted && faults.failovers === 0 && !server.row && server.receipt === '') return 'it is lost';
  if (server.row && server.receipt !== '' && faults.failovers === 0) return 'it came back after its end';
  if (staleWrites > 0) return 'somebody wrote what was not theirs';
  if (deliveries > 1 + excuses) return `${deliveries} deliveries by ${excuses} faults`;
  const working = replicas.filter(({ phase }) => phase === 'begun' || phase === 'sent').length;
  if (working > 1 + excuses) return 'two work on it at a time';
  return undefined;
}

interface Visit {
  readonly state: State;
  readonly from: Visit | undefined;
  readonly step: string;
}

interface Search {
  readonly states: number;
  /** The shortest way to what must not be. */
  readonly trace: readonly string[] | undefined;
}

/** Breadth first, through every state. */
function search(replicas: number, limits: Faults, mutation: Mutation = {}): Search {
  const first: Visit = { state: initialState(replicas), from: undefined, step: 'start' };
  const visits = new Map<string, Visit>([[JSON.stringify(first.state), first]]);
  const next: Map<string, string[]> = new Map();
  // A map goes on with what is added meanwhile.
  for (const [key, visit] of visits) {
    const fault = faultOf(visit.state);
    if (fault !== undefined) return { states: visits.size, trace: [...traceOf(visit), fault] };
    const steps = stepsFrom(visit.state, limits, mutation);
    next.set(
      key,
      steps.filter(({ to }) => sameFaults(to.faults, visit.state.faults)).map(({ to }) => JSON.stringify(to)),
    );
    for (const { name, to } of steps) {
      const id = JSON.stringify(to);
      if (!visits.has(id)) visits.set(id, { state: to, from: visit, step: name });
    }
  }
  const stuck = firstStuck(visits, next);
  return { states: visits.size, trace: stuck && [...traceOf(stuck), 'it never ends'] };
}

/** A state from which, without further faults, no end can be reached. */
function firstStuck(
  visits: ReadonlyMap<string, Visit>,
  next: ReadonlyMap<string, readonly string[]>,
): Visit | undefined {
  const ends = new Set<string>();
  const before = new Map<string, string[]>();
  for (const [from, tos] of next) for (const to of tos) before.set(to, [...(before.get(to) ?? []), from]);
  const open = [...visits].filter(([, { state }]) => isOver(state)).map(([key]) => key);
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (ends.has(key)) continue;
    ends.add(key);
    open.push(...(before.get(key) ?? []));
  }
  return [...visits].find(([key, { state }]) => isPending(state) && !ends.has(key))?.[1];
}

/** What a server has lost that nobody works on is lost. */
function isPending({ server, isAccepted, replicas }: State): boolean {
  const isKnown = server.row || server.receipt !== '' || replicas.some(({ phase }) => phase !== 'none');
  return isAccepted && isKnown;
}

function isOver({ server, replicas, isAccepted }: State): boolean {
  return (
    isAccepted && server.receipt !== '' && !server.row && replicas.every(({ phase }) => phase === 'none')
  );
}

function sameFaults(a: Faults, b: Faults): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function traceOf(visit: Visit): string[] {
  return visit.from ? [...traceOf(visit.from), visit.step] : [];
}

describe('every state of the protocol', () => {
  const cases: readonly (readonly [name: string, replicas: number, limits: Faults])[] = [
    ['without faults', 3, none],
    ['crashes', 2, { ...none, crashes: 3 }],
    ['pauses beyond the lease', 2, { ...none, pauses: 2 }],
    ['lost replies', 2, { ...none, losses: 3 }],
    ['a server that lost its last write', 2, { ...none, failovers: 1 }],
    ['all of them', 2, { crashes: 1, pauses: 1, losses: 1, failovers: 1 }],
    ['crashes and pauses of three', 3, { ...none, crashes: 1, pauses: 1 }],
  ];
  for (const [name, replicas, limits] of cases) {
    test(name, (t) => {
      const { states, trace } = search(replicas, limits);
      assert.equal(trace, undefined);
      t.diagnostic(`${states} states`);
      assert.ok(states > 3);
    });
  }
});

describe('a rule that is missing is noticed', () => {
  const all: Faults = { crashes: 1, pauses: 1, losses: 1, failovers: 0 };
  const cases: readonly (readonly [Mutation, limits: Faults])[] = [
    [{ beginsUnasked: true }, all],
    [{ finishesUnasked: true }, all],
    [{ adoptsFromLiving: true }, none],
    [{ ignoresTheEnd: true }, all],
    [{ keepsItsName: true }, all],
    [{ acceptsTheEnded: true }, all],
    [{ forgetsWhatItOwns: true }, { ...none, crashes: 1, losses: 1 }],
  ];
  for (const [mutation, limits] of cases) {
    test(Object.keys(mutation).join(), (t) => {
      const { trace } = search(2, limits, mutation);
      assert.ok(trace);
      t.diagnostic(trace.join('; '));
    });
  }
});
