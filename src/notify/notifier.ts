/**
 * The one path of all messages, whatever their dialect: who sends, how often, what, to which channels, into the queue,
 * and how far delivery gets while the request waits.
 */
import type { RequestFacts } from '../http/types.ts';
import { failure, type Result, success } from '../util/result.ts';
import { type Draft, fingerprintOf, type MessageInput, validate } from './api/draft.ts';
import { invalidFields, type NotifyProblem, notifyProblem } from './api/problem.ts';
import { type UnansweredRequest, UnansweredRequests, unansweredKey } from './api/unanswered.ts';
import type { Access, Grant, NotifyUser } from './auth/access.ts';
import { pendingAt, type Status, type Summary } from './queue/envelope.ts';
import type { Acceptance } from './queue/idempotency.ts';
import type { NewMessage, Queue } from './queue/queue.ts';
import { StoreError } from './queue/store.ts';

/** When to try again after 503. */
const BUSY_RETRY_SECONDS = '5';

/** Of the messages that a list shows. */
export const MAX_RECENT = 20;

export interface Sender {
  readonly token: string | undefined;
  /** The address that the request came from. */
  readonly client: string;
}

export interface SendRequest extends Sender {
  /** A request that could not be parsed is refused only after its token was checked. */
  readonly input: Result<MessageInput, NotifyProblem>;
  /**
   * Names with a meaning of their own for the client (a topic, a tag). One that is also the name of a channel of the
   * user selects this channel. Ignored where `input` names channels.
   */
  readonly channelHints?: readonly string[];
  /** See `RequestFacts.isGone`. Without it, repeated requests are recognised only by their idempotency key. */
  readonly isGone?: RequestFacts['isGone'] | undefined;
  /** For a client that waits less long than the operator allows. */
  readonly maxWaitMs?: number;
}

/** The message was accepted, now or (`isRepeated`) with an earlier equal request. */
export interface Accepted {
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

/** What the queue said to a request. */
interface Enqueued {
  readonly acceptance: Acceptance;
  /** To be called when the response is ready, and awaited before it leaves. */
  onResponse(): void | Promise<void>;
}

export class Notifier {
  readonly #access: Access;
  readonly #queue: Queue;
  readonly #waitMs: number;
  readonly #unanswered: UnansweredRequests;

  constructor({ access, queue, waitMs, now }: NotifierOptions) {
    this.#access = access;
    this.#queue = queue;
    this.#waitMs = waitMs;
    this.#unanswered = new UnansweredRequests(now);
  }

  /** See {@link Access.isToken}. */
  isToken(text: string): boolean {
    return this.#access.isToken(text);
  }

  async submit(request: SendRequest): Promise<Result<Accepted, NotifyProblem>> {
    const grant = await this.#admit(request);
    if (!grant.ok) return grant;
    const { user } = grant.value;
    const { input, channelHints = [], maxWaitMs = this.#waitMs } = request;
    if (!input.ok) return input;
    const validated = validate(input.value);
    if (!validated.ok) return failure(invalidFields(validated.error));
    const draft = validated.value;
    const order = orderOf(followHints(draft, channelHints, user), user);
    if (!order.ok) return order;
    const { acceptance, onResponse } = await this.#enqueue(order.value, fingerprintOf(draft), request);
    if (!('id' in acceptance)) {
      await onResponse();
      return failure(queueProblem(acceptance));
    }
    const { id, kind } = acceptance;
    await this.#queue.waitForFirstAttempts(id, Math.min(maxWaitMs, this.#waitMs));
    const status = await this.#statusOf(id, order.value);
    await onResponse();
    if (status) return success({ status, isRepeated: kind === 'repeated' });
    if (kind !== 'repeated') throw new Error('the queue forgot a message that it had just accepted');
    // It ended so long ago that only its key is known.
    return success({ status: { id, progress: [] }, isRepeated: true });
  }

  /** What is known of a message that is safe: at worst that it waits. */
  async #statusOf(id: string, { user, channels }: NewMessage): Promise<Status | undefined> {
    try {
      return await this.#queue.status(id, user);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { id, progress: channels.map((channel) => pendingAt(channel, 0, [])) };
    }
  }

