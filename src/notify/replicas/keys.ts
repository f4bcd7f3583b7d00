/**
 * The names of what replicas share. All have one hash tag, so that a cluster keeps them on one node. Pure.
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/)
 */
import { createHash } from 'node:crypto';
import type { Envelope } from '../queue/envelope.ts';

export class Keys {
  /** Id → message. */
  readonly messages: string;
  /** Id → progress, as soon as there is some. */
  readonly states: string;
  /** `REPLICA ID`. */
  readonly owners: string;
  /** Replica → until when it is taken to be alive. */
  readonly leases: string;
  /** `ID CHANNEL` → the latest note of an attempt. */
  readonly notes: string;
  /** Id → message that was given up. */
  readonly dead: string;
  /** Id → when it was given up. */
  readonly deadTimes: string;
  /** The channel on which replicas wake each other. */
  readonly wake: string;
  readonly #tag: string;

  /** `prefix` keeps the keys of different spools apart. */
  constructor(prefix: string) {
    this.#tag = `{${prefix}}:`;
    this.messages = this.#named('messages');
    this.states = this.#named('states');
    this.owners = this.#named('owners');
    this.leases = this.#named('leases');
    this.notes = this.#named('notes');
    this.dead = this.#named('dead');
    this.deadTimes = this.#named('dead-times');
    this.wake = this.#named('wake');
  }

  receipt(id: string): string {
    return this.#named(`receipt:${id}`);
  }

  /** Of the message's idempotency key; a key that nothing uses for a message without one. */
  idempotency({ user, idempotency }: Pick<Envelope, 'user' | 'idempotency'>): string {
    if (!idempotency) return this.#named('key:');
    return this.#named(`key:${digest(`${user}\n${idempotency.key}`)}`);
  }

  bucket(token: string): string {
    return this.#named(`bucket:${token}`);
  }

  token(name: string): string {
    return this.#named(`token:${name}`);
  }

  tokenLock(name: string): string {
    return this.#named(`token-lock:${name}`);
  }

  hold(channel: string): string {
    return this.#named(`hold:${channel}`);
  }

  window(channel: string, lengthMs: number): string {
    return this.#named(`window:${channel}:${lengthMs}`);
  }

  #named(name: string): string {
    return this.#tag + name;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
