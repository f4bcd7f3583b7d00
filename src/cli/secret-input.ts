/** A secret for a command: piped in, or typed at a terminal, which does not show it. */
import { complain, type Io, type Terminal } from './io.ts';

/** What a terminal sends for the keys that end or change a line (termios(3): VINTR, VEOF, VERASE, VKILL). */
const CTRL_C = '\x03';
const CTRL_D = '\x04';
const CTRL_U = '\x15';
const ERASE = ['\b', '\x7f'];
const ENTER = ['\r', '\n'];
/** 128 + SIGINT. */
const INTERRUPTED = 130;

export type SecretInput =
  | { readonly kind: 'secret'; readonly text: string }
  /** There is none, and the user knows why; the command ends with this code. */
  | { readonly kind: 'none'; readonly code: number };

/** Asks at a terminal, once for each prompt, and expects the same each time; else reads all of standard input. */
export async function readSecret(io: Io, command: string, prompts: readonly string[]): Promise<SecretInput> {
  const terminal = io.terminal();
  if (!terminal) return { kind: 'secret', text: (await io.readStdin()).replace(/\r?\n$/, '') };
  const typed: (string | undefined)[] = [];
  for (const prompt of prompts) {
    // Before the prompt: nothing that is typed after it may be shown.
    terminal.setRawMode(true);
    // On standard error, so that standard output is the result alone.
    io.stderr.write(prompt);
    typed.push(await typeLine(terminal));
    terminal.setRawMode(false);
    io.stderr.write('\n');
    if (typed.includes(undefined)) return { kind: 'none', code: INTERRUPTED };
  }
  const [text = ''] = typed;
  if (typed.every((one) => one === text)) return { kind: 'secret', text };
  return { kind: 'none', code: complain(io, [`${command}: the two inputs differ; try again`]) };
}

/** One line; `undefined` if Ctrl-C or the end of the terminal interrupted it. */
function typeLine(terminal: Terminal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const line = new UnseenLine();
    const take = (keys: string) => {
      if (line.take(keys)) finish(line.text);
    };
    const leave = () => finish(undefined);
    function finish(text: string | undefined): void {
      terminal.off('data', take).off('end', leave).pause();
      resolve(text);
    }
    terminal.setEncoding('utf8').on('data', take).on('end', leave).resume();
  });
}

/** The keys of one line. */
export class UnseenLine {
  #characters: string[] = [];
  #isInterrupted = false;

  /** Returns whether the line has ended; keys after its end are dropped. */
  take(keys: string): boolean {
    for (const key of keys) {
      if (key === CTRL_C) this.#isInterrupted = true;
      if (key === CTRL_C || key === CTRL_D || ENTER.includes(key)) return true;
      if (ERASE.includes(key)) this.#characters.pop();
      else if (key === CTRL_U) this.#characters = [];
      else this.#characters.push(key);
    }
    return false;
  }

  /** The typed text; `undefined` if Ctrl-C interrupted it. */
  get text(): string | undefined {
    return this.#isInterrupted ? undefined : this.#characters.join('');
  }
}
