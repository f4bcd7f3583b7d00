/*
 * System calls that may block: files, host names, key derivation. The operations are those of `calls` in
 * binding.ts. `call` makes one at once (while the program starts); `submit` hands it to a thread, and `finished` returns
 * the answers when the descriptor of `finishedDescriptor` is readable.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binding.h"

#define THREADS 4
/* getaddrinfo of musl needs some; the engine never runs on these threads. */
#define THREAD_STACK_BYTES (128 * 1024)
#define OPERANDS 4
/* Errors of getaddrinfo follow those of the system. */
#define FIRST_LOOKUP_ERROR 10000

typedef struct Operand {
  int64_t number;
  const char *text;
  Bytes bytes;
  JSValue owner;
} Operand;

typedef struct Call {
  struct Call *next;
  int64_t operation;
  int64_t id;
  Operand operands[OPERANDS];
  int64_t result;
  /* From malloc, if the answer is bytes. */
  uint8_t *out;
  size_t out_length;
} Call;

typedef struct {
  Call *first, **end;
} List;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static List waiting = {NULL, &waiting.first}, done = {NULL, &done.first};
static int done_descriptor = -1;
static int thread_count, idle_count, waiting_count;

static void append(List *list, Call *call) {
  call->next = NULL;
  *list->end = call;
  list->end = &call->next;
}

static Call *shift(List *list) {
  Call *call = list->first;
  if (!call) return NULL;
  list->first = call->next;
  if (!list->first) list->end = &list->first;
  return call;
}

static int64_t answer_text(Call *call, const char *text, size_t length) {
  call->out = malloc(length + 1);
  if (!call->out) return -ENOMEM;
  memcpy(call->out, text, length);
  call->out_length = length;
  return 0;
}

static int64_t do_read(Call *call) {
  int descriptor = (int)call->operands[0].number;
  size_t most = (size_t)call->operands[1].number;
  int64_t position = call->operands[2].number;
  call->out = malloc(most + 1);
  if (!call->out) return -ENOMEM;
  ssize_t got = position < 0 ? read(descriptor, call->out, most) : pread(descriptor, call->out, most, position);
  if (got >= 0) call->out_length = (size_t)got;
  return or_errno(got);
}

static int64_t do_write(const Call *call) {
  int descriptor = (int)call->operands[0].number;
  Bytes bytes = call->operands[1].bytes;
  int64_t position = call->operands[2].number;
  return or_errno(position < 0 ? write(descriptor, bytes.data, bytes.length)
                               : pwrite(descriptor, bytes.data, bytes.length, position));
}

static int64_t nanoseconds(struct timespec time) {
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int64_t do_stat(Call *call) {
  const Operand *at = call->operands;
  struct stat is;
  int state = call->operation == CALL_FSTAT ? fstat((int)at[0].number, &is)
                                            : (at[1].number ? stat : lstat)(at[0].text, &is);
  if (state < 0) return -errno;
  int64_t words[] = {(int64_t)is.st_dev, (int64_t)is.st_ino, is.st_mode, is.st_uid, is.st_gid,
                     is.st_size, nanoseconds(is.st_mtim), nanoseconds(is.st_ctim)};
  return answer_text(call, (const char *)words, sizeof words);
}

static int64_t do_readdir(Call *call) {
  DIR *folder = opendir(call->operands[0].text);
  if (!folder) return -errno;
  size_t size = 0;
  int64_t result = 0;
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    size_t length = strlen(entry->d_name) + 1;
    if (call->out_length + length > size) {
      uint8_t *more = realloc(call->out, size = 2 * (call->out_length + length));
      if (!more) result = -ENOMEM;
      if (!more) break;
      call->out = more;
    }
    memcpy(call->out + call->out_length, entry->d_name, length);
    call->out_length += length;
  }
  closedir(folder);
  return result < 0 ? result : call->out ? 0 : answer_text(call, "", 0);
}

static int64_t do_path(Call *call, int is_link) {
  char path[PATH_MAX];
  ssize_t length;
  if (is_link) length = readlink(call->operands[0].text, path, sizeof path);
  else length = realpath(call->operands[0].text, path) ? (ssize_t)strlen(path) : -1;
  return length < 0 ? -errno : answer_text(call, path, (size_t)length);
}

static int64_t do_lookup(Call *call) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found;
  int error = getaddrinfo(call->operands[0].text, NULL, &hints, &found);
  if (error) return error == EAI_SYSTEM ? -errno : -(FIRST_LOOKUP_ERROR - error);
  char lines[4096];
  size_t length = 0;
  for (struct addrinfo *at = found; at && length + INET6_ADDRSTRLEN + 1 < sizeof lines; at = at->ai_next) {
    const void *binary = at->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)(void *)at->ai_addr)->sin_addr
                                                  : (void *)&((struct sockaddr_in6 *)(void *)at->ai_addr)->sin6_addr;
    if (!inet_ntop(at->ai_family, binary, lines + length, INET6_ADDRSTRLEN)) continue;
    length += strlen(lines + length);
    lines[length++] = '\n';
  }
  freeaddrinfo(found);
  return answer_text(call, lines, length);
}

static int64_t do_derive(Call *call) {
  Bytes first = call->operands[1].bytes;
  int64_t state = answer_text(call, (const char *)first.data, first.length);
  if (state == 0) derive_key(call->operands[0].bytes, call->operands[2].number, (Bytes){call->out, first.length});
  return state;
}

