/** Templates with the four fields of a message: `{{title}}`, `{{text}}`, `{{url}}` and `{{id}}`. */
import { failure, type Result, success } from '../../../util/result.ts';
import type { Message } from '../../message.ts';

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g;
const fields: Readonly<Record<string, (message: Message) => string>> = {
  title: ({ title }) => title,
  text: ({ text }) => text,
  url: ({ url }) => url ?? '',
  id: ({ id }) => id,
};

export type Fill = (message: Message) => string;

/** Values are passed through `encode`; placeholders inside values are not replaced. */
export function compileTemplate(
  source: string,
  encode: (value: string) => string = (value) => value,
): Result<Fill, string> {
  for (const [, name = ''] of source.matchAll(placeholder)) {
    if (!Object.hasOwn(fields, name)) {
      return failure(`{{${name}}} is not a field: ${Object.keys(fields).join(', ')} are`);
    }
  }
  return success((message) =>
    source.replace(placeholder, (_, name: string) => {
      // A lone surrogate cannot be encoded.
      return encode((fields[name]?.(message) ?? '').toWellFormed());
    }),
  );
}
