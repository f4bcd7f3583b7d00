/** Templates with the four fields of a message: `{{title}}`, `{{text}}`, `{{url}}` and `{{id}}`. */
import type { Message } from '../../message.ts';

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g;
const fields: Readonly<Record<string, (message: Message) => string>> = {
  title: ({ title }) => title,
  text: ({ text }) => text,
  url: ({ url }) => url ?? '',
  id: ({ id }) => id,
};

export type Fill = (message: Message) => string;

/**
 * Takes `source` apart once; each value goes through `encode`, and is never looked at for placeholders itself.
 * Throws a `RangeError` for a field that there is not.
 */
export function compileTemplate(source: string, encode: (value: string) => string = (value) => value): Fill {
  for (const [, name = ''] of source.matchAll(placeholder)) {
    if (!Object.hasOwn(fields, name)) {
      throw new RangeError(`{{${name}}} is not a field: ${Object.keys(fields).join(', ')} are`);
    }
  }
  return (message) =>
    source.replace(placeholder, (_, name: string) => {
      // Half a pair of surrogates cannot be encoded.
      return encode((fields[name]?.(message) ?? '').toWellFormed());
    });
}
