/**
 * Bodies of requests for notify, before they are read: how large they may be, and the response to a larger one.
 *
 * An alert group has megabytes where messages usually have kilobytes. Only a valid token that is known before the body
 * gets room for it, and the room of all requests together is limited, so that memory stays bounded.
 */
import type { BodyRoom, Plan, RequestFacts, Stage } from '../../http/types.ts';
import type { Turns } from '../../util/turns.ts';
import type { Notifier } from '../notifier.ts';
import { MAX_MESSAGE_BODY_BYTES } from './effort.ts';
import { type NotifyProblem, notifyProblem } from './problem.ts';

/** Of all bodies above the usual size at a time: parsed as JSON they can take ten times as much. */
export const MAX_LARGE_BODIES_BYTES: number = 2 * MAX_MESSAGE_BODY_BYTES;
/** Reading a smaller body takes a few milliseconds at most. */
const UNTIMED_BODY_BYTES = 8 * 1024;
/** When to send a large body again that had no room. */
const LARGE_RETRY_SECONDS = '2';

/** What the owner of a path knows about a request from its head. */
export interface RequestHead {
  /** The token, unless it is in the body. */
  readonly token: string | undefined;
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
  /** For all bodies above the usual size at a time; {@link MAX_LARGE_BODIES_BYTES} if it is absent. */
  readonly largeBodiesBytes?: number;
}

/** Gives the room for the body of a request, unless it is small or not for notify. */
export function createBodyLimits({
  usualBytes,
  notifier,
  headReaders,
  largeBodiesBytes = MAX_LARGE_BODIES_BYTES,
}: BodyLimitOptions) {
  const largeBytes = Math.max(usualBytes, MAX_MESSAGE_BODY_BYTES);
  let taken = 0;
  return roomFor;

  function roomFor(facts: RequestFacts): BodyRoom | undefined {
    const declared = facts.headers['content-length'];
    // A body without a declared length may have any.
    const bytes = Math.min(declared === undefined ? largeBytes : Number(declared), largeBytes);
    const isSmall = declared !== undefined && Number(declared) <= usualBytes;
    const head = isSmall ? undefined : headOf(facts);
    if (!head) return undefined;
    const { token } = head;
    const refuse = (problem: NotifyProblem) => () => head.problemPlan(checkToken(token, facts) ?? problem);
    if (bytes <= usualBytes || token === undefined || !notifier.isToken(token)) {
      return { maxBytes: usualBytes, refuse: refuse(tooLarge(usualBytes, token)), release: () => undefined };
    }
    if (taken > 0 && taken + bytes > largeBodiesBytes) {
      return { maxBytes: usualBytes, refuse: refuse(crowded), release: () => undefined };
    }
    return releasedOnRefusal({
      maxBytes: largeBytes,
      refuse: refuse(tooLarge(largeBytes, token)),
      release: take(bytes),
    });
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

  /** Returns the function that gives the memory back, once. */
  function take(bytes: number): () => void {
    taken += bytes;
    let isTaken = true;
    return () => {
      if (isTaken) taken -= bytes;
      isTaken = false;
    };
  }
}

/** What comes of a refused body from then on is not kept, for as long as it may come. */
function releasedOnRefusal({ maxBytes, refuse, release }: BodyRoom): BodyRoom {
  return {
    maxBytes,
    refuse() {
      release();
      return refuse();
    },
    release,
  };
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
