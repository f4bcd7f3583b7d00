/** Values of JSON (RFC 8259). */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What `{…}` in JSON becomes. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
