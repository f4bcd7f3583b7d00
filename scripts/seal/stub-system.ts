/** System calls of the stub (`stub.ts`): in general, how it ends with a message, and what it asks before anything else. */
import { ascii, type Block, block, type Fragment, label } from '../../src/asm/assembler.ts';
import * as x64 from '../../src/asm/x64.ts';

const { rdx, rsi, rsp, rbp, r10, eax, edx, esi, edi, at } = x64;
const { cmp, jae, jne, lea, mov, sub, syscall, test, xor } = x64;

/** System calls by number (Linux, `arch/x86/entry/syscalls/syscall_64.tbl`). */
const SYS = {
  write: 1,
  close: 3,
  mmap: 9,
  mprotect: 10,
  munmap: 11,
  exit_group: 231,
  prlimit64: 302,
  memfd_create: 319,
} as const;
const STDERR = 2;
const RLIMIT_NOFILE = 7;
/** `struct rlimit64`; Node raises the soft limit to the hard one. */
const RLIMIT = { hard: 8, bytes: 16 } as const;

/** What mote exits with when it cannot start. */
const EXIT_POOR = 1;

/** A system call: arguments in rdi, rsi, rdx, r10, r8, r9; the result in rax; rcx and r11 are overwritten. */
export function system(call: keyof typeof SYS): Fragment[] {
  return [mov(eax, SYS[call]), syscall];
}

/** Prints the text, which begins at a label of its own, and ends. */
export function complaint(name: string, text: string, exitCode: number): Block {
  const start = `${name}Text`;
  return block(name, [
    ...[mov(edi, STDERR), lea(rsi, at(start)), mov(edx, text.length), ...system('write')],
    ...[mov(edi, exitCode), ...system('exit_group')],
    ...[label(start), ascii(text)],
  ]);
}

/** Step 0. rbp: the original stack pointer. The numbers are unsigned: no limit is the greatest of them. */
export function checkDescriptors(minDescriptors: number): Block[] {
  return [
    block(
      'start',
      [
        ...[mov(rbp, rsp), sub(rsp, RLIMIT.bytes), mov(r10, rsp)],
        ...[xor(edi, edi), mov(esi, RLIMIT_NOFILE), xor(edx, edx), ...system('prlimit64')],
        ...[mov(rdx, at(rsp, RLIMIT.hard)), mov(rsp, rbp)],
        // Whatever refuses the question does not refuse the files.
        ...[test(eax, eax), jne('libraryFiles'), cmp(rdx, minDescriptors), jae('libraryFiles')],
      ],
      'poor',
    ),
    complaint('poor', poverty(minDescriptors), EXIT_POOR),
  ];
}

function poverty(minDescriptors: number): string {
  return `cannot start: at least ${minDescriptors} open files must be allowed; raise the limit (ulimit -n, LimitNOFILE=, --ulimit nofile=)\n`;
}
