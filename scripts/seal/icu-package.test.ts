import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cannotSeal, changed, icuItem, icuPackage, LOCKED_NODE } from './fixtures.ts';
import { findIcuPackage, packIcu } from './icu-package.ts';

const names = ['brkitr/root.res', 'coll/ucadata.icu', 'de.res', 'en.res', 'root.res'];
const made = icuPackage(names.map((name, index) => icuItem(name, 64 + index * 7)));
/** As in a Node: somewhere, with other bytes around it. */
const bytes = Buffer.concat([Buffer.alloc(4096, 1), made, Buffer.alloc(4096, 2)]);
const TOC_AT = 4096 + 32;

describe('a package of ICU', () => {
  test('is found with its files, whose last one says itself how long it is', () => {
    const icu = findIcuPackage(bytes);
    assert.deepEqual([icu?.offset, icu?.size, icu?.prefix], [4096, made.length, 'icudt78l/']);
    assert.deepEqual(
      icu?.items.map(({ name }) => name),
      names,
    );
    for (const item of icu?.items ?? [])
      assert.equal(item.bytes.toString('latin1', 32, 34), item.name.slice(0, 2));
  });

  test('with fewer files is a package again', () => {
    const icu = findIcuPackage(bytes);
    assert.ok(icu);
    const kept = icu.items.filter(({ name }) => name !== 'de.res');
    const smaller = packIcu(icu, kept);
    const again = findIcuPackage(smaller);
    assert.deepEqual([again?.offset, again?.size, again?.header], [0, smaller.length, icu.header]);
    assert.deepEqual(
      again?.items.map((item) => [item.name, item.bytes]),
      kept.map((item) => [item.name, item.bytes]),
    );
  });

  test('is not in every program', () => assert.equal(findIcuPackage(Buffer.alloc(4096, 'CmnD')), undefined));

  const lastAt = bytes.lastIndexOf('ResB') - 12;
  const unknown: readonly (readonly [name: string, change: (copy: Buffer) => unknown, message: RegExp])[] = [
    [
      'another format',
      (copy) => copy.writeUInt8(2, 4096 + 16),
      /: it has format 2; --keep-icu keeps it whole$/,
    ],
    ['no files', (copy) => copy.writeUInt32LE(0, TOC_AT), /: it has 0 files;/],
    ['too many files', (copy) => copy.writeUInt32LE(0xffffffff, TOC_AT), /: it has 4294967295 files;/],
    [
      'another name',
      (copy) => copy.write('a', copy.indexOf('icudt78l/brk')),
      /: its first file is "acudt78l/,
    ],
    [
      'names out of order',
      (copy) => copy.write('z', copy.indexOf('icudt78l/de')),
      /zcudt78l\/de.res is out of order;/,
    ],
    [
      'a name without an end',
      (copy) => copy.writeUInt32LE(copy.length - TOC_AT, TOC_AT + 4),
      /: its first file is ""/,
    ],
    [
      'a file that begins before the one before it',
      (copy) => copy.writeUInt32LE(16, TOC_AT + 16),
      /is out of order;/,
    ],
    [
      'a file in the table',
      (copy) => copy.writeUInt32LE(16, TOC_AT + 8),
      /: its files overlap its table of contents;/,
    ],
    [
      'a file beyond the end',
      (copy) => copy.writeUInt32LE(0x7ffffff0, TOC_AT + 4 + 4 * 8 + 4),
      /: icudt78l\/en.res is damaged;/,
    ],
    [
      'a file in an odd place',
      (copy) => copy.writeUInt32LE(copy.readUInt32LE(TOC_AT + 16) + 1, TOC_AT + 16),
      /de.res is damaged|ucadata.icu is damaged/,
    ],
    [
      'a last file of another kind',
      (copy) => copy.write('Xesb', lastAt + 12),
      /: its last file is no resource bundle;/,
    ],
    [
      'a last file that is too long',
      (copy) => copy.writeUInt32LE(0x10000, lastAt + 32 + 16),
      /root.res is damaged;/,
    ],
    ['a header beyond the end', (copy) => copy.writeUInt16LE(0xffff, 4096), /: it is cut off;/],
    ['two packages', (copy) => made.copy(copy, copy.length - 200, 0, 100), /: there are two packages;/],
  ];
  for (const [name, change, message] of unknown) {
    test(`${name}: is refused`, () => {
      assert.throws(() => findIcuPackage(changed(bytes, change)), { name: 'SealError', message });
    });
  }

  test('damaged anywhere is refused, or read without leaving its bytes', () => {
    const anywhere = fc.array(fc.tuple(fc.nat(made.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anywhere, fc.nat(made.length), (flips, cut) => {
        const damaged = Buffer.from(made.subarray(0, made.length - (cut > 64 ? 0 : cut)));
        for (const [at, value] of flips) if (at < damaged.length) damaged[at] = value;
        try {
          const icu = findIcuPackage(damaged);
          assert.ok(icu === undefined || icu.offset + icu.size <= damaged.length);
        } catch (error) {
          assert.equal((error as Error).name, 'SealError');
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the package in the locked Node', { skip: cannotSeal() }, () => {
  test('is read whole: packed again it is as long as before', () => {
    const node = readFileSync(LOCKED_NODE);
    const icu = findIcuPackage(node);
    assert.ok(icu);
    assert.ok(icu.items.length > 4000);
    assert.equal(packIcu(icu, icu.items).length, icu.size);
  });
});
