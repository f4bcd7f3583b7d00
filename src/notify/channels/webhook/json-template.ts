/** JSON of the configuration: templates that are filled, and places in responses. */
import { type JsonValue, memberOf, pointerNames } from '../../../util/json.ts';
import { collect, failure, type Result, success } from '../../../util/result.ts';
import type { Message } from '../../message.ts';
import { compileTemplate } from '../text/template.ts';

export type FillJson = (message: Message) => JsonValue;

/**
 * Fills the strings of `template`, wherever they are; names and everything else stay. Since the values go into
 * strings of the tree and not into its text, no title can break out of its place.
 */
export function compileJson(template: JsonValue): Result<FillJson, string> {
  if (typeof template === 'string') return compileTemplate(template);
  if (typeof template !== 'object' || template === null) return success(() => template);
  const names = Object.keys(template);
  const compiled = collect(Object.values(template).map(compileJson));
  if (!compiled.ok) return compiled;
  const fills = compiled.value;
  if (Array.isArray(template)) return success((message) => fills.map((fill) => fill(message)));
  return success((message) => Object.fromEntries(fills.map((fill, i) => [names[i], fill(message)])));
}

export type TakeFromJson = (document: unknown) => unknown;

/** Takes what a JSON Pointer (RFC 6901) points at out of a document; `undefined` where there is nothing. */
export function compilePointer(pointer: string): Result<TakeFromJson, string> {
  if (pointer !== '' && !pointer.startsWith('/')) {
    return failure(`successPointer: not a JSON Pointer such as /errcode: ${pointer}`);
  }
  const names = pointerNames(pointer);
  return success((document) => names.reduce(memberOf, document));
}
