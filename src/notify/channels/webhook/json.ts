/** JSON of the configuration: templates that are filled, and places in responses. */
import type { Message } from '../../message.ts';
import { compileTemplate } from '../text/template.ts';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/**
 * Fills the strings of `template`, wherever they are; names and everything else stay. Since the values go into
 * strings of the tree and not into its text, no title can break out of its place. Throws a `RangeError` for
 * unknown fields.
 */
export function compileJson(template: JsonValue): (message: Message) => JsonValue {
  if (typeof template === 'string') return compileTemplate(template);
  if (typeof template !== 'object' || template === null) return () => template;
  if (Array.isArray(template)) {
    const items = template.map(compileJson);
    return (message) => items.map((fill) => fill(message));
  }
  const members = Object.entries(template).map(([name, value]) => [name, compileJson(value)] as const);
  return (message) => Object.fromEntries(members.map(([name, fill]) => [name, fill(message)]));
}

/** Takes what a JSON Pointer (RFC 6901) points at out of a document; `undefined` where there is nothing. */
export function compilePointer(pointer: string): (document: unknown) => unknown {
  if (pointer !== '' && !pointer.startsWith('/'))
    throw new RangeError(`successPointer: not a JSON Pointer such as /errcode: ${pointer}`);
  const names = pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return (document) =>
    names.reduce<unknown>((value, name) => {
      const isTree = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
      return isTree ? (value as Record<string, unknown>)[name] : undefined;
    }, document);
}
