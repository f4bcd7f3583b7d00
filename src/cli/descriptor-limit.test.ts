import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDescriptors } from './descriptor-limit.ts';

const limits = (text: string) => () => `Limit                     Soft Limit           Hard Limit\n${text}\n`;
const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

const rows: readonly (readonly [name: string, read: () => string, expected: RegExp | undefined])[] = [
  ['enough', limits('Max open files            32                   32                   files'), undefined],
  [
    'too few',
    limits('Max open files            31                   4096                 files'),
    /^only 31 /,
  ],
  [
    'no limit',
    limits('Max open files            unlimited            unlimited            files'),
    undefined,
  ],
  ['no /proc', failing('ENOENT'), undefined],
  ['not even one for the file that says it', failing('EMFILE'), /^too few open files/],
];

for (const [name, read, expected] of rows) {
  test(`descriptors: ${name}`, () => {
    if (expected) {
      assert.throws(() => checkDescriptors(read), { code: 'too_few_descriptors', message: expected });
    } else checkDescriptors(read);
  });
}
