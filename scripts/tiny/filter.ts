/**
 * Which system calls mote-tiny may make once it serves, and the filter (seccomp(2)) that holds it to them, in classic
 * BPF. The numbers of the calls are known to the C compiler, so the filter is given to it as a source (`filter.c`).
 */

/** Calls that are allowed as they are, the frequent ones first. */
const allowed =
  `epoll_pwait read writev write futex close accept4 epoll_ctl openat fstat newfstatat pread64 readv
  pwrite64 lseek getdents64 readlinkat fsync fdatasync ftruncate fcntl getcwd mkdirat unlinkat renameat renameat2 fchmodat
  fchmod fchownat fchown faccessat statx munmap mremap madvise brk exit exit_group set_robust_list set_tid_address gettid
  getpid geteuid getegid getuid getgid getrusage sched_yield sched_getaffinity rt_sigprocmask rt_sigaction rt_sigreturn
  sigaltstack restart_syscall connect bind listen getsockname getpeername setsockopt getsockopt shutdown sendto recvfrom
  sendmsg recvmsg ppoll signalfd4 clock_gettime clock_nanosleep nanosleep getrandom prlimit64 umask`.split(
    /\s+/,
  );
/** What arm64 has only the newer calls for. */
const olderAllowed =
  'open stat lstat readlink mkdir rmdir unlink rename chmod chown lchown access poll epoll_wait gettimeofday time'.split(
    ' ',
  );
/** For threads that were there before Landlock; not in the headers of the C library. */
const LANDLOCK_RESTRICT_SELF = 446;
const CLONE3 = 435;

type Operator = 'equals' | 'differs' | 'has' | 'lacks';
/** The low half of an argument, which none of these uses more of. */
type Condition = readonly [argument: number, operator: Operator, value: number | string];

interface Rule {
  readonly call: string;
  /** One of these is enough. */
  readonly when: readonly Condition[];
  readonly otherwise: string;
}

export const rules: readonly Rule[] = [
  // No memory becomes executable: nothing here compiles, and nothing is loaded.
  { call: 'SYS_mmap', when: [[2, 'lacks', 'PROT_EXEC']], otherwise: 'EPERM' },
  { call: 'SYS_mprotect', when: [[2, 'lacks', 'PROT_EXEC']], otherwise: 'EPERM' },
  // Threads, but no processes.
  { call: 'SYS_clone', when: [[0, 'has', 'CLONE_THREAD']], otherwise: 'EPERM' },
  // The C library then makes its threads by the older call, whose flags can be seen here.
  { call: String(CLONE3), when: [], otherwise: 'ENOSYS' },
  {
    call: 'SYS_socket',
    when: ['AF_UNIX', 'AF_INET', 'AF_INET6'].map((family) => [0, 'equals', family]),
    otherwise: 'EAFNOSUPPORT',
  },
  // Whether a process lives may be asked; a signal may only be sent to oneself.
  {
    call: 'SYS_kill',
    when: [
      [1, 'equals', 0],
      [0, 'equals', 'OWN_PID'],
    ],
    otherwise: 'EPERM',
  },
  { call: 'SYS_prctl', when: [[0, 'equals', 'PR_SET_NO_NEW_PRIVS']], otherwise: 'EPERM' },
  // Input of the terminal that this process did not get is typed by nobody.
  { call: 'SYS_ioctl', when: [[1, 'differs', 'TIOCSTI']], otherwise: 'EPERM' },
];

export interface Instruction {
  readonly code: 'LOAD' | 'JUMP_EQUAL' | 'JUMP_IF_SET' | 'RETURN';
  /** Instructions that are skipped. */
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly value: string;
}

function load(value: string): Instruction {
  return { code: 'LOAD', ifTrue: 0, ifFalse: 0, value };
}

function decide(value: string): Instruction {
  return { code: 'RETURN', ifTrue: 0, ifFalse: 0, value };
}

function allowIf(operator: Operator, value: number | string): Instruction[] {
  const code = operator === 'equals' || operator === 'differs' ? 'JUMP_EQUAL' : 'JUMP_IF_SET';
  const isWanted = operator === 'equals' || operator === 'has';
  const test = { code, ifTrue: isWanted ? 0 : 1, ifFalse: isWanted ? 1 : 0, value: String(value) } as const;
  return [test, decide('ALLOW')];
}

function block({ call, when, otherwise }: Rule): Instruction[] {
  const decision = [
    ...when.flatMap(([argument, operator, value]) => [
      load(`ARGUMENT(${argument})`),
      ...allowIf(operator, value),
    ]),
    decide(`REFUSE(${otherwise})`),
  ];
  return [{ code: 'JUMP_EQUAL', ifTrue: 0, ifFalse: decision.length, value: call }, ...decision];
}

function allowAll(names: readonly string[]): Instruction[] {
  return names.flatMap((name) => allowIf('equals', `SYS_${name}`));
}

/** In three parts: the second is for processors that have the older calls. */
export const filter: readonly (readonly Instruction[])[] = [
  [
    load('offsetof(CallSeen, architecture)'),
    { code: 'JUMP_EQUAL', ifTrue: 1, ifFalse: 0, value: 'AUDIT_ARCH' },
    decide('KILL'),
    load('offsetof(CallSeen, number)'),
    ...rules.flatMap(block),
    ...allowAll(allowed),
    ...allowIf('equals', LANDLOCK_RESTRICT_SELF),
  ],
  allowAll(olderAllowed),
  [decide('REFUSE(EPERM)')],
];

function sourceOf(instructions: readonly Instruction[]): string {
  return instructions
    .map(({ code, ifTrue, ifFalse, value }) => `    {${code}, ${ifTrue}, ${ifFalse}, ${value}},\n`)
    .join('');
}

/** The structures and numbers of the kernel, since the C library has no headers of it. */
const FORMAT = `#include <errno.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "host.h"
/* linux/audit.h */
#if defined __x86_64__
#define AUDIT_ARCH 0xC000003Eu
#elif defined __aarch64__
#define AUDIT_ARCH 0xC00000B7u
#else
#error "the number of this architecture in linux/audit.h is missing here"
#endif
/* linux/filter.h: an instruction, and the operations that are used. */
typedef struct {
  uint16_t code;
  uint8_t if_true, if_false;
  uint32_t value;
} Instruction;
enum { LOAD = 0x20, JUMP_EQUAL = 0x15, JUMP_IF_SET = 0x45, RETURN = 0x06 };
/* linux/seccomp.h: what the filter sees, and what it decides. */
typedef struct {
  uint32_t number, architecture;
  uint64_t instruction, arguments[6];
} CallSeen;
#define ARGUMENT(number) (uint32_t)(offsetof(CallSeen, arguments) + (number) * sizeof(uint64_t))
#define ALLOW 0x7FFF0000u
#define REFUSE(error) (0x00050000u | (error))
#define KILL 0x80000000u
`;

export function filterSource(): string {
  const [first = [], older = [], last = []] = filter;
  const place = first.findIndex(({ value }) => value === 'OWN_PID');
  return `/* Generated by scripts/tiny/filter.ts. */
${FORMAT}/* Put in its place by filter_for. */
#define OWN_PID 0
static Instruction filter[] = {
${sourceOf(first)}#ifdef SYS_open
${sourceOf(older)}#endif
${sourceOf(last)}};
void *filter_for(uint32_t own_pid, uint16_t *length) {
  filter[${place}].value = own_pid;
  *length = COUNT(filter);
  return filter;
}
`;
}
