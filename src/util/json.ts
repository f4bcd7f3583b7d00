/** JSON values, also those whose shape is not known yet. Pure. */

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether `value` is what JSON calls an object: no array and not `null`. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an object or an array has under a name of its own; `undefined` where it has nothing. */
export function memberOf(value: unknown, name: string): unknown {
  const isTree = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isTree ? (value as JsonObject)[name] : undefined;
}

/** The names in a JSON Pointer (RFC 6901): none where it is empty, and the whole document. */
export function pointerNames(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
