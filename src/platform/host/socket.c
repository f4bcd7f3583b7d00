/* Sockets that never block. Which of them are read, and when, decides TypeScript (`net.ts`). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "binding.h"
#include "host.h"

#define SOCKET_FLAGS (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
/* One read gives at most so much: the fairness between connections. */
#define MAX_READ_BYTES 65536
/* A response head that is encoded on the stack; a larger one costs an allocation. */
#define STACK_BYTES 4096

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un local;
} Address;

/* An IP address with an optional zone, or a path. Returns the size of the address, 0 if `text` is neither. */
static socklen_t parse_address(const char *text, int port, Address *out) {
  memset(out, 0, sizeof *out);
  if (strchr(text, '/')) {
    out->local.sun_family = AF_UNIX;
    if (strlen(text) >= sizeof out->local.sun_path) return 0;
    strcpy(out->local.sun_path, text);
    return sizeof out->local;
  }
  if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)port);
    return sizeof out->v4;
  }
  if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) != 1) return 0;
  out->v6.sin6_family = AF_INET6;
  out->v6.sin6_port = htons((uint16_t)port);
  return sizeof out->v6;
}

static int listen_at(const char *text, int port, int backlog) {
  Address address;
  socklen_t size = parse_address(text, port, &address);
  if (size == 0) return -EINVAL;
  int descriptor = socket(address.any.sa_family, SOCKET_FLAGS, 0);
  if (descriptor < 0) return -errno;
  int on = 1, off = 0;
  if (address.any.sa_family != AF_UNIX) setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  /* `::` takes IPv4 as well, as Node does. */
  if (address.any.sa_family == AF_INET6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(descriptor, &address.any, size) == 0 && listen(descriptor, backlog) == 0) return descriptor;
  int error = errno;
  close(descriptor);
  return -error;
}

HOST(listen) {
  UNUSED(self);
  UNUSED(argc);
  const char *text = JS_ToCString(ctx, argv[0]);
  if (!text) return JS_EXCEPTION;
  int result = listen_at(text, (int)integer_of(ctx, argv[1]), (int)integer_of(ctx, argv[2]));
  JS_FreeCString(ctx, text);
  return JS_NewInt32(ctx, result);
}

HOST(inherit) {
  UNUSED(self);
  UNUSED(argc);
  int descriptor = (int)integer_of(ctx, argv[0]);
  int flags = fcntl(descriptor, F_GETFL);
  int state = flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0
                  ? -1
                  : listen(descriptor, (int)integer_of(ctx, argv[1]));
  return JS_NewInt32(ctx, state < 0 ? -errno : descriptor);
}

HOST(accept) {
  UNUSED(self);
  UNUSED(argc);
  int descriptor = accept4((int)integer_of(ctx, argv[0]), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return JS_NewInt32(ctx, descriptor < 0 ? -errno : descriptor);
}

static int connect_to(const char *text, int port) {
  Address address;
  socklen_t size = parse_address(text, port, &address);
  if (size == 0) return -EINVAL;
  int descriptor = socket(address.any.sa_family, SOCKET_FLAGS, 0);
  if (descriptor < 0) return -errno;
  if (connect(descriptor, &address.any, size) == 0 || errno == EINPROGRESS) return descriptor;
  int error = errno;
  close(descriptor);
  return -error;
}

HOST(connect) {
  UNUSED(self);
  UNUSED(argc);
  const char *text = JS_ToCString(ctx, argv[0]);
  if (!text) return JS_EXCEPTION;
  int result = connect_to(text, (int)integer_of(ctx, argv[1]));
  JS_FreeCString(ctx, text);
  return JS_NewInt32(ctx, result);
}

HOST(connectError) {
  UNUSED(self);
  UNUSED(argc);
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt((int)integer_of(ctx, argv[0]), SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
  return JS_NewInt32(ctx, -error);
}

HOST(address) {
  UNUSED(self);
  UNUSED(argc);
  Address address = {0};
  socklen_t size = sizeof address - 1;
  int descriptor = (int)integer_of(ctx, argv[0]);
  int state = JS_ToBool(ctx, argv[1]) ? getpeername(descriptor, &address.any, &size)
                                      : getsockname(descriptor, &address.any, &size);
  if (state == 0 && address.any.sa_family == AF_UNIX) return JS_NewString(ctx, address.local.sun_path);
  if (state < 0 || (address.any.sa_family != AF_INET && address.any.sa_family != AF_INET6)) return JS_NewString(ctx, "");
  char text[INET6_ADDRSTRLEN], line[INET6_ADDRSTRLEN + sizeof " 65535"];
  int is_v4 = address.any.sa_family == AF_INET;
  const void *binary = is_v4 ? (const void *)&address.v4.sin_addr : (const void *)&address.v6.sin6_addr;
  inet_ntop(address.any.sa_family, binary, text, sizeof text);
  snprintf(line, sizeof line, "%s %d", text, ntohs(is_v4 ? address.v4.sin_port : address.v6.sin6_port));
  return JS_NewString(ctx, line);
}

HOST(read) {
  UNUSED(self);
  UNUSED(argc);
  static uint8_t scratch[MAX_READ_BYTES];
  int64_t most = integer_of(ctx, argv[1]);
  if (most > MAX_READ_BYTES) most = MAX_READ_BYTES;
  ssize_t got = read((int)integer_of(ctx, argv[0]), scratch, (size_t)most);
  return got < 0 ? JS_NewInt32(ctx, -errno) : copied(ctx, scratch, (size_t)got);
}

HOST(write) {
  UNUSED(self);
  UNUSED(argc);
  Bytes bytes;
  if (bytes_of(ctx, argv[1], &bytes) < 0) return JS_EXCEPTION;
  ssize_t sent = write((int)integer_of(ctx, argv[0]), bytes.data, bytes.length);
  return JS_NewInt64(ctx, sent < 0 ? -errno : sent);
}

HOST(writeHead) {
  UNUSED(self);
  UNUSED(argc);
  Bytes bytes;
  size_t length;
  if (bytes_of(ctx, argv[2], &bytes) < 0) return JS_EXCEPTION;
  const char *text = JS_ToCStringLen(ctx, &length, argv[1]);
  if (!text) return JS_EXCEPTION;
  uint8_t stack[STACK_BYTES];
  uint8_t *head = length <= sizeof stack ? stack : malloc(length);
  ssize_t sent = -1;
  errno = ENOMEM;
  if (head) {
    struct iovec parts[] = {{head, utf8_to_latin1(text, length, head)}, {bytes.data, bytes.length}};
    sent = writev((int)integer_of(ctx, argv[0]), parts, bytes.length > 0 ? 2 : 1);
  }
  int error = errno;
  if (head != stack) free(head);
  JS_FreeCString(ctx, text);
  return JS_NewInt64(ctx, sent < 0 ? -error : sent);
}

HOST(shutdown) {
  UNUSED(self);
  UNUSED(argc);
  return JS_NewInt32(ctx, shutdown((int)integer_of(ctx, argv[0]), SHUT_WR) < 0 ? -errno : 0);
}

HOST(close) {
  UNUSED(self);
  UNUSED(argc);
  return JS_NewInt32(ctx, close((int)integer_of(ctx, argv[0])) < 0 ? -errno : 0);
}

HOST(noDelay) {
  UNUSED(self);
  UNUSED(argc);
  int on = JS_ToBool(ctx, argv[1]);
  int state = setsockopt((int)integer_of(ctx, argv[0]), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return JS_NewInt32(ctx, state < 0 ? -errno : 0);
}
