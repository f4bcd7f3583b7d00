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
