/** The command line of a build: help, wrong use with exit code 2, a failure in one line with 1. */

type ErrorClass = abstract new (...values: never[]) => Error;

export interface BuildCommand<Options> {
  /** In front of each message. */
  readonly name: string;
  readonly usage: string;
  readonly parse: (args: readonly string[]) => Options | 'help';
  readonly build: (options: Options) => Promise<unknown>;
  /** Whose messages are for the user; any other exception is a defect of the build. */
  readonly errors: readonly ErrorClass[];
  /** One of them: the usage follows its message. */
  readonly wrongUse: ErrorClass;
}

/** What the system says of a path that the user chose, or of a full disk. */
const SYSTEM_CODES: ReadonlySet<unknown> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'ENOTDIR',
  'EISDIR',
  'EEXIST',
]);

/** Returns the exit code. */
export async function runBuild<Options>(
  { name, usage, parse, build, errors, wrongUse }: BuildCommand<Options>,
  args: readonly string[],
): Promise<number> {
  try {
    const options = parse(args);
    if (options === 'help') process.stdout.write(usage);
    else await build(options);
    return 0;
  } catch (error) {
    if (!(error instanceof Error && isForUser(error, errors))) throw error;
    const isWrongUse = error instanceof wrongUse;
    process.stderr.write(`${name}: ${error.message}\n${isWrongUse ? usage : ''}`);
    return isWrongUse ? 2 : 1;
  }
}

function isForUser(error: Error, kinds: readonly ErrorClass[]): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return SYSTEM_CODES.has(code) || kinds.some((kind) => error instanceof kind);
}
