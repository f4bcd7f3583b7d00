/** What the filter of system calls decides, by an interpreter of its instructions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filter, type Instruction } from './filter.ts';

/** Any numbers will do, as long as they differ; those of arguments are the kernel's. */
const known: Readonly<Record<string, number>> = {
  'offsetof(CallSeen, architecture)': 4,
  'offsetof(CallSeen, number)': 0,
  AUDIT_ARCH: 62,
  PROT_EXEC: 4,
  CLONE_THREAD: 0x10000,
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  PR_SET_NO_NEW_PRIVS: 38,
  TIOCSTI: 0x5412,
  OWN_PID: 7,
};
const numbers = new Map<string, number>();

function numberOf(value: string): number {
  const argument = /^ARGUMENT\((\d)\)$/.exec(value)?.[1];
  if (argument !== undefined) return 16 + 8 * Number(argument);
  if (!value.startsWith('SYS_')) return known[value] ?? Number(value);
  if (!numbers.has(value)) numbers.set(value, 1000 + numbers.size);
  return numbers.get(value) ?? 0;
}

/** Classic BPF, as far as the filter uses it. */
function decide(program: readonly Instruction[], words: ReadonlyMap<number, number>): string {
  let held = 0;
  for (let at = 0; ; at += 1) {
    const { code, ifTrue, ifFalse, value } = program[at] ?? assert.fail('beyond the end');
    if (code === 'RETURN') return value;
    const number = numberOf(value);
    assert.ok(Number.isInteger(number), value);
    if (code === 'LOAD') held = words.get(number) ?? 0;
    else at += (code === 'JUMP_EQUAL' ? held === number : held & number) ? ifTrue : ifFalse;
  }
}

function decisionOn(call: string, args: readonly number[] = [], architecture = 62): string {
  const words = new Map([
    [0, numberOf(call)],
    [4, architecture],
  ]);
  for (const [place, value] of args.entries()) words.set(16 + 8 * place, value);
  return decide(filter.flat(), words);
}

const cases: readonly (readonly [call: string, args: readonly number[], decision: string])[] = [
  ['SYS_read', [], 'ALLOW'],
  ['SYS_umask', [], 'ALLOW'],
  ['SYS_open', [], 'ALLOW'],
  ['446', [], 'ALLOW'],
  ...[
    'execve',
    'execveat',
    'fork',
    'vfork',
    'ptrace',
    'process_vm_readv',
    'process_vm_writev',
    'mount',
    'setuid',
  ].map((name) => [`SYS_${name}`, [], 'REFUSE(EPERM)'] as const),
  ...[
    'bpf',
    'userfaultfd',
    'io_uring_setup',
    'keyctl',
    'unshare',
    'setns',
    'memfd_create',
    'symlinkat',
    'linkat',
    'chroot',
  ].map((name) => [`SYS_${name}`, [], 'REFUSE(EPERM)'] as const),
  ['SYS_mmap', [0, 4096, 3], 'ALLOW'],
  ['SYS_mmap', [0, 4096, 5], 'REFUSE(EPERM)'],
  ['SYS_mprotect', [0, 4096, 4], 'REFUSE(EPERM)'],
  ['SYS_clone', [0x7d0f00], 'ALLOW'],
  ['SYS_clone', [17], 'REFUSE(EPERM)'],
  ['435', [], 'REFUSE(ENOSYS)'],
  ['SYS_socket', [1], 'ALLOW'],
  ['SYS_socket', [2], 'ALLOW'],
  ['SYS_socket', [10], 'ALLOW'],
  ...[0, 3, 16, 17, 38, 40].map((family) => ['SYS_socket', [family], 'REFUSE(EAFNOSUPPORT)'] as const),
  ['SYS_kill', [1, 0], 'ALLOW'],
  ['SYS_kill', [7, 15], 'ALLOW'],
  ['SYS_kill', [1, 15], 'REFUSE(EPERM)'],
  ['SYS_prctl', [38], 'ALLOW'],
  ['SYS_prctl', [4], 'REFUSE(EPERM)'],
  ['SYS_ioctl', [0, 0x5401], 'ALLOW'],
  ['SYS_ioctl', [0, 0x5412], 'REFUSE(EPERM)'],
];

describe('the filter of system calls', () => {
  for (const [call, args, decision] of cases) {
    test(`${call}(${args.join(', ')}): ${decision}`, () => assert.equal(decisionOn(call, args), decision));
  }

  test('another architecture ends the process', () => assert.equal(decisionOn('SYS_read', [], 3), 'KILL'));

  test('its jumps fit into a byte', () => {
    for (const { ifTrue, ifFalse } of filter.flat()) assert.ok(ifTrue < 256 && ifFalse < 256);
  });
});
