/**
 * Where a text stops being JSON (RFC 8259). The messages of `JSON.parse` quote the text, which may hold
 * secrets, and say the position only sometimes.
 */
import { failure, type Result, success } from '../util/result.ts';

/** Each pattern takes the white space before its token. */
const STRING = /[ \t\n\r]*"[ !#-[\]-\uFFFF]*(?:\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})[ !#-[\]-\uFFFF]*)*"/y;
const OTHER_SCALAR = /[ \t\n\r]*(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
const OPEN_OBJECT = /[ \t\n\r]*\{/y;
const CLOSE_OBJECT = /[ \t\n\r]*\}/y;
const OPEN_ARRAY = /[ \t\n\r]*\[/y;
const CLOSE_ARRAY = /[ \t\n\r]*\]/y;
const COLON = /[ \t\n\r]*:/y;
const COMMA = /[ \t\n\r]*,/y;
const SPACE = /[ \t\n\r]*/y;
/** Deeper than any configuration: the stack is limited too. */
const MAX_DEPTH = 500;

/** The position of the first token that cannot stand where it does, or `undefined` when all of it is JSON. */
export function jsonErrorOffset(text: string): number | undefined {
  let offset = 0;
  const accept = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset;
    const found = pattern.test(text);
    if (found) offset = pattern.lastIndex;
    return found;
  };
  const sequence = (item: () => boolean, close: RegExp): boolean => {
    if (accept(close)) return true;
    do {
      if (!item()) return false;
    } while (accept(COMMA));
    return accept(close);
  };
  const member = (): boolean => accept(STRING) && accept(COLON) && value();
  let depth = 0;
  const value = (): boolean => {
    if (accept(STRING) || accept(OTHER_SCALAR)) return true;
    if (depth === MAX_DEPTH) return false;
    depth += 1;
    let whole = false;
    if (accept(OPEN_OBJECT)) whole = sequence(member, CLOSE_OBJECT);
    else if (accept(OPEN_ARRAY)) whole = sequence(value, CLOSE_ARRAY);
    depth -= 1;
    return whole;
  };
  const whole = value();
  accept(SPACE);
  return whole && offset === text.length ? undefined : offset;
}

/** The value of `text`, or in words where it stops being JSON: nothing of the text is shown. */
export function parseJson(text: string): Result<unknown, string> {
  const offset = jsonErrorOffset(text);
  if (offset === undefined) return success(JSON.parse(text));
  const { line, column } = lineAndColumn(text, offset);
  return failure(`not valid JSON from line ${line}, column ${column} on`);
}

/** The place of an offset as editors show it, both from 1. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}
