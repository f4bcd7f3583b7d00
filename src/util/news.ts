/** Tells what is new from what is only said again. Pure. */

export class News {
  readonly #silenceMs: number;
  /** When each text was last told. */
  readonly #toldMs = new Map<string, number>();

  /** The same text is no news for so long. */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  /** A clock that was set counts as time that has passed. */
  isNews(text: string, nowMs: number): boolean {
    for (const [told, atMs] of this.#toldMs) {
      if (Math.abs(nowMs - atMs) >= this.#silenceMs) this.#toldMs.delete(told);
    }
    if (this.#toldMs.has(text)) return false;
    this.#toldMs.set(text, nowMs);
    return true;
  }

  /** From now on everything is news. */
  forget(): void {
    this.#toldMs.clear();
  }
}
