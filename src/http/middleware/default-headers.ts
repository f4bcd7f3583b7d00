/** Headers that every response gets by default: security headers and the operator's own. Pure. */
import type { HeaderList } from '../types.ts';

export interface DefaultHeaderOptions {
  readonly securityHeaders: boolean;
  /** Content-Security-Policy; empty: none. */
  readonly csp: string;
  /** The operator's own headers; they override those of `securityHeaders`. */
  readonly headers: HeaderList;
}

export function defaultHeaders(options: DefaultHeaderOptions): HeaderList {
  return withoutOverridden(securityHeaders(options), options.headers).concat(options.headers);
}

function securityHeaders({ securityHeaders: isOn, csp }: DefaultHeaderOptions): string[] {
  const fixed = isOn
    ? ['X-Content-Type-Options', 'nosniff', 'Referrer-Policy', 'strict-origin-when-cross-origin']
    : [];
  return csp === '' ? fixed : [...fixed, 'Content-Security-Policy', csp];
}

/** `headers` without those that `overriding` also names, case-insensitively; `Vary` is a list that only grows. */
export function withoutOverridden(headers: HeaderList, overriding: HeaderList): string[] {
  const names = new Set(overriding.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  names.delete('vary');
  return headers.filter((_, index) => !names.has((headers[index - (index % 2)] as string).toLowerCase()));
}
