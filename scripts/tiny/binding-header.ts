/**
 * What the C compiler gets of the table in `binding.ts`: `binding.h` with a prototype for each function, in types of C,
 * and `binding.c`, which translates the engine's values into them and back.
 */
import { binding, calls } from '../../src/platform/binding.ts';

export type Table = Readonly<Record<string, readonly [parameters: readonly string[], result: string]>>;

/** How a parameter is declared, what must be true to read it, and what is freed afterwards. `#` is its number. */
interface Parameter {
  readonly type: string;
  readonly local: string;
  readonly fails?: string;
  readonly free?: string;
}

const parameterKinds: Readonly<Record<string, Parameter>> = {
  number: { type: 'int64_t', local: 'int64_t p# = integer_of(ctx, argv[#])' },
  boolean: { type: 'int', local: 'int p# = JS_ToBool(ctx, argv[#])' },
  text: {
    type: 'Text',
    local: 'Text p#; p#.chars = JS_ToCStringLen(ctx, &p#.length, argv[#])',
    fails: '!p#.chars',
    free: 'JS_FreeCString(ctx, p#.chars)',
  },
  bytes: { type: 'Bytes', local: 'Bytes p#', fails: 'bytes_of(ctx, argv[#], &p#) < 0' },
  words: { type: 'Bytes', local: 'Bytes p#', fails: 'bytes_of(ctx, argv[#], &p#) < 0' },
  hash: objectOf('Hash', 'hash'),
  trust: objectOf('Trust', 'trust'),
  session: objectOf('Session', 'session'),
};

function objectOf(type: string, kind: string): Parameter {
  return { type: `${type} *`, local: `${type} *p# = object_of(ctx, argv[#], &${kind}_kind)`, fails: '!p#' };
}

/** The values from the first of these on are given as the engine has them. */
const UNREAD = new Set(['any', 'job', 'tracker']);

interface Result {
  readonly type: string;
  readonly made: string;
}

const resultKinds: Readonly<Record<string, Result>> = {
  number: { type: 'int64_t', made: 'JS_NewInt64(ctx, result)' },
  fraction: { type: 'double', made: 'JS_NewFloat64(ctx, result)' },
  boolean: { type: 'int', made: 'JS_NewBool(ctx, result)' },
};
/** All others are made by the function itself. */
const anyResult: Result = { type: 'JSValue', made: 'result' };

interface Row {
  readonly name: string;
  readonly read: readonly (readonly [parameter: Parameter, number: number])[];
  /** Where the unread values begin, -1 if there are none. */
  readonly unread: number;
  readonly count: number;
  readonly result: Result | undefined;
  readonly takesContext: boolean;
}

function rowsOf(table: Table): Row[] {
  return Object.entries(table).map(([name, [parameters, kind]]) => {
    const unread = parameters.findIndex((parameter) => UNREAD.has(parameter));
    const known = unread < 0 ? parameters : parameters.slice(0, unread);
    const read = known.map((parameter, number) => {
      const found = parameterKinds[parameter];
      if (!found) throw new Error(`binding.ts: ${name}: no type of C for ${parameter}`);
      return [found, number] as const;
    });
    const result = kind === 'nothing' ? undefined : (resultKinds[kind] ?? anyResult);
    const takesContext = unread >= 0 || result === anyResult;
    return { name, read, unread, count: parameters.length, result, takesContext };
  });
}

function numbered(text: string, number: number): string {
  return text.replaceAll('#', String(number));
}

function prototypeOf({ name, read, unread, result, takesContext }: Row): string {
  const types = read.map(([{ type }]) => type);
  if (takesContext) types.unshift('JSContext *');
  if (unread >= 0) types.push('JSValueConst *');
  return `${result?.type ?? 'void'} host_${name}(${types.join(', ') || 'void'});`;
}

function translationOf({ name, read, unread, result, takesContext }: Row): string {
  const names = read.map(([, number]) => `p${number}`);
  if (takesContext) names.unshift('ctx');
  if (unread >= 0) names.push(`argv + ${unread}`);
  const called = `host_${name}(${names.join(', ')})`;
  const lines: string[] = [];
  const frees: string[] = [];
  for (const [{ local, fails, free }, number] of read) {
    lines.push(`${numbered(local, number)};`);
    if (fails) lines.push(`if (${numbered(fails, number)}) { ${frees.join(' ')} return JS_EXCEPTION; }`);
    if (free) frees.push(`${numbered(free, number)};`);
  }
  lines.push(result ? `${result.type} result = ${called};` : `${called};`, ...frees);
  lines.push(`return ${result?.made ?? 'JS_UNDEFINED'};`);
  return `static VALUE_FUNCTION(call_${name}) {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
}

export function bindingHeader(table: Table = binding, names: readonly string[] = calls): string {
  return `/* Generated from src/platform/binding.ts. */
#ifndef BINDING_H
#define BINDING_H
#include "host.h"
${rowsOf(table).map(prototypeOf).join('\n')}
/* The calls that may block. */
enum { ${names.map((name) => `CALL_${name.toUpperCase()}`).join(', ')} };
#endif
`;
}

export function bindingSource(table: Table = binding): string {
  const rows = rowsOf(table);
  return `/* Generated from src/platform/binding.ts. */
#include "binding.h"
#define UNUSED __attribute__((unused))
#define VALUE_FUNCTION(name) \\
  JSValue name(UNUSED JSContext *ctx, UNUSED JSValueConst self, UNUSED int argc, UNUSED JSValueConst *argv)
${rows.map(translationOf).join('')}
const JSCFunctionListEntry functions[] = {
${rows.map(({ name, count }) => `  JS_CFUNC_DEF("${name}", ${count}, call_${name}),\n`).join('')}};
const int function_count = COUNT(functions);
`;
}
