/** What is sent: one message, the same for every channel. */

export type Format = 'text' | 'markdown';

/** From 1, may wait, over 3, normal, to 5, wakes people. */
export type Priority = 1 | 2 | 3 | 4 | 5;

export interface Message {
  /** Unique, made by the server; the same on every attempt. */
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly format: Format;
  readonly url?: string;
  readonly priority: Priority;
  readonly tags: readonly string[];
  /** When it was accepted, in milliseconds since the epoch. */
  readonly acceptedMs: number;
}
