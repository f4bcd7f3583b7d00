import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { debian } from '../../scripts/test/lacking.ts';
import * as a64 from '../asm/a64.ts';
import { assemble, block, data, type Fragment, label } from '../asm/assembler.ts';
import { eax, edi, jmp, mov, syscall } from '../asm/x64.ts';
import { elfHeader, GAP_BYTES, type Gaps, HEADER_BYTES, type MACHINE, ORIGIN } from './elf.ts';

/** Bytes that no loader would like, if it read them. */
const garbage = (count: number) => [data(1, ...Array.from({ length: count }, () => 0xa5))];
const gaps: Gaps = {
  sections: garbage(GAP_BYTES.sections),
  physical: garbage(GAP_BYTES.physical),
  alignment: garbage(GAP_BYTES.alignment),
};

type Machine = keyof typeof MACHINE;

/** Ends with 42. */
const exits: Readonly<Record<Machine, readonly Fragment[]>> = {
  'x86-64': [mov(edi, 42), mov(eax, 60), syscall],
  arm64: [a64.mov(a64.w0, 42), a64.mov(a64.w8, 93), a64.svc],
};

function program(header: Parameters<typeof elfHeader>[0]): Buffer {
  const blocks = [
    block('header', elfHeader(header)),
    block('start', [...exits[header.machine], label('end')]),
  ];
  return Buffer.from(assemble({ blocks, origin: ORIGIN, jump: jmp }).bytes);
}

const machines = [
  { machine: 'x86-64', arch: 'x64', emulators: ['qemu-x86_64-static', 'qemu-x86_64'] },
  { machine: 'arm64', arch: 'arm64', emulators: ['qemu-aarch64-static', 'qemu-aarch64'] },
] as const;
const headers = [
  ['strict', undefined],
  ['compact', gaps],
] as const;
const cases = machines.flatMap((machine) => headers.map(([name, chosen]) => ({ ...machine, name, chosen })));

/** The largest page that kernels are built for. */
const LARGEST_PAGE_BYTES = { 'x86-64': 0x1000, arm64: 0x10000 };

for (const { machine, arch, emulators, name, chosen } of cases) {
  describe(`a ${name} header for ${machine}`, () => {
    const bytes = program({ machine, gaps: chosen });

    test('says where the program is', () => {
      assert.equal(bytes.toString('latin1', 0, 4), '\x7fELF');
      assert.equal(bytes.readUInt16LE(18), machine === 'arm64' ? 183 : 62);
      assert.equal(bytes.readBigUInt64LE(24), BigInt(ORIGIN + HEADER_BYTES[name]));
      // One program header, of 56 bytes.
      assert.deepEqual([bytes.readUInt16LE(52), bytes.readUInt16LE(54), bytes.readUInt16LE(56)], [64, 56, 1]);
    });

    test('fits to the largest pages', () => {
      const at = Number(bytes.readBigUInt64LE(32));
      const [offset, address] = [at + 8, at + 16].map((field) => Number(bytes.readBigUInt64LE(field)));
      assert.deepEqual([offset, (address ?? 1) % LARGEST_PAGE_BYTES[machine]], [0, 0]);
      const alignment = Number(bytes.readBigUInt64LE(at + 48));
      if (name === 'strict') assert.equal(alignment, LARGEST_PAGE_BYTES[machine]);
    });

    test('maps the whole file, to be read and executed', () => {
      const at = Number(bytes.readBigUInt64LE(32));
      assert.equal(at, HEADER_BYTES[name] - 56);
      assert.deepEqual([bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)], [1, 5]);
      const sizes = [at + 32, at + 40].map((offset) => Number(bytes.readBigUInt64LE(offset)));
      assert.deepEqual(sizes, [bytes.length, bytes.length]);
    });

    for (const [runner, ...args] of [[], ...emulators.map((emulator) => [emulator])]) {
      const found =
        runner === undefined ? process.arch === arch : spawnSync(runner, ['--version']).status === 0;
      const skip = process.platform !== 'linux' || !found;
      const reason = runner
        ? `missing: ${runner} ${debian([runner.endsWith('-static') ? 'qemu-user-static' : 'qemu-user'])}`
        : `not on ${machine}`;
      test(`is loaded by ${runner ?? 'Linux'}`, { skip: skip && reason }, () => {
        const folder = mkdtempSync(join(tmpdir(), 'elf-'));
        after(() => rmSync(folder, { recursive: true, force: true }));
        const path = join(folder, 'program');
        writeFileSync(path, bytes, { mode: 0o755 });
        assert.equal(spawnSync(runner ?? path, [...args, ...(runner ? [path] : [])]).status, 42);
      });
    }
  });
}
