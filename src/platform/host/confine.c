/*
 * Confinement of the process once it serves: Landlock for what it may read and change in the file system, and a
 * filter of system calls (seccomp). Both can only be tightened, and hold for every thread. The structures are written out, since
 * the C library has no headers of the kernel.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "binding.h"

/* linux/seccomp.h; linux/filter.h */
#define SET_MODE_FILTER 1
#define ALL_THREADS 1
typedef struct {
  uint16_t length;
  void *filter;
} Program;

int64_t host_confineCalls(void) {
  Program program;
  program.filter = filter_for((uint32_t)getpid(), &program.length);
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
  READ_FILE = 1 << 2,
  READ_FOLDER = 1 << 3,
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
  int32_t place;
} __attribute__((packed)) Rule;

static int ruleset = -1;

void confine_thread(void) {
  static _Thread_local int is_confined;
  if (is_confined || ruleset < 0) return;
  is_confined = 1;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0);
}

/* A rule for a file must not name what can be done to folders only. */
static int allow_beneath(int rules, const char *path, uint64_t access) {
  Rule rule = {access, open(path, O_PATH | O_CLOEXEC)};
  struct stat stat;
  if (rule.place < 0 || fstat(rule.place, &stat) < 0) return -errno;
  if (!S_ISDIR(stat.st_mode)) rule.access &= WRITE_FILE | READ_FILE | TRUNCATE;
  int state = syscall(LANDLOCK_ADD_RULE, rules, PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
  close(rule.place);
  return state;
}

static int add_rules(int rules, char *lines, uint64_t change, uint64_t read) {
  int state = allow_beneath(rules, "/dev", WRITE_FILE);
  if (state == -ENOENT) state = 0;
  for (char *rest, *line = strtok_r(lines, "\n", &rest); line && state == 0; line = strtok_r(NULL, "\n", &rest))
    state = allow_beneath(rules, line + 1, *line == 'w' ? change | read : read);
  return state;
}

static int confine_to(char *lines, int confines_reading) {
  long version = syscall(LANDLOCK_CREATE_RULESET, NULL, 0, ASK_FOR_VERSION);
  if (version < 0) return -errno;
  uint64_t change = WRITE_FILE | CHANGE_FOLDER | (version >= 2 ? MOVE : 0) | (version >= 3 ? TRUNCATE : 0);
  uint64_t read = confines_reading ? READ_FILE | READ_FOLDER : 0;
  Ruleset handled = {EXECUTE | change | read};
  int rules = (int)syscall(LANDLOCK_CREATE_RULESET, &handled, sizeof handled, 0);
  if (rules < 0) return -errno;
  int state = add_rules(rules, lines, change, read);
  if (state < 0) return close(rules), state;
  ruleset = rules;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  return (int)or_errno(syscall(LANDLOCK_RESTRICT_SELF, rules, 0));
}

int64_t host_confineFiles(Text text, int confines_reading) {
  char *lines = strdup(text.chars);
  if (!lines) return -ENOMEM;
  int state = confine_to(lines, confines_reading);
  free(lines);
  return state;
}
