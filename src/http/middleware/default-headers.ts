/** Headers that every response gets by default: security headers and the operator's own. Pure. */
import type { HeaderList, Plan } from '../types.ts';

export interface DefaultHeaderOptions {
  readonly securityHeaders: boolean;
  /** Content-Security-Policy; empty: none. */
  readonly csp: string;
  /** Strict-Transport-Security, only for responses over TLS; empty: none. */
  readonly hsts?: string;
  /** The operator's own headers; they override those of `securityHeaders`. */
  readonly headers: HeaderList;
}

export function defaultHeaders(options: DefaultHeaderOptions): HeaderList {
  return withoutOverridden(securityHeaders(options), options.headers).concat(options.headers);
}

function securityHeaders({ securityHeaders: isOn, csp, hsts = '' }: DefaultHeaderOptions): string[] {
  const fixed = isOn
    ? ['X-Content-Type-Options', 'nosniff', 'Referrer-Policy', 'strict-origin-when-cross-origin']
    : [];
  const secure = hsts === '' ? fixed : [...fixed, 'Strict-Transport-Security', hsts];
  return csp === '' ? secure : [...secure, 'Content-Security-Policy', csp];
}

/** Those of `defaults` that a response with this plan has. */
export function defaultsBeside(
  { headers, overridesDefaults, withoutDefaults = [] }: Plan,
  defaults: HeaderList,
): HeaderList {
  if (!overridesDefaults) return defaults;
  return withoutOverridden(defaults, [...headers, ...withoutDefaults.flatMap((name) => [name, ''])]);
}

/**
 * `headers` without those that `overriding` also names, case-insensitively. `Vary` stays: each field of it is true, and
 * they add up (RFC 9110 §12.5.5).
 */
function withoutOverridden(headers: HeaderList, overriding: HeaderList): string[] {
  const names = new Set(overriding.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  names.delete('vary');
  return headers.filter((_, index) => !names.has((headers[index - (index % 2)] as string).toLowerCase()));
}
