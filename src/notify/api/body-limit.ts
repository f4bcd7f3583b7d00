/**
 * Bodies of requests for notify, before they are read: how large they may be, and the response to a larger one.
 *
 * An alert group has megabytes where messages usually have kilobytes. A valid token that is known before the body gets
 * room for it. What may be signed can only be judged when it has been read, so such bodies have some room of their own,
 * which is all that strangers can take. Both are limited for all requests together, so that memory stays bounded.
 */
import type { BodyRoom, Plan, RequestFacts, Stage } from '../../http/types.ts';
import type { Turns } from '../../util/turns.ts';
import type { Notifier } from '../notifier.ts';
import { MAX_MESSAGE_BODY_BYTES } from './effort.ts';
import { type NotifyProblem, notifyProblem } from './problem.ts';

/** Of all bodies above the usual size that have a token, at a time: parsed as JSON they can take ten times as much. */
export const MAX_LARGE_BODIES_BYTES: number = 2 * MAX_MESSAGE_BODY_BYTES;
/** What bodies that may be signed have besides, as a share of the same limits for each and for all. */
const SIGNED_SHARE = 1 / 4;
/** Reading a smaller body takes a few milliseconds at most. */
const UNTIMED_BODY_BYTES = 8 * 1024;
/** When to send a large body again that had no room. */
const LARGE_RETRY_SECONDS = '2';

/** What the owner of a path knows about a request from its head. */
export interface RequestHead {
  /** The token, unless it is in the body. */
  readonly token: string | undefined;
  /** Whether its body may be signed, in place of a token. */
  readonly maybeSigned?: boolean;
  /** The problem in the API of this path. */
  problemPlan(problem: NotifyProblem): Plan;
}

/** `undefined` for a request that is for somebody else. */
export type HeadReader = (facts: RequestFacts) => RequestHead | undefined;

export interface BodyLimitOptions {
  /** What every body may have. */
  readonly usualBytes: number;
  readonly notifier: Pick<Notifier, 'isToken' | 'identify'>;
  /** The first that recognises a request owns it. */
  readonly headReaders: readonly HeadReader[];
  /** For all bodies above the usual size that have a token, at a time; {@link MAX_LARGE_BODIES_BYTES} if it is absent. */
  readonly largeBodiesBytes?: number;
}

/** Gives the room for the body of a request, unless it is small or not for notify. */
export function createBodyLimits({
  usualBytes,
  notifier,
  headReaders,
  largeBodiesBytes = MAX_LARGE_BODIES_BYTES,
}: BodyLimitOptions) {
  const known = new Room(Math.max(usualBytes, MAX_MESSAGE_BODY_BYTES), largeBodiesBytes);
  const signed = new Room(
    Math.max(usualBytes, MAX_MESSAGE_BODY_BYTES * SIGNED_SHARE),
    largeBodiesBytes * SIGNED_SHARE,
  );
  return roomFor;

  function roomFor(facts: RequestFacts): BodyRoom | undefined {
    const length = facts.headers['content-length'];
    const declared = length === undefined ? undefined : Number(length);
    const isSmall = declared !== undefined && declared <= usualBytes;
    const head = isSmall ? undefined : headOf(facts);
    if (!head) return undefined;
    const { token } = head;
    const refuse = (problem: NotifyProblem) => () => head.problemPlan(checkToken(token, facts) ?? problem);
    const without = (maxBytes: number, problem: NotifyProblem): BodyRoom => ({
      maxBytes,
      refuse: refuse(problem),
      release: () => undefined,
    });
    const room = largeRoomOf(head);
    if (!room || room.maxBytes <= usualBytes) return without(usualBytes, tooLarge(usualBytes, token));
    const { maxBytes } = room;
    // Refused when its head is read, it must not keep others from their room until its connection is gone.
    if (declared !== undefined && declared > maxBytes) return without(maxBytes, tooLarge(maxBytes, token));
    const release = room.take(declared);
    if (!release) return without(usualBytes, crowded);
    return { maxBytes, refuse: refuse(tooLarge(maxBytes, token)), release };
  }

  function largeRoomOf({ token, maybeSigned }: RequestHead): Room | undefined {
    if (token !== undefined && notifier.isToken(token)) return known;
    return maybeSigned ? signed : undefined;
  }

  function headOf(facts: RequestFacts): RequestHead | undefined {
    for (const readHead of headReaders) {
      const head = readHead(facts);
      if (head) return head;
    }
    return undefined;
  }

  /** A wrong token matters more than the size of the body. */
  function checkToken(token: string | undefined, { client }: RequestFacts): NotifyProblem | undefined {
    const grant = token === undefined ? undefined : notifier.identify({ token, client });
    return grant?.ok === false ? grant.error : undefined;
  }
}

/** For large bodies of one kind. */
class Room {
  readonly maxBytes: number;
  readonly #totalBytes: number;
  #taken = 0;

  constructor(maxBytes: number, totalBytes: number) {
    this.maxBytes = maxBytes;
    this.#totalBytes = totalBytes;
  }

  /**
   * Returns the function that gives the memory back, once; `undefined` if there is not so much left. A body without a
   * declared length may have any.
   */
  take(bytes = this.maxBytes): (() => void) | undefined {
    if (this.#taken > 0 && this.#taken + bytes > this.#totalBytes) return undefined;
    this.#taken += bytes;
    let isTaken = true;
    return () => {
      if (isTaken) this.#taken -= bytes;
      isTaken = false;
    };
  }
}

/** The stage, which reads large bodies one after another: together they would block the event loop. */
export function inTurn(turns: Turns, stage: Stage): Stage {
  return (facts) =>
    (facts.body?.length ?? 0) > UNTIMED_BODY_BYTES ? turns.take().then(() => stage(facts)) : stage(facts);
}

const crowded = notifyProblem(
  'unavailable',
  'Too many large messages at a time: send it again in a moment.',
  ['Retry-After', LARGE_RETRY_SECONDS],
);

function tooLarge(maxBytes: number, token: string | undefined): NotifyProblem {
  const advice = token === undefined ? '; with the token in a header field it may have more' : '';
  return notifyProblem('content_too_large', `The body has more than ${maxBytes} bytes: send less${advice}.`);
}
