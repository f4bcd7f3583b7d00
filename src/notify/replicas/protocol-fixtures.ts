/**
 * A model of the protocol of replicas, small enough to visit all of its states: one message, a few replicas, a few
 * faults. Its rules are those of the scripts; `test/notify/replica-store.test.ts` holds both to the same. Pure.
 */

/** A replica in one of its lives: a process that starts again has another name. */
export type Name = string;

export interface ServerState {
  /** The message is there. */
  readonly row: boolean;
  readonly owner: Name;
  /** The name of who has finished it; empty before. */
  readonly receipt: Name;
  /** Who is taken to be alive. */
  readonly alive: readonly Name[];
}

/** What a replica does with the message: nothing, it waits, an attempt was allowed, an attempt was made. */
export type Phase = 'none' | 'waiting' | 'begun' | 'sent';

interface Replica {
  readonly life: number;
  readonly phase: Phase;
  readonly isPaused: boolean;
}

export interface Faults {
  readonly crashes: number;
  readonly pauses: number;
  /** Replies of the server. */
  readonly losses: number;
  /** The server comes back without its last write. */
  readonly failovers: number;
}

export interface State {
  readonly server: ServerState;
  /** As the server was before its last write. */
  readonly before: ServerState;
  readonly replicas: readonly Replica[];
  readonly isAccepted: boolean;
  readonly deliveries: number;
  readonly faults: Faults;
  readonly staleWrites: number;
  /** How many deliveries beyond the first are nobody's mistake. */
  readonly excuses: number;
}

/** What is left out of the rules, to see that the model notices. */
export interface Mutation {
  /** An attempt begins without asking who the owner is. */
  readonly beginsUnasked?: boolean;
  /** The end is recorded whoever the owner is. */
  readonly finishesUnasked?: boolean;
  /** Messages are taken from replicas that are alive. */
  readonly adoptsFromLiving?: boolean;
  /** An attempt of a message that has ended begins. */
  readonly ignoresTheEnd?: boolean;
  /** A replica that starts again goes by its old name. */
  readonly keepsItsName?: boolean;
  /** A message is accepted once more although it has ended, where a reply was lost. */
  readonly acceptsTheEnded?: boolean;
  /** After a lost reply nobody looks for what they own and do not know. */
  readonly forgetsWhatItOwns?: boolean;
}

export interface Step {
  readonly name: string;
  readonly to: State;
}

const nobody = '';

export function initialState(replicas: number): State {
  const alive = Array.from({ length: replicas }, (_, index) => `${index}.0`);
  const server: ServerState = { row: false, owner: nobody, receipt: nobody, alive };
  const replica: Replica = { life: 0, phase: 'none', isPaused: false };
  return {
    server,
    before: server,
    replicas: alive.map(() => replica),
    isAccepted: false,
    deliveries: 0,
    faults: { crashes: 0, pauses: 0, losses: 0, failovers: 0 },
    staleWrites: 0,
    excuses: 0,
  };
}

// The rules of the scripts.

export function accept(server: ServerState, name: Name): ServerState {
  if (server.row || server.receipt !== nobody) return server;
  return { ...server, row: true, owner: name, alive: withName(server, name) };
}

export function begin(server: ServerState, name: Name): 'begun' | 'lost' {
  if (server.owner === name) return 'begun';
  return server.row || server.receipt !== nobody ? 'lost' : 'begun';
}

export function finish(
  server: ServerState,
  name: Name,
): { readonly server: ServerState; readonly is: 'finished' | 'stale' } {
  if (server.owner !== name) {
    if (server.receipt === name) return { server, is: 'finished' };
    if (server.receipt !== nobody || server.row) return { server, is: 'stale' };
  }
  return { server: { ...server, row: false, owner: nobody, receipt: name }, is: 'finished' };
}

export function adopt(server: ServerState, name: Name): ServerState {
  return { ...server, owner: name, alive: withName(server, name) };
}

export function canAdopt({ row, owner, alive }: ServerState, name: Name): boolean {
  return row && owner !== name && !alive.includes(owner);
}

/** What can happen next. `limits` says how many faults there may be in all. */
export function stepsFrom(state: State, limits: Faults, mutation: Mutation = {}): Step[] {
  const steps = state.replicas.flatMap((replica, index) => [
    ...(replica.isPaused ? [] : workOf(state, index, limits, mutation)),
    ...faultsOf(state, index, limits, mutation),
  ]);
  if (state.faults.failovers < limits.failovers && state.server !== state.before) {
    const faults = counted(state.faults, 'failovers');
    const to = { ...state, server: state.before, faults, excuses: state.excuses + 1 };
    steps.push({ name: 'the server loses its last write', to });
  }
  return [...steps, ...expiries(state)];
}

export function lifeName({ replicas }: State, index: number, { keepsItsName }: Mutation = {}): Name {
  return `${index}.${keepsItsName ? 0 : (replicas[index] as Replica).life}`;
}

