/** Answers that a test wants instead of the right ones, first come first served. */
import type { Reply } from '../stand-in.ts';

/** A reply, the right response, or none although the request was acted upon. */
export type Scripted = Reply | 'as usual' | 'answer lost';

export class Script {
  readonly replies: Scripted[] = [];

  /** What is in line for this request, else what `act` says. */
  reply(act: () => Reply): Reply {
    const next = this.replies.shift() ?? 'as usual';
    if (next === 'as usual') return act();
    if (next !== 'answer lost') return next;
    act();
    return 'hang up';
  }
}
