import { StartError } from '../util/start-error.ts';

/** A configuration that is valid by itself and cannot work here. Each problem is a line that says what to do. */
export class ConfigurationError extends StartError {
  readonly problems: readonly string[];

  constructor(code: string, problems: readonly string[]) {
    super(code, problems.join('; '), '');
    this.problems = problems;
  }
}
