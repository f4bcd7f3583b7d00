/** A request that is refused, as data: a code of the catalogue and what to do about it. Pure. */
import type { ErrorCode, Problem } from '../../http/errors.ts';
import type { HeaderList } from '../../http/types.ts';

export interface Refused extends Problem {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly headers: HeaderList;
  /** Whoever goes on needs another connection. */
  readonly endsConnection?: true;
}

export function problem(code: ErrorCode, detail: string, headers: HeaderList = []): Refused {
  return { kind: 'refused', code, detail, headers };
}

/** Several fields are wrong, and all are named at once. */
export function fieldProblems(code: ErrorCode, errors: NonNullable<Problem['errors']>): Refused {
  const detail = errors.map(({ field, detail }) => `${field}: ${detail}`).join('; ');
  return { kind: 'refused', code, detail, errors, headers: [] };
}
