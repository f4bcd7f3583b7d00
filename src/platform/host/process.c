/* Arguments, environment, identity and terminal of the process. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "binding.h"
#include "host.h"

extern char **environ;
static char **arguments;
static int argument_count;

void set_arguments(int argc, char **argv) {
  argument_count = argc;
  arguments = argv;
}

static JSValue list_of(JSContext *ctx, char **texts, int count) {
  JSValue list = JS_NewArray(ctx);
  for (int i = 0; i < count; i++) JS_SetPropertyUint32(ctx, list, (uint32_t)i, JS_NewString(ctx, texts[i]));
  return list;
}

HOST(arguments) {
  UNUSED(self);
  UNUSED(argc);
  UNUSED(argv);
  return list_of(ctx, arguments, argument_count);
}

HOST(environment) {
  UNUSED(self);
  UNUSED(argc);
  UNUSED(argv);
  int count = 0;
  while (environ[count]) count++;
  return list_of(ctx, environ, count);
}

/*
 * Writes to a standard stream without ever waiting for its reader. The stream may be shared with other programs, so
 * its mode stays as it is: a pipe that poll(2) calls writable takes PIPE_BUF bytes at once (pipe(7)).
 */
HOST(print) {
  UNUSED(self);
  UNUSED(argc);
  Bytes bytes;
  if (bytes_of(ctx, argv[1], &bytes) < 0) return JS_EXCEPTION;
  struct pollfd stream = {.fd = (int)integer_of(ctx, argv[0]), .events = POLLOUT};
  if (poll(&stream, 1, 0) == 0) return JS_NewInt32(ctx, -EAGAIN);
  size_t length = bytes.length < PIPE_BUF ? bytes.length : PIPE_BUF;
  ssize_t sent = write(stream.fd, bytes.data, length);
  return JS_NewInt64(ctx, sent < 0 ? -errno : sent);
}

HOST(exit) {
  UNUSED(self);
  UNUSED(argc);
  /* Not exit(3): threads may be in the middle of a call. */
  _exit((int)integer_of(ctx, argv[0]));
}

HOST(isTerminal) {
  UNUSED(self);
  UNUSED(argc);
  return JS_NewBool(ctx, isatty((int)integer_of(ctx, argv[0])));
}

static int64_t descriptors_allowed(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : (int64_t)limit.rlim_cur;
}

static int64_t processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : CPU_COUNT(&set);
}

static int64_t resident_bytes(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file) return 0;
  if (fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

HOST(process) {
  UNUSED(self);
  UNUSED(argc);
  switch (integer_of(ctx, argv[0])) {
    case 0: return JS_NewInt64(ctx, getpid());
    case 1: return JS_NewInt64(ctx, geteuid());
    case 2: return JS_NewInt64(ctx, getegid());
    case 3: return JS_NewInt64(ctx, descriptors_allowed());
    case 4: return JS_NewInt64(ctx, processors());
    default: return JS_NewInt64(ctx, resident_bytes());
  }
}

HOST(kill) {
  UNUSED(self);
  UNUSED(argc);
  return JS_NewInt32(ctx, kill((pid_t)integer_of(ctx, argv[0]), (int)integer_of(ctx, argv[1])) < 0 ? -errno : 0);
}

/* Without echo and line by line, as for a password; and back. */
HOST(rawMode) {
  UNUSED(self);
  UNUSED(argc);
  struct termios mode;
  int descriptor = (int)integer_of(ctx, argv[0]);
  tcflag_t flags = ECHO | ICANON | ISIG;
  if (tcgetattr(descriptor, &mode) < 0) return JS_NewInt32(ctx, -errno);
  mode.c_lflag = JS_ToBool(ctx, argv[1]) ? mode.c_lflag & ~flags : mode.c_lflag | flags;
  return JS_NewInt32(ctx, tcsetattr(descriptor, TCSANOW, &mode) < 0 ? -errno : 0);
}
