import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { assemble, block, data, label } from './assembler.ts';
import { elfHeader, GAP_BYTES, type Gaps, HEADER_BYTES, ORIGIN } from './elf.ts';
import { eax, edi, jmp, mov, syscall } from './x64.ts';

/** Bytes that no loader would like, if it read them. */
const garbage = (count: number) => [data(1, ...Array.from({ length: count }, () => 0xa5))];
const gaps: Gaps = {
  sections: garbage(GAP_BYTES.sections),
  physical: garbage(GAP_BYTES.physical),
  alignment: garbage(GAP_BYTES.alignment),
};

function program(header: Parameters<typeof elfHeader>[0]): Buffer {
  const blocks = [
    block('header', elfHeader(header)),
    block('start', [mov(edi, 42), mov(eax, 60), syscall, label('end')]),
  ];
  return Buffer.from(assemble({ blocks, origin: ORIGIN, jump: jmp }).bytes);
}

const cases = [
  ['strict', undefined],
  ['compact', gaps],
] as const;

for (const [name, chosen] of cases) {
  describe(`a ${name} header`, () => {
    const bytes = program({ machine: 'x86-64', gaps: chosen });

    test('says where the program is', () => {
      assert.equal(bytes.toString('latin1', 0, 4), '\x7fELF');
      assert.equal(bytes.readUInt16LE(18), 62);
      assert.equal(bytes.readBigUInt64LE(24), BigInt(ORIGIN + HEADER_BYTES[name]));
      // One program header, of 56 bytes.
      assert.deepEqual([bytes.readUInt16LE(52), bytes.readUInt16LE(54), bytes.readUInt16LE(56)], [64, 56, 1]);
    });

    test('maps the whole file, to be read and executed', () => {
      const at = Number(bytes.readBigUInt64LE(32));
      assert.equal(at, HEADER_BYTES[name] - 56);
      assert.deepEqual([bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)], [1, 5]);
      const sizes = [at + 32, at + 40].map((offset) => Number(bytes.readBigUInt64LE(offset)));
      assert.deepEqual(sizes, [bytes.length, bytes.length]);
    });

    for (const [runner, ...args] of [[], ['qemu-x86_64-static'], ['qemu-x86_64']]) {
      const found = runner === undefined || spawnSync(runner, ['--version']).status === 0;
      const skip = process.platform !== 'linux' || process.arch !== 'x64' || !found;
      test(`is loaded by ${runner ?? 'Linux'}`, { skip: skip && 'NOT TESTED: not here' }, () => {
        const folder = mkdtempSync(join(tmpdir(), 'elf-'));
        after(() => rmSync(folder, { recursive: true, force: true }));
        const path = join(folder, 'program');
        writeFileSync(path, bytes, { mode: 0o755 });
        assert.equal(spawnSync(runner ?? path, [...args, ...(runner ? [path] : [])]).status, 42);
      });
    }
  });
}
