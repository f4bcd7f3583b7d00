/** How a command that failed says why, and with which exit code it ends. */
import { ConfigurationError } from '../app/configuration-error.ts';
import { printable } from '../util/printable.ts';
import { StartError } from '../util/start-error.ts';
import { complain, DEFECT, FAILED, type Io } from './io.ts';

/** One line for each problem of the operator; one line and the stack for a defect. Returns the exit code. */
export function reportFailure({ stderr }: Pick<Io, 'stderr'>, error: unknown): number {
  if (error instanceof ConfigurationError) return complain({ stderr }, error.problems);
  if (error instanceof StartError) {
    const text = `mote: ${error.message}${error.hint === '' ? '' : `; ${error.hint}`}`;
    stderr.write(`${printable(text)}\n`);
    return FAILED;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'EMFILE') {
    stderr.write(`mote: ${printable(message)}; raise the limit of open files\n`);
    return FAILED;
  }
  const line = printable(message.replace(/\s+/g, ' '));
  const lines = `${stack}`.split('\n').map(printable).join('\n');
  stderr.write(`mote: ${line}; this is a defect of mote, please report it with these lines:\n${lines}\n`);
  return DEFECT;
}
