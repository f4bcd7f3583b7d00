/** Fills the templates of presets. Pure. */
import type { JsonValue } from '../../../util/json.ts';
import type { Template, Values } from './row.ts';

/** `undefined` where a value is missing that nothing says may be. */
export function fillTemplate(template: Template, values: Values): JsonValue | undefined {
  if (typeof template === 'string') return template.startsWith('$') ? values[template.slice(1)] : template;
  if (typeof template !== 'object') return template;
  if (Array.isArray(template)) {
    const items = template.map((item) => fillTemplate(item, values)).filter((item) => item !== undefined);
    return items.length > 0 || template.length === 0 ? items : undefined;
  }
  return fillObject(template as Readonly<Record<string, Template>>, values);
}

function fillObject(template: Readonly<Record<string, Template>>, values: Values): JsonValue | undefined {
  const filled: Record<string, JsonValue> = {};
  for (const [name, part] of Object.entries(template)) {
    const value = fillTemplate(part, values);
    if (value !== undefined) filled[name.replace(/\?$/, '')] = value;
    else if (!name.endsWith('?')) return undefined;
  }
  return Object.keys(filled).length > 0 ? filled : undefined;
}

/** A text with values inside; `undefined` where one is missing. */
export function fillText(
  template: string,
  values: Values,
  encode: (value: string, name: string) => string = String,
): string | undefined {
  let isWhole = true;
  const text = template.replace(/\$(\w+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) isWhole = false;
    return encode(String(value), name);
  });
  return isWhole ? text : undefined;
}
