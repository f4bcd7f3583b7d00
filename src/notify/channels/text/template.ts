/** Templates with the four fields of a message: `{{title}}`, `{{text}}`, `{{url}}` and `{{id}}`. */
import { failure, type Result, success } from '../../../util/result.ts';
import type { Message } from '../../message.ts';

/** The name between the braces is a group of its own. */
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
  // Literal texts and names in turn.
  const [start = '', ...rest] = source.split(placeholder);
  return success((message) => {
    let text = start;
    for (let i = 0; i < rest.length; i += 2) {
      // A lone surrogate cannot be encoded.
      const value = (fields[rest[i] as string]?.(message) ?? '').toWellFormed();
      text += encode(value) + rest[i + 1];
    }
    return text;
  });
}

/** Whether what fills `source` depends on the message. */
export function hasFields(source: string): boolean {
  return source.search(placeholder) >= 0;
}
