/**
 * What parsing and validation return: a value, or why there is none. Exceptions are for the rest (`HttpError` for
 * requests, `StartError` for the operator, anything else is a defect); CONTRIBUTING.md has the convention.
 */
export type Result<T, E> = Success<T> | Failure<E>;

export interface Success<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Failure<E> {
  readonly ok: false;
  readonly error: E;
}

export function success<T>(value: T): Success<T> {
  return { ok: true, value };
}

/** All values in order, or the first error. */
export function collect<T, E>(results: readonly Result<T, E>[]): Result<readonly T[], E> {
  const values: T[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    values.push(result.value);
  }
  return success(values);
}

export function failure<E>(error: E): Failure<E> {
  return { ok: false, error };
}