static int64_t perform(Call *call) {
  const Operand *at = call->operands;
  switch (call->operation) {
    case CALL_OPEN: return or_errno(open(at[0].text, (int)at[1].number | O_CLOEXEC, (mode_t)at[2].number));
    case CALL_CLOSE: return or_errno(close((int)at[0].number));
    case CALL_READ: return do_read(call);
    case CALL_WRITE: return do_write(call);
    case CALL_FSYNC: return or_errno(fsync((int)at[0].number));
    case CALL_STAT:
    case CALL_FSTAT: return do_stat(call);
    case CALL_READDIR: return do_readdir(call);
    case CALL_READLINK: return do_path(call, 1);
    case CALL_REALPATH: return do_path(call, 0);
    case CALL_MKDIR: return or_errno(mkdir(at[0].text, (mode_t)at[1].number));
    case CALL_RENAME: return or_errno(rename(at[0].text, at[1].text));
    case CALL_UNLINK: return or_errno(unlink(at[0].text));
    case CALL_CHOWN: return or_errno(chown(at[0].text, (uid_t)at[1].number, (gid_t)at[2].number));
    case CALL_LOOKUP: return do_lookup(call);
    case CALL_PBKDF2: return do_derive(call);
    default: return -ENOSYS;
  }
}

/* A path with a NUL inside would end there for the kernel. */
static int read_operand(JSContext *ctx, JSValueConst value, Operand *operand) {
  operand->owner = JS_DupValue(ctx, value);
  operand->text = "";
  if (JS_IsString(value)) {
    size_t length;
    operand->text = JS_ToCStringLen(ctx, &length, value);
    return !operand->text ? -1 : strlen(operand->text) != length ? -EINVAL : 0;
  }
  if (JS_IsObject(value)) return bytes_of(ctx, value, &operand->bytes);
  operand->number = integer_of(ctx, value);
  return 0;
}

static void release(JSContext *ctx, Call *call) {
  for (int i = 0; i < OPERANDS; i++) {
    Operand *operand = &call->operands[i];
    if (JS_IsString(operand->owner)) JS_FreeCString(ctx, operand->text);
    JS_FreeValue(ctx, operand->owner);
  }
  free(call->out);
}

/* 0, a negative errno, or -1 with an exception pending. */
static int prepare(JSContext *ctx, int64_t operation, JSValueConst *operands, Call *call) {
  *call = (Call){.operation = operation};
  int state = 0;
  for (int i = 0; i < OPERANDS; i++) call->operands[i].owner = JS_UNDEFINED;
  for (int i = 0; i < OPERANDS && state == 0; i++) state = read_operand(ctx, operands[i], &call->operands[i]);
  return state;
}

static JSValue answer_of(JSContext *ctx, Call *call) {
  if (call->result < 0 || !call->out) return JS_NewInt64(ctx, call->result);
  JSValue bytes = taken(ctx, call->out, call->out_length);
  call->out = NULL;
  return bytes;
}

JSValue host_call(JSContext *ctx, int64_t operation, JSValueConst *operands) {
  Call call;
  int state = prepare(ctx, operation, operands, &call);
  call.result = state < 0 ? state : perform(&call);
  JSValue answer = state == -1 ? JS_EXCEPTION : answer_of(ctx, &call);
  release(ctx, &call);
  return answer;
}

static void *work_on_calls(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  for (;;) {
    idle_count++;
    while (!waiting.first) pthread_cond_wait(&work, &lock);
    idle_count--;
    Call *call = shift(&waiting);
    waiting_count--;
    pthread_mutex_unlock(&lock);
    confine_thread();
    call->result = perform(call);
    pthread_mutex_lock(&lock);
    append(&done, call);
    eventfd_write(done_descriptor, 1);
  }
  return NULL;
}

/*
 * Threads start when they are needed: a server of files in memory needs none. One that was woken counts as idle until
 * it has its call, so that it is not enough for two. Called with the lock.
 */
static void start_thread(void) {
  if (waiting_count <= idle_count || thread_count == THREADS) return;
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (pthread_create(&thread, &attributes, work_on_calls, NULL) == 0) thread_count++;
  pthread_attr_destroy(&attributes);
}

int64_t host_finishedDescriptor(void) {
  if (done_descriptor < 0) done_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return or_errno(done_descriptor);
}

JSValue host_submit(JSContext *ctx, int64_t operation, int64_t id, JSValueConst *operands) {
  /* A thread may be done before the loop asks for the descriptor. */
  int64_t descriptor = host_finishedDescriptor();
  if (descriptor < 0) return JS_NewInt64(ctx, descriptor);
  Call *call = malloc(sizeof *call);
  if (!call) return JS_ThrowOutOfMemory(ctx);
  int state = prepare(ctx, operation, operands, call);
  call->id = id;
  if (state < 0) {
    release(ctx, call);
    free(call);
    return state == -1 ? JS_EXCEPTION : JS_NewInt32(ctx, state);
  }
  pthread_mutex_lock(&lock);
  append(&waiting, call);
  waiting_count++;
  start_thread();
  int has_thread = thread_count > 0;
  pthread_cond_signal(&work);
  pthread_mutex_unlock(&lock);
  return JS_NewInt32(ctx, has_thread ? 0 : -EAGAIN);
}

JSValue host_finished(JSContext *ctx) {
  eventfd_t count;
  eventfd_read(done_descriptor, &count);
  pthread_mutex_lock(&lock);
  Call *call = done.first;
  done = (List){NULL, &done.first};
  pthread_mutex_unlock(&lock);
  JSValue answers = JS_NewArray(ctx);
  for (uint32_t length = 0; call;) {
    JS_SetPropertyUint32(ctx, answers, length++, JS_NewInt64(ctx, call->id));
    JS_SetPropertyUint32(ctx, answers, length++, answer_of(ctx, call));
    Call *next = call->next;
    release(ctx, call);
    free(call);
    call = next;
  }
  return answers;
}
