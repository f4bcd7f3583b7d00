import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { binding } from '../../src/platform/binding.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { bindingHeader, bindingSource } from './binding-header.ts';

const table = {
  wait: [['number', 'words'], 'number'],
  now: [[], 'fraction'],
  exit: [['number'], 'nothing'],
  find: [['text', 'session', 'any', 'any'], 'answer'],
} as const;

test('the header has a prototype of each function', () => {
  const header = bindingHeader(table, ['open', 'close']);
  for (const line of [
    'int64_t host_wait(int64_t, Bytes);',
    'double host_now(void);',
    'void host_exit(int64_t);',
    'JSValue host_find(JSContext *, Text, Session *, JSValueConst *);',
    'enum { CALL_OPEN, CALL_CLOSE };',
  ]) {
    assert.ok(header.includes(`\n${line}\n`), `${line} in ${header}`);
  }
});

test('a text is freed whatever happens, and an object is of the right kind', () => {
  const source = bindingSource(table);
  assert.ok(
    source.includes(`static VALUE_FUNCTION(call_find) {
  Text p0; p0.chars = JS_ToCStringLen(ctx, &p0.length, argv[0]);
  if (!p0.chars) {  return JS_EXCEPTION; }
  Session *p1 = object_of(ctx, argv[1], &session_kind);
  if (!p1) { JS_FreeCString(ctx, p0.chars); return JS_EXCEPTION; }
  JSValue result = host_find(ctx, p0, p1, argv + 2);
  JS_FreeCString(ctx, p0.chars);
  return result;
}
`),
    source,
  );
  assert.ok(source.includes('JS_CFUNC_DEF("find", 4, call_find)'));
});

test('a kind that C does not know is refused', () => {
  assert.throws(() => bindingHeader({ wait: [['date'], 'number'] }), /wait: no type of C for date/);
});

test('the host has the functions of the table and no others', () => {
  const sources = globSync(join(REPOSITORY, 'src/platform/host/*.c')).map((path) =>
    readFileSync(path, 'utf8'),
  );
  const defined = sources.flatMap((text) =>
    [...text.matchAll(/^\w+ host_(\w+)\([^;]*\) \{/gm)].map(([, name]) => name),
  );
  assert.deepEqual(defined.toSorted(), Object.keys(binding).toSorted());
});
