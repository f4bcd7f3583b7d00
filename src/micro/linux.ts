/** The numbers that Linux gives to system calls and their arguments (its uapi headers). */

/** By name; x86-64 (`arch/x86/entry/syscalls/syscall_64.tbl`). */
export const SYS = {
  read: 0,
  write: 1,
  close: 3,
  mmap: 9,
  mprotect: 10,
  rt_sigaction: 13,
  socket: 41,
  accept: 43,
  sendto: 44,
  recvfrom: 45,
  shutdown: 48,
  bind: 49,
  listen: 50,
  setsockopt: 54,
  exit: 60,
  epoll_create: 213,
  epoll_wait: 232,
  epoll_ctl: 233,
} as const;

/** By name; arm64 (`include/uapi/asm-generic/unistd.h`), which has only the newer of calls that do the same. */
export const SYS_ARM64 = {
  epoll_create1: 20,
  epoll_ctl: 21,
  epoll_pwait: 22,
  close: 57,
  write: 64,
  exit: 93,
  rt_sigaction: 134,
  socket: 198,
  bind: 200,
  listen: 201,
  accept: 202,
  sendto: 206,
  recvfrom: 207,
  setsockopt: 208,
  shutdown: 210,
  mmap: 222,
} as const;

export const [SIGINT, SIGTERM] = [2, 15];
/** x86-64 kernels deliver no signal whose action lacks it. */
export const SA_RESTORER = 0x4000000;
/** The size of a signal set, in bytes. */
export const SIGSET_BYTES = 8;

export const [AF_INET, AF_INET6] = [2, 10];
export const [SOCK_STREAM, SOCK_NONBLOCK] = [1, 0x800];
export const [SOL_SOCKET, SO_REUSEADDR] = [1, 2];
export const [SOCKADDR_IN_BYTES, SOCKADDR_IN6_BYTES] = [16, 28];
export const SHUT_WR = 1;

export const MSG = { PEEK: 2, TRUNC: 0x20, DONTWAIT: 0x40, NOSIGNAL: 0x4000 } as const;

export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const [EPOLL_CTL_ADD, EPOLL_CTL_MOD] = [1, 3];

export const EAGAIN = 11;

export const PROT_READ_WRITE = 3;
export const MAP_PRIVATE_ANONYMOUS = 0x22;
export const MAP_PRIVATE_ANONYMOUS_FIXED = 0x32;
