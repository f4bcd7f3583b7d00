/*
 * Confinement of the process once it serves: Landlock for what it may change in the file system, and a filter of
 * system calls (seccomp). Both can only be tightened, and hold for every thread. The structures are written out, since
 * the C library has no headers of the kernel.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "binding.h"

#if defined __x86_64__
#define AUDIT_ARCH 0xC000003Eu
#elif defined __aarch64__
#define AUDIT_ARCH 0xC00000B7u
#else
#error "the number of this architecture in linux/audit.h is missing here"
#endif

/* linux/filter.h: an instruction of classic BPF, and the operations that are used. */
typedef struct {
  uint16_t code;
  uint8_t if_true, if_false;
  uint32_t value;
} Instruction;
typedef struct {
  uint16_t length;
  Instruction *filter;
} Program;
enum { LOAD = 0x20, JUMP_EQUAL = 0x15, JUMP_IF_SET = 0x45, RETURN = 0x06 };

/* linux/seccomp.h: what the filter sees, and what it decides. */
typedef struct {
  uint32_t number, architecture;
  uint64_t instruction, arguments[6];
} CallSeen;
#define LOW_WORD(argument) (uint32_t)(offsetof(CallSeen, arguments) + (argument) * sizeof(uint64_t))
#define DECIDE_ALLOW 0x7FFF0000u
#define DECIDE_EPERM (0x00050000u | EPERM)
#define DECIDE_ENOSYS (0x00050000u | ENOSYS)
#define DECIDE_KILL 0x80000000u
#define SET_MODE_FILTER 1
#define ALL_THREADS 1

/* Calls that are allowed as they are, the frequent ones first. arm64 has only the newer of some. */
static const uint32_t allowed[] = {
    SYS_epoll_pwait, SYS_read, SYS_writev, SYS_write, SYS_futex, SYS_close, SYS_accept4, SYS_epoll_ctl, SYS_openat,
    SYS_fstat, SYS_newfstatat, SYS_pread64, SYS_readv, SYS_pwrite64, SYS_lseek, SYS_getdents64, SYS_readlinkat,
    SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_fcntl, SYS_ioctl, SYS_getcwd, SYS_mkdirat, SYS_unlinkat,
    SYS_renameat, SYS_renameat2, SYS_fchmodat, SYS_fchmod, SYS_fchownat, SYS_fchown, SYS_faccessat, SYS_statx,
    SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_clone, SYS_exit, SYS_exit_group, SYS_set_robust_list,
    SYS_set_tid_address, SYS_gettid, SYS_getpid, SYS_geteuid, SYS_getegid, SYS_getuid, SYS_getgid, SYS_sched_yield,
    SYS_sched_getaffinity, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_rt_sigreturn, SYS_sigaltstack,
    SYS_restart_syscall, SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_getsockname, SYS_getpeername,
    SYS_setsockopt, SYS_getsockopt, SYS_shutdown, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_ppoll,
    SYS_signalfd4, SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep, SYS_getrandom, SYS_prlimit64, SYS_umask,
    /* Landlock for threads that were there before it. */
    446, SYS_prctl,
#ifdef SYS_open
    SYS_open, SYS_stat, SYS_lstat, SYS_readlink, SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_rename, SYS_chmod, SYS_chown,
    SYS_lchown, SYS_access, SYS_poll, SYS_epoll_wait, SYS_gettimeofday, SYS_time,
#endif
};

#define SPECIAL_INSTRUCTIONS 24
static Instruction filter[2 * COUNT(allowed) + SPECIAL_INSTRUCTIONS];
static uint16_t filter_length;

static void add(uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t value) {
  filter[filter_length++] = (Instruction){code, if_true, if_false, value};
}

/* No memory becomes executable: nothing here compiles, and nothing is loaded. */
static void add_without_execution(uint32_t call) {
  add(JUMP_EQUAL, 0, 4, call);
  add(LOAD, 0, 0, LOW_WORD(2));
  add(JUMP_IF_SET, 0, 1, PROT_EXEC);
  add(RETURN, 0, 0, DECIDE_EPERM);
  add(RETURN, 0, 0, DECIDE_ALLOW);
}

