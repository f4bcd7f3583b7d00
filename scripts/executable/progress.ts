/** Progress output: a bar that redraws itself on a terminal, occasional lines everywhere else. */

const BAR_CHARS = 30;
/** Enough steps to see progress, but not so many that they slow a terminal down. */
const BAR_STEP_PERCENT = 1;
const LINE_STEP_PERCENT = 25;

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
  const step = output.isTTY ? BAR_STEP_PERCENT : LINE_STEP_PERCENT;
  let shown = -1;
  const update = (percent: number) => {
    const reached = Math.floor(Math.min(100, Math.max(0, percent)) / step) * step;
    if (reached <= shown) return;
    shown = reached;
    output.write(output.isTTY ? `\r${barOf(label, reached)}` : `${label}: ${reached} %\n`);
  };
  update(0);
  return {
    update,
    end: () => {
      if (output.isTTY) output.write('\n');
    },
  };
}

function barOf(label: string, percent: number): string {
  const filled = Math.round((percent / 100) * BAR_CHARS);
  return `${label} [${'#'.repeat(filled)}${' '.repeat(BAR_CHARS - filled)}] ${String(percent).padStart(3)} %`;
}
