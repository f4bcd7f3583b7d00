import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  DT,
  EHDR,
  interpreterOf,
  PT,
  readDynamic,
  readElf,
  segments,
  stripSections,
  writeProgramHeader,
} from './elf-file.ts';
import { cannotSeal, changed, LOCKED_NODE } from './fixtures.ts';

describe('files that are refused', { skip: cannotSeal() }, () => {
  const node = readFileSync(LOCKED_NODE).subarray(0, 0x1000);
  const cases: readonly (readonly [name: string, bytes: Buffer, message: RegExp])[] = [
    ['nothing', Buffer.alloc(0), /^x: not an ELF file$/],
    ['a script', Buffer.from('#!/bin/sh\n'.padEnd(100)), /^x: not an ELF file$/],
    ['32 bits', changed(node, (bytes) => bytes.writeUInt8(1, 4)), /^x: not a 64-bit little-endian/],
    ['big-endian', changed(node, (bytes) => bytes.writeUInt8(2, 5)), /^x: not a 64-bit little-endian/],
    [
      'an object file',
      changed(node, (bytes) => bytes.writeUInt16LE(1, EHDR.type)),
      /^x: neither an executable/,
    ],
    ['odd headers', changed(node, (bytes) => bytes.writeUInt16LE(32, EHDR.phentsize)), /^x: .* damaged$/],
    [
      'program headers beyond the end',
      changed(node, (bytes) => bytes.writeUInt32LE(4096, EHDR.phoff)),
      /^x: .* damaged$/,
    ],
    ['a truncated file', node, /^x: the file is cut off$/],
  ];
  for (const [name, bytes, message] of cases) {
    test(name, () => assert.throws(() => readElf('x', bytes), { name: 'SealError', message }));
  }
});

describe('the locked Node', { skip: cannotSeal() }, () => {
  const elf = readElf('Node', readFileSync(LOCKED_NODE));
  const dynamic = readDynamic(elf);

  test('is a dynamic executable', () => {
    assert.equal(elf.type, 'executable');
    assert.equal(elf.machine, 'x86-64');
    assert.equal(interpreterOf(elf), '/lib64/ld-linux-x86-64.so.2');
    assert.ok(dynamic.entries.some(({ tag }) => tag === DT.DEBUG));
    assert.ok(dynamic.capacity > dynamic.entries.length);
  });

  test('needs libraries and specific versions of their symbols', () => {
    assert.ok(dynamic.needed.includes('libstdc++.so.6'));
    const byName = new Map(dynamic.neededVersions.map(({ library, versions }) => [library, versions]));
    assert.ok(byName.get('libc.so.6')?.includes('GLIBC_2.28'));
    for (const library of byName.keys()) assert.ok(dynamic.needed.includes(library), library);
  });

  test('program headers are unchanged after reading and writing', () => {
    const end = elf.tableOffset + elf.programHeaders.length * 56;
    const table = Buffer.concat(elf.programHeaders.map(writeProgramHeader));
    assert.ok(table.equals(elf.bytes.subarray(elf.tableOffset, end)));
  });

  test('can lose its sections and keep its loaded segments', () => {
    const stripped = readElf('stripped', stripSections(elf));
    assert.ok(stripped.bytes.length < elf.bytes.length - 10_000_000);
    assert.deepEqual(stripped.programHeaders, elf.programHeaders);
    for (const { offset, fileSize } of segments(elf, PT.LOAD)) {
      // The first segment begins with the file header, which refers to the sections.
      const start = Math.max(offset, 64);
      const end = offset + fileSize;
      assert.ok(stripped.bytes.subarray(start, end).equals(elf.bytes.subarray(start, end)));
    }
    assert.equal(stripped.bytes.readBigUInt64LE(EHDR.shoff), 0n);
    assert.equal(stripped.bytes.readUInt32LE(60), 0);
  });
});
