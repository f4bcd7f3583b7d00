/* Arguments, environment, identity and terminal of the process. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "binding.h"

extern char **environ;
static char **arguments;
/* What the kernel says of the memory; opened before the process gives up reading. */
static int memory_descriptor;

void set_arguments(char **argv) {
  memory_descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  arguments = argv;
}

static JSValue list_of(JSContext *ctx, char **texts) {
  JSValue list = JS_NewArray(ctx);
  for (uint32_t i = 0; texts[i]; i++) JS_SetPropertyUint32(ctx, list, i, JS_NewString(ctx, texts[i]));
  return list;
}

JSValue host_arguments(JSContext *ctx) {
  return list_of(ctx, arguments);
}

JSValue host_environment(JSContext *ctx) {
  return list_of(ctx, environ);
}

/*
 * Writes to a standard stream without ever waiting for its reader. The stream may be shared with other programs, so
 * its mode stays as it is: a pipe that poll(2) calls writable takes PIPE_BUF bytes at once (pipe(7)).
 */
int64_t host_print(int64_t descriptor, Bytes bytes) {
  struct pollfd stream = {.fd = (int)descriptor, .events = POLLOUT};
  if (poll(&stream, 1, 0) == 0) return -EAGAIN;
  return or_errno(write(stream.fd, bytes.data, bytes.length < PIPE_BUF ? bytes.length : PIPE_BUF));
}

void host_exit(int64_t code) {
  /* Not exit(3): threads may be in the middle of a call. */
  _exit((int)code);
}

int host_isTerminal(int64_t descriptor) {
  return isatty((int)descriptor);
}

static int64_t processor_us(int is_of_kernel) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  struct timeval time = is_of_kernel ? usage.ru_stime : usage.ru_utime;
  return time.tv_sec * INT64_C(1000000) + time.tv_usec;
}

static int64_t resident_bytes(void) {
  char text[64] = "", *second = text;
  if (pread(memory_descriptor, text, sizeof text - 1, 0) < 0) return 0;
  /* Not sscanf, of which the library has 12 kB. */
  strtol(text, &second, 10);
  return strtol(second, NULL, 10) * sysconf(_SC_PAGESIZE);
}

int64_t host_process(int64_t what) {
  switch (what) {
    case 0: return getpid();
    case 1: return geteuid();
    case 2:
    case 3: return processor_us(what == 3);
    default: return resident_bytes();
  }
}

/* Without echo and line by line, as for a password; and back. */
int64_t host_rawMode(int64_t descriptor, int is_raw) {
  struct termios mode;
  tcflag_t flags = ECHO | ICANON | ISIG;
  if (tcgetattr((int)descriptor, &mode) < 0) return -errno;
  mode.c_lflag = is_raw ? mode.c_lflag & ~flags : mode.c_lflag | flags;
  return or_errno(tcsetattr((int)descriptor, TCSANOW, &mode));
}
