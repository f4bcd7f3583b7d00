/** The host's functions, and what a failed call of it becomes: an error as Node throws them. */
import { calls, EVENTS, type Host } from './binding.ts';

declare const __host: Host;
export const host: Host = __host;
export { EVENTS };

type CallName = (typeof calls)[number];
type Operand = string | number | bigint | Uint8Array;

const numbers = new Map<string, number>(calls.map((name, number) => [name, number]));

/** Errors of the system that users may meet, and of getaddrinfo (10000 - EAI_…); others are shown as their number. */
const described = `
1 EPERM: operation not permitted
2 ENOENT: no such file or directory
4 EINTR: interrupted system call
5 EIO: i/o error
6 ENXIO: no such device or address
9 EBADF: bad file descriptor
11 EAGAIN: resource temporarily unavailable
12 ENOMEM: not enough memory
13 EACCES: permission denied
16 EBUSY: resource busy or locked
17 EEXIST: file already exists
18 EXDEV: cross-device link not permitted
20 ENOTDIR: not a directory
21 EISDIR: illegal operation on a directory
22 EINVAL: invalid argument
23 ENFILE: file table overflow
24 EMFILE: too many open files
26 ETXTBSY: text file is busy
27 EFBIG: file too large
28 ENOSPC: no space left on device
30 EROFS: read-only file system
32 EPIPE: broken pipe
36 ENAMETOOLONG: name too long
38 ENOSYS: function not implemented
39 ENOTEMPTY: directory not empty
40 ELOOP: too many symbolic links encountered
95 ENOTSUP: operation not supported
97 EAFNOSUPPORT: address family not supported
98 EADDRINUSE: address already in use
99 EADDRNOTAVAIL: address not available
101 ENETUNREACH: network is unreachable
103 ECONNABORTED: software caused connection abort
104 ECONNRESET: connection reset by peer
107 ENOTCONN: socket is not connected
110 ETIMEDOUT: connection timed out
111 ECONNREFUSED: connection refused
112 EHOSTDOWN: host is down
113 EHOSTUNREACH: host is unreachable
116 ESTALE: stale file handle
122 EDQUOT: disk quota exceeded
10002 ENOTFOUND: no such host
10003 EAI_AGAIN: the name server gave no answer
10004 EAI_FAIL: the name server failed
`;
const names = new Map(
  Array.from(described.matchAll(/(\d+) (.*)/g), ([, errno, text]) => [Number(errno), text]),
);

export interface SystemError extends Error {
  code: string;
  errno: number;
  syscall: string;
}

/** The error for the negative errno of a host's function. */
export function systemError(result: number, syscall: string, about = ''): SystemError {
  const text = names.get(-result) ?? `E${-result}: unknown error`;
  const code = text.slice(0, text.indexOf(':'));
  return Object.assign(new Error(`${text}, ${syscall}${about}`), { code, errno: result, syscall });
}

function aboutOf(operands: readonly Operand[]): string {
  const paths = operands.filter((operand) => typeof operand === 'string');
  return paths.length > 0 ? ` ${paths.map((path) => `'${path}'`).join(' -> ')}` : '';
}

function settle(
  answer: number | ArrayBuffer,
  name: string,
  operands: readonly Operand[],
): number | ArrayBuffer {
  if (typeof answer === 'number' && answer < 0) throw systemError(answer, name, aboutOf(operands));
  return answer;
}

/** Makes a call at once. @throws SystemError */
export function callSync(name: CallName, ...operands: Operand[]): number | ArrayBuffer {
  const [a, b, c, d] = operands;
  return settle(host.call(numbers.get(name) ?? -1, a, b, c, d), name, operands);
}

interface Waiting {
  readonly name: string;
  readonly operands: readonly Operand[];
  readonly resolve: (answer: number | ArrayBuffer) => void;
  readonly reject: (error: unknown) => void;
}

const waiting = new Map<number, Waiting>();
let lastId = 0;

/** Calls under way: they keep the process. */
export function callsUnderWay(): number {
  return waiting.size;
}

/** Makes a call on a thread. Rejects with a `SystemError`. */
export function call(name: CallName, ...operands: Operand[]): Promise<number | ArrayBuffer> {
  return new Promise((resolve, reject) => {
    const [a, b, c, d] = operands;
    lastId += 1;
    const state = host.submit(numbers.get(name) ?? -1, lastId, a, b, c, d);
    if (state < 0) reject(systemError(state, name, aboutOf(operands)));
    else waiting.set(lastId, { name, operands, resolve, reject });
  });
}

/** Settles the calls that threads have made. */
export function takeFinished(): void {
  const answers = host.finished();
  for (let i = 0; i + 1 < answers.length; i += 2) {
    const id = answers[i] as number;
    const one = waiting.get(id);
    waiting.delete(id);
    if (!one) continue;
    try {
      one.resolve(settle(answers[i + 1] as number | ArrayBuffer, one.name, one.operands));
    } catch (error) {
      one.reject(error);
    }
  }
}