/* Whether a process lives may be asked; a signal may only be sent to oneself. */
static void add_kill(void) {
  add(JUMP_EQUAL, 0, 6, SYS_kill);
  add(LOAD, 0, 0, LOW_WORD(1));
  add(JUMP_EQUAL, 2, 0, 0);
  add(LOAD, 0, 0, LOW_WORD(0));
  add(JUMP_EQUAL, 0, 1, (uint32_t)getpid());
  add(RETURN, 0, 0, DECIDE_ALLOW);
  add(RETURN, 0, 0, DECIDE_EPERM);
}

int64_t host_confineCalls(void) {
  filter_length = 0;
  add(LOAD, 0, 0, offsetof(CallSeen, architecture));
  add(JUMP_EQUAL, 1, 0, AUDIT_ARCH);
  add(RETURN, 0, 0, DECIDE_KILL);
  add(LOAD, 0, 0, offsetof(CallSeen, number));
  for (size_t i = 0; i < COUNT(allowed); i++) {
    add(JUMP_EQUAL, 0, 1, allowed[i]);
    add(RETURN, 0, 0, DECIDE_ALLOW);
  }
  add_without_execution(SYS_mmap);
  add_without_execution(SYS_mprotect);
  add_kill();
  /* The C library then makes its threads by the older call, whose flags a filter could see. */
  add(JUMP_EQUAL, 0, 1, 435);
  add(RETURN, 0, 0, DECIDE_ENOSYS);
  add(RETURN, 0, 0, DECIDE_EPERM);
  Program program = {filter_length, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  return or_errno(syscall(SYS_seccomp, SET_MODE_FILTER, ALL_THREADS, &program));
}

/* linux/landlock.h */
#define LANDLOCK_CREATE_RULESET 444
#define LANDLOCK_ADD_RULE 445
#define LANDLOCK_RESTRICT_SELF 446
#define ASK_FOR_VERSION 1
#define PATH_BENEATH 1
enum {
  EXECUTE = 1 << 0,
  WRITE_FILE = 1 << 1,
  /* Removing and making what there is, from removing a folder to making a link. */
  CHANGE_FOLDER = 0x1FF << 4,
  MOVE = 1 << 13,
  TRUNCATE = 1 << 14,
};
typedef struct {
  uint64_t access;
} __attribute__((packed)) Ruleset;
typedef struct {
  uint64_t access;
  int32_t folder;
} __attribute__((packed)) Rule;

static int ruleset = -1;

void confine_thread(void) {
  static _Thread_local int is_confined;
  if (is_confined || ruleset < 0) return;
  is_confined = 1;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0);
}

static int allow_beneath(int rules, const char *path, uint64_t access) {
  Rule rule = {access, open(path, O_PATH | O_CLOEXEC)};
  if (rule.folder < 0) return -errno;
  int state = syscall(LANDLOCK_ADD_RULE, rules, PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
  close(rule.folder);
  return state;
}

/* Of folders on lines of their own everything may be changed, elsewhere nothing; nothing may be executed. */
static int confine_to(char *folders) {
  long version = syscall(LANDLOCK_CREATE_RULESET, NULL, 0, ASK_FOR_VERSION);
  if (version < 0) return -errno;
  uint64_t change = WRITE_FILE | CHANGE_FOLDER | (version >= 2 ? MOVE : 0) | (version >= 3 ? TRUNCATE : 0);
  Ruleset handled = {EXECUTE | change};
  int rules = (int)syscall(LANDLOCK_CREATE_RULESET, &handled, sizeof handled, 0);
  if (rules < 0) return -errno;
  int state = allow_beneath(rules, "/dev", WRITE_FILE);
  for (char *rest, *path = strtok_r(folders, "\n", &rest); path; path = strtok_r(NULL, "\n", &rest)) {
    state = allow_beneath(rules, path, change);
    if (state < 0) return close(rules), state;
  }
  ruleset = rules;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  return syscall(LANDLOCK_RESTRICT_SELF, rules, 0) < 0 ? -errno : 0;
}

int64_t host_confineFiles(Text text) {
  char *folders = strdup(text.chars);
  if (!folders) return -ENOMEM;
  int state = confine_to(folders);
  free(folders);
  return state;
}