function workOf(state: State, index: number, limits: Faults, mutation: Mutation): Step[] {
  const name = lifeName(state, index, mutation);
  const { phase } = state.replicas[index] as Replica;
  const { server } = state;
  const alive = withName(server, name);
  const steps = phase === 'none' ? takings(state, index, limits, mutation) : [];
  const add = (what: string, to: State): void => {
    steps.push({ name: `${name} ${what}`, to });
  };
  if (alive !== server.alive) add('says that it is alive', written(state, { ...server, alive }));
  if (phase === 'waiting') {
    const asked = mutation.ignoresTheEnd ? { ...server, receipt: nobody } : server;
    const isBegun = mutation.beginsUnasked || begin(asked, name) === 'begun';
    if (isBegun) add('begins', inPhase(written(state, { ...server, alive }), index, 'begun'));
    else add('drops it', inPhase(state, index, 'none'));
  }
  if (phase === 'begun') add('sends', inPhase({ ...state, deliveries: state.deliveries + 1 }, index, 'sent'));
  if (phase === 'sent') steps.push(...endings(state, index, limits, mutation));
  return steps;
}

/** How a replica comes to the message. */
function takings(state: State, index: number, limits: Faults, mutation: Mutation): Step[] {
  const name = lifeName(state, index, mutation);
  const { life } = state.replicas[index] as Replica;
  const { server, isAccepted } = state;
  const steps: Step[] = [];
  const take = (what: string, after: State, heard: Partial<State> = {}): void => {
    steps.push({ name: `${name} ${what}`, to: inPhase({ ...after, ...heard }, index, 'waiting') });
    if (state.faults.losses < limits.losses) {
      steps.push({ name: `${name} ${what}, and hears nothing`, to: lost(after) });
    }
  };
  if (!isAccepted && index === 0 && life === 0) {
    const forgets = mutation.acceptsTheEnded && !server.row && server.receipt !== nobody;
    const accepted = forgets ? { ...server, row: true, owner: name } : accept(server, name);
    take('accepts', written(state, accepted), { isAccepted: true });
  }
  const takesFromLiving = mutation.adoptsFromLiving && server.row && server.owner !== name;
  if (canAdopt(server, name) || takesFromLiving) take('adopts', written(state, adopt(server, name)));
  const isOwn = server.row && server.owner === name && isAccepted;
  if (isOwn && !mutation.forgetsWhatItOwns) {
    steps.push({ name: `${name} finds what it owns`, to: inPhase(state, index, 'waiting') });
  }
  return steps;
}

function endings(state: State, index: number, limits: Faults, mutation: Mutation): Step[] {
  const name = lifeName(state, index, mutation);
  const { server } = state;
  const isStale = server.row && server.owner !== name;
  const forced = { server: { ...server, row: false, owner: nobody, receipt: name }, is: 'finished' as const };
  const result = mutation.finishesUnasked ? forced : finish(server, name);
  const after = {
    ...written(state, result.server),
    staleWrites: state.staleWrites + (isStale && result.server !== server ? 1 : 0),
  };
  const steps = [{ name: `${name} records the end`, to: inPhase(after, index, 'none') }];
  if (state.faults.losses < limits.losses) {
    steps.push({ name: `${name} records the end, and hears nothing`, to: lost(after) });
  }
  return steps;
}

function faultsOf(state: State, index: number, limits: Faults, mutation: Mutation): Step[] {
  const name = lifeName(state, index, mutation);
  const replica = state.replicas[index] as Replica;
  const { faults } = state;
  const steps: Step[] = [];
  // Whether an attempt that nobody will hear of, or that goes on after its lease, is under way.
  const isTrying = replica.phase === 'begun' || replica.phase === 'sent';
  const excuses = state.excuses + (isTrying ? 1 : 0);
  if (faults.crashes < limits.crashes) {
    const crashed = withReplica(state, index, { life: replica.life + 1, phase: 'none', isPaused: false });
    steps.push({ name: `${name} crashes`, to: { ...crashed, excuses, faults: counted(faults, 'crashes') } });
  }
  if (replica.isPaused) {
    steps.push({ name: `${name} goes on`, to: withReplica(state, index, { ...replica, isPaused: false }) });
  } else if (faults.pauses < limits.pauses) {
    const paused = withReplica(state, index, { ...replica, isPaused: true });
    steps.push({ name: `${name} pauses`, to: { ...paused, excuses, faults: counted(faults, 'pauses') } });
  }
  return steps;
}

/** Time runs out for who does not say that it is alive. */
function expiries(state: State): Step[] {
  const { server, replicas } = state;
  const silent = server.alive.filter((name) => {
    const index = Number(name.split('.')[0]);
    const replica = replicas[index] as Replica;
    return replica.isPaused || name !== lifeName(state, index);
  });
  return silent.map((name) => ({
    name: `the lease of ${name} ends`,
    to: { ...state, server: { ...server, alive: server.alive.filter((one) => one !== name) } },
  }));
}

function written(state: State, server: ServerState): State {
  return server === state.server ? state : { ...state, server, before: state.server };
}

function withName({ alive }: ServerState, name: Name): readonly Name[] {
  return alive.includes(name) ? alive : [...alive, name].sort();
}

function lost(state: State): State {
  return { ...state, faults: counted(state.faults, 'losses') };
}

function inPhase(state: State, index: number, phase: Phase): State {
  return withReplica(state, index, { ...(state.replicas[index] as Replica), phase });
}

function withReplica(state: State, index: number, replica: Replica): State {
  return { ...state, replicas: state.replicas.with(index, replica) };
}

function counted(faults: Faults, which: keyof Faults): Faults {
  return { ...faults, [which]: faults[which] + 1 };
}
