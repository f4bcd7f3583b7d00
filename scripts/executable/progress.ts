/** Progress output: a bar that redraws itself on a terminal, nothing everywhere else. */

const BAR_CHARS = 30;
/** Enough steps to see progress, but not so many that they slow a terminal down. */
const BAR_STEP_PERCENT = 1;

export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Progress {
  /** From 0 to 100. */
  update(percent: number): void;
  /** Ends the line, so that further output begins on a new one. */
  end(): void;
}

export function showProgress(label: string, output: Output): Progress {
  if (!output.isTTY) return { update: () => undefined, end: () => undefined };
  let shown = -1;
  const update = (percent: number) => {
    const reached = Math.floor(Math.min(100, Math.max(0, percent)) / BAR_STEP_PERCENT) * BAR_STEP_PERCENT;
    if (reached <= shown) return;
    shown = reached;
    output.write(`\r${barOf(label, reached)}`);
  };
  update(0);
  return {
    update,
    end: () => void output.write('\n'),
  };
}

function barOf(label: string, percent: number): string {
  const filled = Math.round((percent / 100) * BAR_CHARS);
  return `${label} [${'#'.repeat(filled)}${' '.repeat(BAR_CHARS - filled)}] ${String(percent).padStart(3)} %`;
}
