/* Sockets that never block. Which of them are read, and when, decides TypeScript (`net.ts`). */
#include <arpa/inet.h>
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

/* A new socket, or a negative errno. */
static int new_socket(const char *text, int64_t port, Address *address, socklen_t *size) {
  *size = parse_address(text, (int)port, address);
  return *size == 0 ? -EINVAL : (int)or_errno(socket(address->any.sa_family, SOCKET_FLAGS, 0));
}

static int64_t close_after_failure(int descriptor) {
  int error = errno;
  close(descriptor);
  return -error;
}

int64_t host_listen(Text place, int64_t port, int64_t backlog) {
  Address address;
  socklen_t size;
  int descriptor = new_socket(place.chars, port, &address, &size);
  if (descriptor < 0) return descriptor;
  int on = 1, off = 0;
  if (address.any.sa_family != AF_UNIX) setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  /* `::` takes IPv4 as well, as Node does. */
  if (address.any.sa_family == AF_INET6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(descriptor, &address.any, size) == 0 && listen(descriptor, (int)backlog) == 0) return descriptor;
  return close_after_failure(descriptor);
}

int64_t host_inherit(int64_t descriptor, int64_t backlog) {
  int inherited = (int)descriptor, flags = fcntl(inherited, F_GETFL);
  if (flags < 0 || fcntl(inherited, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
  if (fcntl(inherited, F_SETFD, FD_CLOEXEC) < 0 || listen(inherited, (int)backlog) < 0) return -errno;
  return inherited;
}

int64_t host_accept(int64_t descriptor) {
  return or_errno(accept4((int)descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int64_t host_connect(Text place, int64_t port) {
  Address address;
  socklen_t size;
  int descriptor = new_socket(place.chars, port, &address, &size);
  if (descriptor < 0 || connect(descriptor, &address.any, size) == 0 || errno == EINPROGRESS) return descriptor;
  return close_after_failure(descriptor);
}

int64_t host_connectError(int64_t descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt((int)descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
  return -error;
}

JSValue host_address(JSContext *ctx, int64_t descriptor, int is_peer) {
  Address address = {0};
  socklen_t size = sizeof address - 1;
  int state = (is_peer ? getpeername : getsockname)((int)descriptor, &address.any, &size);
  int family = state < 0 ? AF_UNSPEC : address.any.sa_family;
  if (family == AF_UNIX) return JS_NewString(ctx, address.local.sun_path);
  if (family != AF_INET && family != AF_INET6) return JS_NewString(ctx, "");
  char text[INET6_ADDRSTRLEN], line[INET6_ADDRSTRLEN + sizeof " 65535"];
  int is_v4 = family == AF_INET;
  const void *binary = is_v4 ? (const void *)&address.v4.sin_addr : (const void *)&address.v6.sin6_addr;
  inet_ntop(family, binary, text, sizeof text);
  snprintf(line, sizeof line, "%s %d", text, ntohs(is_v4 ? address.v4.sin_port : address.v6.sin6_port));
  return JS_NewString(ctx, line);
}

JSValue host_read(JSContext *ctx, int64_t descriptor, int64_t most) {
  static uint8_t scratch[MAX_READ_BYTES];
  ssize_t got = read((int)descriptor, scratch, (size_t)(most < MAX_READ_BYTES ? most : MAX_READ_BYTES));
  return got > 0 ? copied(ctx, scratch, (size_t)got) : JS_NewInt32(ctx, got < 0 ? -errno : 0);
}

int64_t host_write(int64_t descriptor, Bytes bytes) {
  return or_errno(write((int)descriptor, bytes.data, bytes.length));
}

int64_t host_writeHead(int64_t descriptor, Text text, Bytes bytes) {
  uint8_t stack[STACK_BYTES];
  uint8_t *head = text.length <= sizeof stack ? stack : malloc(text.length);
  if (!head) return -ENOMEM;
  struct iovec parts[] = {{head, utf8_to_latin1(text, head)}, {bytes.data, bytes.length}};
  int64_t sent = or_errno(writev((int)descriptor, parts, bytes.length > 0 ? 2 : 1));
  if (head != stack) free(head);
  return sent;
}

int64_t host_shutdown(int64_t descriptor) {
  return or_errno(shutdown((int)descriptor, SHUT_WR));
}

int64_t host_close(int64_t descriptor) {
  return or_errno(close((int)descriptor));
}

int64_t host_noDelay(int64_t descriptor, int is_on) {
  return or_errno(setsockopt((int)descriptor, IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on));
}
