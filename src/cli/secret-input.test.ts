import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnseenLine } from './secret-input.ts';

const rows: readonly (readonly [name: string, keys: readonly string[], text: string | undefined])[] = [
  ['Enter', ['secret\r'], 'secret'],
  ['a line feed', ['secret\n'], 'secret'],
  ['Ctrl-D', ['secret\x04'], 'secret'],
  ['nothing', ['\r'], ''],
  ['key by key', ['s', 'e', '\r'], 'se'],
  ['what comes after the end', ['secret\rmore\r'], 'secret'],
  ['the key that erases', ['sa\x7fecrett\b\r'], 'secret'],
  ['erasing more than there is', ['\x7f\x7fa\r'], 'a'],
  ['erasing a character of two units', ['a😀\x7f\r'], 'a'],
  ['the key that kills a line', ['wrong\x15secret\r'], 'secret'],
  ['Ctrl-C', ['secret\x03'], undefined],
  ['Ctrl-C first', ['\x03secret\r'], undefined],
];

for (const [name, keys, text] of rows) {
  test(`a typed secret: ${name}`, () => {
    const line = new UnseenLine();
    const ended = keys.map((some) => line.take(some));
    assert.deepEqual(ended, [...keys.slice(1).map(() => false), true]);
    assert.equal(line.text, text);
  });
}
