/**
 * What a template reads of a request: JSON Pointers (RFC 6901) with `*` for every element, header fields and texts, with
 * `|` between alternatives. Takes linear time, whatever was received. Pure.
 */
import { pointerNames } from '../../util/json.ts';
import { failure, type Result, success } from '../../util/result.ts';
import { cutText } from '../channels/text/split.ts';
import { fieldText } from '../dialects/field-text.ts';

/** Of a list; the others are counted. */
export const MAX_LISTED = 10;
/** Of one value; longer ones are cut. */
export const MAX_VALUE_UNITS = 16 * 1024;

/** What a template is filled from. */
export interface Scope {
  /** The whole body. */
  readonly document: unknown;
  /** The element that a line is about, or the whole body. */
  readonly item: unknown;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface Expression {
  /** Every value that the first alternative with one has. */
  values(scope: Scope): readonly unknown[];
}

interface Alternative extends Expression {
  /** Says nothing about the request. */
  readonly isLiteral: boolean;
}

export interface Shown {
  readonly text: string;
  /** Whether the text is of the request. */
  readonly isFound: boolean;
}

const FORMS =
  'allowed: a JSON Pointer such as /alert/name, ./name in a line with each, header:NAME, "text", and | between alternatives';

export class Expressions implements Expression {
  readonly #alternatives: readonly Alternative[];

  private constructor(alternatives: readonly Alternative[]) {
    this.#alternatives = alternatives;
  }

  static parse(source: string): Result<Expressions, string> {
    const alternatives: Alternative[] = [];
    for (const part of source.split('|')) {
      const alternative = alternativeOf(part.trim());
      if (!alternative) return failure(`{{${cutText(source, 60)}}} is none; ${FORMS}`);
      alternatives.push(alternative);
    }
    return success(new Expressions(alternatives));
  }

  values(scope: Scope): readonly unknown[] {
    return this.#find(scope).values;
  }

  show(scope: Scope): Shown {
    const { values, isLiteral } = this.#find(scope);
    const text = listOf(values);
    return { text, isFound: !isLiteral && text !== '' };
  }

  #find(scope: Scope): { readonly values: readonly unknown[]; readonly isLiteral: boolean } {
    for (const alternative of this.#alternatives) {
      const values = alternative.values(scope).filter((value) => !isEmpty(value));
      if (values.length > 0) return { values, isLiteral: alternative.isLiteral };
    }
    return { values: [], isLiteral: true };
  }
}

/** Text as it is, everything else as compact JSON; nothing for what is missing. */
export function textOfValue(value: unknown): string {
  if (isEmpty(value)) return '';
  if (typeof value === 'string') return cutText(value, MAX_VALUE_UNITS);
  return cutText(JSON.stringify(value), MAX_VALUE_UNITS);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function listOf(values: readonly unknown[]): string {
  const listed = values.slice(0, MAX_LISTED).map(textOfValue);
  if (values.length > MAX_LISTED) listed.push(`and ${values.length - MAX_LISTED} more`);
  return listed.join(', ');
}

function alternativeOf(source: string): Alternative | undefined {
  const [, literal] = /^"([^"]*)"$/.exec(source) ?? [];
  if (literal !== undefined) return { isLiteral: true, values: () => [literal] };
  const [, header] = /^header:([\w-]+)$/.exec(source) ?? [];
  if (header !== undefined) {
    const name = header.toLowerCase();
    return { isLiteral: false, values: ({ headers }) => [fieldText(headers[name] ?? '')] };
  }
  const [, dot, pointer = ''] = /^(\.?)((?:\/.*)?)$/.exec(source) ?? [];
  if (dot === undefined || dot + pointer === '') return undefined;
  const names = pointerNames(pointer);
  return {
    isLiteral: false,
    values: ({ document, item }) => resolve(dot === '' ? document : item, names),
  };
}

/** Each node is visited once at most. */
function resolve(root: unknown, names: readonly string[]): readonly unknown[] {
  let nodes: readonly unknown[] = [root];
  for (const name of names) nodes = nodes.flatMap((node) => childrenOf(node, name));
  return nodes;
}

/** The length of an array counts as a member. */
function childrenOf(node: unknown, name: string): readonly unknown[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Object.hasOwn(node, name)) return [(node as Record<string, unknown>)[name]];
  return name === '*' ? Object.values(node) : [];
}
