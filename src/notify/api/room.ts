/**
 * Room for large bodies: an alert group has megabytes where messages usually have kilobytes. Only a good token, known
 * before the body is read, gets it, and all of them together get so much, so that memory stays bounded.
 */
import { HttpError } from '../../http/errors.ts';
import type { BodyRoom, RequestFacts } from '../../http/types.ts';

/** Of one body: some 4,000 alerts. Or as many as every body may have, if that is more. */
export const MAX_MESSAGE_BODY_BYTES = 4 * 1024 * 1024;
/** Of all bodies that are larger than usual, at a time: read as JSON they can take ten times as much. */
export const MAX_LARGE_BODIES_BYTES = 8 * 1024 * 1024;

export interface RoomOptions {
  /** What every body may have. */
  readonly usualBytes: number;
  /** Whether the request may send, as far as that is known without its body. */
  readonly isWelcome: (facts: RequestFacts) => boolean;
}

/** Gives the room for a request; throws `unavailable` where there is none at the moment. */
export function createRooms({ usualBytes, isWelcome }: RoomOptions) {
  const maxBytes = Math.max(usualBytes, MAX_MESSAGE_BODY_BYTES);
  let taken = 0;
  return (facts: RequestFacts): BodyRoom | undefined => {
    const declared = facts.headers['content-length'];
    // Without a length it could have any.
    const bytes = Math.min(declared === undefined ? maxBytes : Number(declared), maxBytes);
    if (bytes <= usualBytes || !isWelcome(facts)) return undefined;
    if (taken > 0 && taken + bytes > MAX_LARGE_BODIES_BYTES) throw new HttpError('unavailable');
    taken += bytes;
    let isOpen = true;
    const release = (): void => {
      if (isOpen) taken -= bytes;
      isOpen = false;
    };
    return { maxBytes, release };
  };
}
