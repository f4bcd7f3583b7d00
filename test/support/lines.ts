/** The lines of an output stream as they come. */
import { EventEmitter, once } from 'node:events';
import type { Readable } from 'node:stream';

const LINE_TIMEOUT_MS = 10_000;

export class Lines {
  readonly all: string[] = [];
  readonly stream: Readable;
  readonly #events = new EventEmitter();
  #ended = false;

  constructor(stream: Readable) {
    this.stream = stream;
    this.#events.setMaxListeners(0);
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.all.push(...lines);
      this.#events.emit('more');
    });
    stream.on('close', () => {
      if (rest !== '') this.all.push(rest);
      this.#ended = true;
      this.#events.emit('more');
    });
  }

  /** The first line from index `from` on that matches; waits for it. */
  async find(pattern: RegExp, from = 0, limitMs = LINE_TIMEOUT_MS): Promise<string> {
    const signal = AbortSignal.timeout(limitMs);
    for (;;) {
      const line = this.all.slice(from).find((candidate) => pattern.test(candidate));
      if (line !== undefined) return line;
      if (this.#ended || signal.aborted) {
        const why = this.#ended ? 'before the output ended' : `within ${limitMs} ms`;
        throw new Error(`no line matched ${pattern} ${why}:\n${this.all.slice(-20).join('\n')}`);
      }
      await once(this.#events, 'more', { signal }).catch(() => undefined);
    }
  }
}
