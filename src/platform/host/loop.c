/* Waiting for descriptors and signals, and the clock. Timers and listeners are in TypeScript (`loop.ts`). */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"
#include "host.h"

#define MAX_EVENTS 256
#define NS_PER_MS 1e6

static int epoll_descriptor(void) {
  static int descriptor = -1;
  if (descriptor < 0) descriptor = epoll_create1(EPOLL_CLOEXEC);
  return descriptor;
}

HOST(wait) {
  UNUSED(self);
  UNUSED(argc);
  struct epoll_event events[MAX_EVENTS];
  Bytes out;
  if (bytes_of(ctx, argv[1], &out) < 0) return JS_EXCEPTION;
  int most = (int)(out.length / (2 * sizeof(int32_t)));
  if (most > MAX_EVENTS) most = MAX_EVENTS;
  int count = epoll_wait(epoll_descriptor(), events, most, (int)integer_of(ctx, argv[0]));
  if (count < 0) return JS_NewInt32(ctx, errno == EINTR ? 0 : -errno);
  int32_t *words = (int32_t *)(void *)out.data;
  for (int i = 0; i < count; i++) {
    words[2 * i] = events[i].data.fd;
    words[2 * i + 1] = (int32_t)events[i].events;
  }
  return JS_NewInt32(ctx, count);
}

static JSValue run_job(JSContext *ctx, int argc, JSValueConst *argv) {
  UNUSED(argc);
  return JS_Call(ctx, argv[0], JS_UNDEFINED, 0, NULL);
}

HOST(queueMicrotask) {
  UNUSED(self);
  UNUSED(argc);
  return JS_EnqueueJob(ctx, run_job, 1, argv) < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

HOST(runJobs) {
  UNUSED(self);
  UNUSED(argc);
  UNUSED(argv);
  JSContext *of_job;
  int state;
  while ((state = JS_ExecutePendingJob(JS_GetRuntime(ctx), &of_job)) > 0) continue;
  return state < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

HOST(watch) {
  UNUSED(self);
  UNUSED(argc);
  int descriptor = (int)integer_of(ctx, argv[0]);
  struct epoll_event event = {.events = (uint32_t)integer_of(ctx, argv[1]), .data.fd = descriptor};
  int epoll = epoll_descriptor();
  if (event.events == 0) return JS_NewInt32(ctx, epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL) < 0 ? -errno : 0);
  int state = epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event);
  if (state < 0 && errno == ENOENT) state = epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
  return JS_NewInt32(ctx, state < 0 ? -errno : 0);
}

static double milliseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / NS_PER_MS;
}

HOST(now) {
  UNUSED(self);
  UNUSED(argc);
  UNUSED(argv);
  static double start;
  double now = milliseconds(CLOCK_MONOTONIC);
  if (start == 0) start = now;
  return JS_NewFloat64(ctx, now - start);
}

HOST(date) {
  UNUSED(self);
  UNUSED(argc);
  UNUSED(argv);
  return JS_NewFloat64(ctx, milliseconds(CLOCK_REALTIME));
}

HOST(signals) {
  UNUSED(self);
  UNUSED(argc);
  Bytes wanted;
  if (bytes_of(ctx, argv[0], &wanted) < 0) return JS_EXCEPTION;
  const int32_t *numbers = (const int32_t *)(void *)wanted.data;
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < wanted.length / sizeof *numbers; i++) sigaddset(&set, numbers[i]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int descriptor = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  return JS_NewInt32(ctx, descriptor < 0 ? -errno : descriptor);
}

HOST(nextSignal) {
  UNUSED(self);
  UNUSED(argc);
  struct signalfd_siginfo info;
  ssize_t got = read((int)integer_of(ctx, argv[0]), &info, sizeof info);
  return JS_NewInt32(ctx, got == (ssize_t)sizeof info ? (int)info.ssi_signo : 0);
}

static void on_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL is_handled, void *opaque) {
  JSValue tracker = JS_DupValue(ctx, *(JSValue *)opaque);
  JSValueConst arguments[] = {reason, is_handled ? JS_TRUE : JS_FALSE, promise};
  JSValue result = JS_Call(ctx, tracker, JS_UNDEFINED, COUNT(arguments), arguments);
  JS_FreeValue(ctx, result);
  JS_FreeValue(ctx, tracker);
}

HOST(trackRejections) {
  UNUSED(self);
  UNUSED(argc);
  static JSValue tracker;
  tracker = JS_DupValue(ctx, argv[0]);
  JS_SetHostPromiseRejectionTracker(JS_GetRuntime(ctx), on_rejection, &tracker);
  return JS_UNDEFINED;
}
