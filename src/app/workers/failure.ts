/** Why a worker did not start, as data: the leader says it as if it had happened there. */
import { StartError } from '../../util/start-error.ts';
import { ConfigurationError } from '../configuration-error.ts';

export type StartFailure =
  | { readonly kind: 'configuration'; readonly code: string; readonly problems: readonly string[] }
  | { readonly kind: 'start'; readonly code: string; readonly message: string; readonly hint: string }
  | { readonly kind: 'defect'; readonly message: string; readonly stack: string };

export function packFailure(error: unknown): StartFailure {
  if (error instanceof ConfigurationError)
    return { kind: 'configuration', code: error.code, problems: error.problems };
  if (error instanceof StartError)
    return { kind: 'start', code: error.code, message: error.message, hint: error.hint };
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  return { kind: 'defect', message, stack };
}

export function unpackFailure(failure: StartFailure): Error {
  switch (failure.kind) {
    case 'configuration':
      return new ConfigurationError(failure.code, failure.problems);
    case 'start':
      return new StartError(failure.code, failure.message, failure.hint);
    case 'defect':
      return Object.assign(new Error(failure.message), { stack: failure.stack });
  }
}