  /** Accepts the message; or finds that of an equal request whose client left before the response. */
  async #enqueue(
    order: NewMessage,
    fingerprint: string,
    { token = '', isGone }: SendRequest,
  ): Promise<Enqueued> {
    if (order.idempotency || !isGone) {
      return { acceptance: await this.#queue.accept(order), onResponse: () => undefined };
    }
    const key = unansweredKey(token, fingerprint);
    const request: UnansweredRequest = { isGone, acceptance: this.#acceptOnce(key, order) };
    this.#unanswered.begin(key, request);
    const onResponse = () => this.#unanswered.end(key, request);
    try {
      return { acceptance: await request.acceptance, onResponse };
    } catch (error) {
      await onResponse();
      throw error;
    }
  }

  async #acceptOnce(key: string, order: NewMessage): Promise<Acceptance> {
    const unanswered = await this.#unanswered.take(key);
    const before = await unanswered?.acceptance.catch(() => undefined);
    return before && 'id' in before ? { kind: 'repeated', id: before.id } : this.#queue.accept(order);
  }

  /** Whose token it is, and so which channels it may name. */
  identify({ token, client }: Sender): Result<Grant, NotifyProblem> {
    return this.#access.authenticate(token, client);
  }

  /** See {@link Access.refuse}. */
  refuse(mark: string, client: string, detail: string): NotifyProblem {
    return this.#access.refuse(mark, client, detail);
  }

  async find(sender: Sender, id: string): Promise<Result<Status, NotifyProblem>> {
    const grant = this.identify(sender);
    if (!grant.ok) return grant;
    try {
      const status = await this.#queue.lookUp(id, grant.value.user.name);
      if (status) return success(status);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return failure(unavailable('The status cannot be read at the moment: ask again later.'));
    }
    const detail = 'This token has no message with this id, or it ended too long ago.';
    return failure(notifyProblem('not_found', detail));
  }

  /** The latest messages of the user, as far as this process knows them. */
  recent(sender: Sender): Result<readonly Summary[], NotifyProblem> {
    const grant = this.identify(sender);
    return grant.ok ? success(this.#queue.recent(grant.value.user.name, MAX_RECENT)) : grant;
  }

  async #admit(sender: Sender): Promise<Result<Grant, NotifyProblem>> {
    const grant = this.identify(sender);
    if (!grant.ok) return grant;
    const taken = await grant.value.take();
    return taken.ok ? grant : taken;
  }
}

function followHints(draft: Draft, hints: readonly string[], { channels }: NotifyUser): Draft {
  const hinted = draft.channels ? [] : channels.filter((name) => hints.includes(name));
  return hinted.length > 0 ? { ...draft, channels: hinted } : draft;
}

function orderOf(draft: Draft, user: NotifyUser): Result<NewMessage, NotifyProblem> {
  const foreign = draft.channels?.filter((name) => !user.channels.includes(name)) ?? [];
  if (foreign.length > 0) {
    const own = user.channels.join(', ');
    return forbidden(`This token may not use the channel ${foreign.join(', ')}; it may use ${own}.`);
  }
  const channels = draft.channels ?? user.channels;
  if (channels.length === 0) return forbidden('This token has no channels: ask the operator for one.');
  const { content, idempotencyKey: key } = draft;
  const idempotency = key === undefined ? undefined : { key, fingerprint: fingerprintOf(draft) };
  return success({ user: user.name, content, channels, ...(idempotency && { idempotency }) });
}

function forbidden(detail: string): Result<never, NotifyProblem> {
  return failure(notifyProblem('forbidden', detail));
}

function queueProblem({ kind }: Exclude<Acceptance, { id: string }>): NotifyProblem {
  switch (kind) {
    case 'conflict':
      return notifyProblem(
        'conflict',
        'This idempotency key was used for another message: use a new key for a new message.',
      );
    case 'full':
      return unavailable('Too many messages are waiting: send it again later.');
    case 'stopping':
      return unavailable('The server is shutting down: send it again in a moment.');
    case 'unavailable':
      return unavailable('The message cannot be stored safely at the moment: send it again later.');
  }
}

function unavailable(detail: string): NotifyProblem {
  return notifyProblem('unavailable', detail, ['Retry-After', BUSY_RETRY_SECONDS]);
}
