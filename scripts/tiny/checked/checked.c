/*
 * Part of the builds that are examined (AddressSanitizer, valgrind), in the place of allocator.c: every block is one of
 * malloc, so that the tool sees where each begins and ends. Linked with --wrap, it also takes what would be in the
 * tool's way: small stacks, the confinement of the process, and an end of which the tool is not told.
 */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host.h"

#define LANDLOCK_CREATE_RULESET 444
#define LANDLOCK_ADD_RULE 445
#define LANDLOCK_RESTRICT_SELF 446
#define CALL_ARGUMENTS 6
/* Frames are larger with what the tool adds to them. */
#define STACK_FACTOR 8

static void *allocate(JSMallocState *state, size_t size) {
  if (size == 0 || state->malloc_size + size > state->malloc_limit) return NULL;
  void *block = malloc(size);
  if (!block) return NULL;
  state->malloc_count++;
  state->malloc_size += malloc_usable_size(block);
  return block;
}

static void release(JSMallocState *state, void *block) {
  if (!block) return;
  state->malloc_count--;
  state->malloc_size -= malloc_usable_size(block);
  free(block);
}

static void *resize(JSMallocState *state, void *block, size_t size) {
  if (!block) return allocate(state, size);
  if (size == 0) return release(state, block), NULL;
  size_t before = malloc_usable_size(block);
  if (state->malloc_size - before + size > state->malloc_limit) return NULL;
  void *moved = realloc(block, size);
  if (!moved) return NULL;
  state->malloc_size += malloc_usable_size(moved) - before;
  return moved;
}

/* What malloc gives beyond the size is not for use: the tool would not see it. */
static size_t usable(const void *block) {
  (void)block;
  return 0;
}

const JSMallocFunctions allocator = {allocate, release, resize, usable};

int __real_pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size);
int __wrap_pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size);
int __wrap_pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size) {
  return __real_pthread_attr_setstacksize(attributes, STACK_FACTOR * size);
}

/* Says that the process is confined, and leaves it free: the tool reads its own memory, and writes reports. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...) {
  long values[CALL_ARGUMENTS];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < CALL_ARGUMENTS; i++) values[i] = va_arg(list, long);
  va_end(list);
  switch (number) {
    /* Without a structure it is asked for its version. */
    case LANDLOCK_CREATE_RULESET: return values[0] ? open("/dev/null", O_RDONLY | O_CLOEXEC) : 1;
    case LANDLOCK_ADD_RULE:
    case LANDLOCK_RESTRICT_SELF:
    case SYS_seccomp: return 0;
    default: return __real_syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
  }
}

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>

const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "detect_stack_use_after_return=1:strict_string_checks=1:quarantine_size_mb=32:"
         "exitcode=99:print_stacktrace=1:allocator_may_return_null=1";
}

void __real__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code) {
  __lsan_do_leak_check();
  __real__exit(code);
}
#endif
