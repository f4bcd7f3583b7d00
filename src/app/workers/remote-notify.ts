/**
 * Notify in a worker. Everything that has a memory is with the leader: the queue and its spool, rates, penalties, and
 * what was sent before. A worker knows tokens and paths, and so which requests to hand over, as they are.
 */
import type { Config } from '../../config/options.ts';
import { errorPlan } from '../../http/errors.ts';
import type { Plan, RequestFacts, Stage } from '../../http/types.ts';
import { createBodyLimits, MAX_LARGE_BODIES_BYTES } from '../../notify/api/body-limit.ts';
import { readNotifyHead } from '../../notify/api/handler.ts';
import { Access, type NotifyUser } from '../../notify/auth/access.ts';
import { isProbe } from '../../notify/dialects/probes.ts';
import { createRedactor } from '../../notify/dialects/redact.ts';
import { createDialectReader } from '../../notify/dialects/stage.ts';
import type { NotifyFront } from '../app.ts';
import type { Link } from './link.ts';
import { packFacts, unpackPlan } from './plans.ts';

/** Bodies of requests that the leader has not responded to; beyond it requests are refused. */
export const MAX_HANDED_OVER_BYTES = 32 * 1024 ** 2;
/** When to send again what was refused. */
const CROWDED_RETRY_SECONDS = '2';

export interface RemoteNotifyOptions {
  readonly config: Config;
  readonly users: readonly NotifyUser[];
  readonly link: Link;
  /** How many workers there are. */
  readonly workers: number;
}

export class RemoteNotify {
  readonly #link: Link;
  /** Requests that were handed over: whether their clients have left. */
  readonly #open = new Map<number, RequestFacts['isGone']>();
  #bytes = 0;
  #handed = 0;
  readonly front: NotifyFront;

  constructor({ config, users, link, workers }: RemoteNotifyOptions) {
    this.#link = link;
    const { notifyDialects, notifyQuery, maxBodyBytes } = config;
    const access = new Access(users, () => performance.now());
    const isToken = (text: string) => access.isToken(text);
    const dialects = createDialectReader(notifyDialects, isToken, { now: Date.now });
    const readOwnHead = (facts: RequestFacts) => readNotifyHead(facts, { allowQuery: notifyQuery });
    const isOfDialect = (facts: RequestFacts) => {
      if (notifyDialects.length === 0) return false;
      // What no file is for is not looked at twice.
      const isForFile = facts.method === 'GET' || facts.method === 'HEAD';
      return !isForFile || isProbe(notifyDialects, facts) || dialects.recognise(facts) !== undefined;
    };
    const stage: Stage = (facts) =>
      readOwnHead(facts) || isOfDialect(facts) ? this.#handOver(facts) : undefined;
    this.front = {
      stages: [stage],
      roomFor: createBodyLimits({
        usualBytes: maxBodyBytes,
        notifier: { isToken, identify: ({ token, client }) => access.authenticate(token, client) },
        headReaders: [dialects.readHead, readOwnHead],
        largeBodiesBytes: MAX_LARGE_BODIES_BYTES / workers,
      }),
      isReady: () => link.ask('ready').then(({ data }) => data === true),
      redact: createRedactor(notifyDialects, isToken),
    };
  }

  /** After what the network has said meanwhile. A request that is not open has its response, or will have none. */
  async isGone(request: number): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.#open.get(request)?.() ?? true;
  }

  async #handOver(facts: RequestFacts): Promise<Plan | undefined> {
    const bytes = facts.body?.length ?? 0;
    if (this.#bytes + bytes > MAX_HANDED_OVER_BYTES)
      return errorPlan('unavailable', ['Retry-After', CROWDED_RETRY_SECONDS]);
    this.#handed += 1;
    const request = this.#handed;
    this.#open.set(request, facts.isGone);
    this.#bytes += bytes;
    try {
      const { data: packed, body } = packFacts(facts);
      const reply = await this.#link.ask('notify', { data: { request, facts: packed }, body });
      return unpackPlan(reply.data, reply.body);
    } finally {
      this.#open.delete(request);
      this.#bytes -= bytes;
    }
  }
}
