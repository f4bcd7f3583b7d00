/** Why notify refuses a request, as data: a code of the catalogue and what to do about it. Pure. */
import type { ErrorCode, Problem } from '../../http/errors.ts';
import type { HeaderList } from '../../http/types.ts';

export interface NotifyProblem extends Problem {
  readonly code: ErrorCode;
  readonly headers: HeaderList;
  /** The client needs a new connection for its next request. */
  readonly endsConnection?: true;
}

/** What is wrong with one field of a request. */
export interface FieldProblem {
  readonly field: string;
  readonly detail: string;
  /** Has a status of its own. */
  readonly tooLarge?: true;
}

/** A request with thousands of invalid fields does not need a response with thousands of problems. */
export const MAX_FIELD_PROBLEMS = 16;
/** Unknown fields are named in the response, but need not be repeated whole. */
const MAX_FIELD_NAME_UNITS = 40;

export function notifyProblem(code: ErrorCode, detail: string, headers: HeaderList = []): NotifyProblem {
  return { code, detail, headers };
}

/** One problem that lists all invalid fields. */
export function fieldProblem(code: ErrorCode, problems: readonly FieldProblem[]): NotifyProblem {
  const errors = problems
    .slice(0, MAX_FIELD_PROBLEMS)
    .map(({ field, detail }) => ({ field: shorten(field), detail }));
  const detail = errors.map(({ field, detail }) => `${field}: ${detail}`).join('; ');
  return { code, detail, errors, headers: [] };
}

/** The same with the code that fits: `field_too_large` only if nothing else is wrong. */
export function invalidFields(problems: readonly FieldProblem[]): NotifyProblem {
  const isSizeOnly = problems.every(({ tooLarge }) => tooLarge);
  return fieldProblem(isSizeOnly ? 'field_too_large' : 'unprocessable_content', problems);
}

function shorten(name: string): string {
  return name.length > MAX_FIELD_NAME_UNITS ? `${name.slice(0, MAX_FIELD_NAME_UNITS)}…` : name;
}
