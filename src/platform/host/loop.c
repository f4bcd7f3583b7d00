/* Waiting for descriptors and signals, and the clock. Timers and listeners are in TypeScript (`loop.ts`). */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>

#include "binding.h"

#define MAX_EVENTS 256
#define NS_PER_MS 1e6

static int epoll_descriptor(void) {
  static int descriptor = -1;
  if (descriptor < 0) descriptor = epoll_create1(EPOLL_CLOEXEC);
  return descriptor;
}

int64_t host_wait(int64_t most_ms, Bytes out) {
  struct epoll_event events[MAX_EVENTS];
  int most = (int)(out.length / (2 * sizeof(int32_t)));
  int count = epoll_wait(epoll_descriptor(), events, most < MAX_EVENTS ? most : MAX_EVENTS, (int)most_ms);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  int32_t *words = (int32_t *)(void *)out.data;
  for (int i = 0; i < count; i++) {
    words[2 * i] = events[i].data.fd;
    words[2 * i + 1] = (int32_t)events[i].events;
  }
  return count;
}

static JSValue run_job(JSContext *ctx, int argc, JSValueConst *argv) {
  (void)argc;
  return JS_Call(ctx, argv[0], JS_UNDEFINED, 0, NULL);
}

JSValue host_queueMicrotask(JSContext *ctx, JSValueConst *job) {
  return JS_EnqueueJob(ctx, run_job, 1, job) < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

JSValue host_runJobs(JSContext *ctx) {
  JSContext *of_job;
  int state;
  while ((state = JS_ExecutePendingJob(JS_GetRuntime(ctx), &of_job)) > 0) continue;
  return state < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

int64_t host_watch(int64_t descriptor, int64_t events) {
  struct epoll_event event = {.events = (uint32_t)events, .data.fd = (int)descriptor};
  int epoll = epoll_descriptor();
  if (events == 0) return or_errno(epoll_ctl(epoll, EPOLL_CTL_DEL, event.data.fd, NULL));
  int state = epoll_ctl(epoll, EPOLL_CTL_MOD, event.data.fd, &event);
  if (state < 0 && errno == ENOENT) state = epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
  return or_errno(state);
}

double host_now(void) {
  static double start;
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  double now = (double)time.tv_sec * 1e3 + (double)time.tv_nsec / NS_PER_MS;
  if (start == 0) start = now;
  return now - start;
}

int64_t host_signals(Bytes wanted) {
  const int32_t *numbers = (const int32_t *)(void *)wanted.data;
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < wanted.length / sizeof *numbers; i++) sigaddset(&set, numbers[i]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  return or_errno(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

static void on_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL is_handled, void *opaque) {
  JSValue tracker = JS_DupValue(ctx, *(JSValue *)opaque);
  JSValueConst arguments[] = {reason, is_handled ? JS_TRUE : JS_FALSE, promise};
  JSValue result = JS_Call(ctx, tracker, JS_UNDEFINED, COUNT(arguments), arguments);
  JS_FreeValue(ctx, result);
  JS_FreeValue(ctx, tracker);
}

void host_trackRejections(JSContext *ctx, JSValueConst *given) {
  static JSValue tracker;
  tracker = JS_DupValue(ctx, *given);
  JS_SetHostPromiseRejectionTracker(JS_GetRuntime(ctx), on_rejection, &tracker);
}
