/**
 * The one path that all messages take, whatever their dialect: who sends, how often, what, to which channels,
 * into the queue, and how far it came while the request waits.
 */

import { problem, type Refused } from './api/refusal.ts';
import { type Draft, type Fields, fingerprintOf, validate } from './api/request.ts';
import { type Attempt, Unanswered, unansweredKey } from './api/unanswered.ts';
import type { Access, Grant, User } from './auth/access.ts';
import type { Status } from './queue/envelope.ts';
import type { Acceptance, Order, Queue } from './queue/queue.ts';

/** When to come back after 503. */
const BUSY_RETRY_SECONDS = '5';

export interface Sender {
  readonly token: string | undefined;
  /** The address that the request came from. */
  readonly client: string;
}

export interface Submission extends Sender {
  /** In mote's own words; what could not be read is refused only after the token was looked at. */
  readonly fields: Fields | Refused;
  /** The header `Idempotency-Key`. */
  readonly idempotencyKey: string | undefined;
  /**
   * Names that have a meaning of their own for the client (a topic, a tag) and mean channels only as far as the
   * user has channels of these names. Where `fields` name channels they count for nothing.
   */
  readonly channelHints?: readonly string[];
  /** See `RequestFacts.isGone`. Without it no repetition is recognised by it. */
  readonly isGone?: (() => boolean) | undefined;
  /** Where the client waits for less than the operator allows. */
  readonly maxWaitMs?: number;
}

/** The message was accepted, now or (`isRepeated`) under the same idempotency key before. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly status: Status;
  readonly isRepeated: boolean;
}

export interface NotifierOptions {
  readonly access: Access;
  readonly queue: Queue;
  /** How long a request waits for the first attempts. */
  readonly waitMs: number;
  /** In milliseconds from any start. */
  readonly now: () => number;
}

/** A request that is in the queue, or was refused there. */
interface Entered {
  readonly acceptance: Acceptance;
  /** Its answer goes out. */
  answered(): void;
}

export class Notifier {
  readonly #access: Access;
  readonly #queue: Queue;
  readonly #waitMs: number;
  readonly #unanswered: Unanswered;

  constructor({ access, queue, waitMs, now }: NotifierOptions) {
    this.#access = access;
    this.#queue = queue;
    this.#waitMs = waitMs;
    this.#unanswered = new Unanswered(now);
  }

  /** See {@link Access.has}. */
  knows(token: string): boolean {
    return this.#access.has(token);
  }

  async submit(submission: Submission): Promise<Accepted | Refused> {
    const grant = this.#admit(submission);
    if (grant.kind === 'refused') return grant;
    const { fields, idempotencyKey, channelHints = [] } = submission;
    if ('kind' in fields) return fields;
    const draft = validate(fields, idempotencyKey);
    if ('kind' in draft) return draft;
    const order = orderOf(followHints(draft, channelHints, grant.user), grant.user);
    if ('kind' in order) return order;
    const { acceptance, answered } = await this.#enter(order, fingerprintOf(draft), submission);
    if (!('id' in acceptance)) {
      answered();
      return refusalOf(acceptance);
    }
    const { maxWaitMs = this.#waitMs } = submission;
    await this.#queue.waitForFirstAttempts(acceptance.id, Math.min(maxWaitMs, this.#waitMs));
    const status = await this.#queue.status(acceptance.id, grant.user.name);
    answered();
    if (status) return { kind: 'accepted', status, isRepeated: acceptance.kind === 'repeated' };
    if (acceptance.kind !== 'repeated')
      throw new Error('the queue forgot a message that it had just accepted');
    // It ended so long ago that only its key is known.
    return { kind: 'accepted', status: { id: acceptance.id, progress: [] }, isRepeated: true };
  }

  /** Into the queue; or, where a client that left without its answer asked for the same, to what it began. */
  async #enter(order: Order, fingerprint: string, { token = '', isGone }: Submission): Promise<Entered> {
    if (order.idempotency || !isGone) {
      return { acceptance: await this.#queue.accept(order), answered: () => undefined };
    }
    const key = unansweredKey(token, fingerprint);
    const attempt: Attempt = { isGone, acceptance: this.#acceptOnce(key, order) };
    this.#unanswered.begin(key, attempt);
    const answered = () => this.#unanswered.end(key, attempt);
    try {
      return { acceptance: await attempt.acceptance, answered };
    } catch (error) {
      answered();
      throw error;
    }
  }

  async #acceptOnce(key: string, order: Order): Promise<Acceptance> {
    const before = await this.#unanswered.take(key)?.acceptance.catch(() => undefined);
    return before && 'id' in before ? { kind: 'repeated', id: before.id } : this.#queue.accept(order);
  }

  /** Whose token it is, and so which channels it may name. */
  identify({ token, client }: Sender): Grant | Refused {
    return this.#access.authenticate(token, client);
  }

  async find(sender: Sender, id: string): Promise<{ kind: 'found'; status: Status } | Refused> {
    const grant = this.identify(sender);
    if (grant.kind === 'refused') return grant;
    const status = await this.#queue.status(id, grant.user.name);
    if (status) return { kind: 'found', status };
    return problem(
      'not_found',
      'No message of yours has this id, or it ended too long ago to be remembered.',
    );
  }

  #admit(sender: Sender): Grant | Refused {
    const grant = this.identify(sender);
    return (grant.kind === 'granted' && grant.take()) || grant;
  }
}

function followHints(draft: Draft, hints: readonly string[], { channels }: User): Draft {
  const meant = draft.channels ? [] : channels.filter((name) => hints.includes(name));
  return meant.length > 0 ? { ...draft, channels: meant } : draft;
}

function orderOf(draft: Draft, user: User): Order | Refused {
  const strangers = draft.channels?.filter((name) => !user.channels.includes(name)) ?? [];
  if (strangers.length > 0) {
    const own = user.channels.join(', ');
    return problem(
      'forbidden',
      `This token may not use the channel ${strangers.join(', ')}; it may use ${own}.`,
    );
  }
  const channels = draft.channels ?? user.channels;
  if (channels.length === 0)
    return problem('forbidden', 'This token has no channels: ask the operator for one.');
  const { content, idempotencyKey: key } = draft;
  const idempotency = key === undefined ? undefined : { key, fingerprint: fingerprintOf(draft) };
  return { user: user.name, content, channels, ...(idempotency && { idempotency }) };
}

function refusalOf({ kind }: Exclude<Acceptance, { id: string }>): Refused {
  const later = ['Retry-After', BUSY_RETRY_SECONDS];
  switch (kind) {
    case 'conflict':
      return problem(
        'conflict',
        'This idempotency key was used for another message: use a new key for a new one.',
      );
    case 'full':
      return problem('unavailable', 'Too many messages are waiting: send it again later.', later);
    case 'stopping':
      return problem('unavailable', 'The server is stopping: send it again in a moment.', later);
    case 'unavailable':
      return problem('unavailable', 'The message cannot be kept safe now: send it again later.', later);
  }
}
