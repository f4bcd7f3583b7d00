/**
 * What the operator must change before the server can start or a command can do its work. It is printed in one line,
 * message and hint, without a stack; any other exception is a defect of mote and is printed as one.
 */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** Stable, in snake case, such as `port_in_use`: tests and documentation name it. */
  readonly code: string;
  /** What to do about it. */
  readonly hint: string;

  constructor(code: string, message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
