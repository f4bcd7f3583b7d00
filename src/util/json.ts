/** JSON values whose shape is not known yet. Pure. */

/** Whether `value` is what JSON calls an object: no array and not `null`. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
