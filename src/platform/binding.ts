/**
 * The binding: every function that the host in C gives to TypeScript, once.
 *
 * `Host` below is derived from this table, and so are the prototypes of C and the translation between both
 * (`scripts/tiny/binding-header.ts`). A failed system call returns its negative errno; nothing here throws but for a
 * value of a wrong type, which is a defect, and for want of memory.
 */

/** What an argument or a result may be. */
interface Kinds {
  readonly number: number;
  /** A number that need not be whole. */
  readonly fraction: number;
  /** A number of a function that can throw. */
  readonly state: number;
  readonly boolean: boolean;
  readonly text: string;
  /** A typed array; the host reads or fills exactly what the array covers. */
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly nothing: undefined;
  /** What a read or a call gives: a negative errno, a number, or the bytes. */
  readonly answer: number | ArrayBuffer;
  readonly buffer: ArrayBuffer;
  readonly texts: readonly string[];
  readonly answers: readonly (number | ArrayBuffer)[];
  /** Objects of the host, freed with their last reference. */
  readonly hash: object;
  readonly hashOrNumber: object | number;
  readonly trust: object;
  readonly session: object;
  readonly sessionOrNumber: object | number;
  readonly any: unknown;
  readonly job: () => void;
  readonly tracker: (reason: unknown, isHandled: boolean, promise: object) => void;
}

type Kind = keyof Kinds;
type Signature = readonly [parameters: readonly Kind[], result: Kind];

export const binding = {
  // The event loop (loop.c).
  /** Waits up to a number of ms, for ever if negative; fills pairs of descriptor and events; returns their count. */
  wait: [['number', 'words'], 'number'],
  /** Calls a function as a promise job. */
  queueMicrotask: [['job'], 'any'],
  /** Runs the pending promise jobs. */
  runJobs: [[], 'any'],
  /** Watches a descriptor for events of `EVENTS`; none of them ends it. */
  watch: [['number', 'number'], 'number'],
  /** Milliseconds since the start, with fractions. */
  now: [[], 'fraction'],
  /** Turns signals into events of the returned descriptor; what is read there begins with the number of one (signalfd(2)). */
  signals: [['words'], 'number'],
  trackRejections: [['tracker'], 'nothing'],

  // Sockets (socket.c).
  /** A socket bound to an address and port, or to a path, that listens. */
  listen: [['text', 'number', 'number'], 'number'],
  /** Lets a socket that was inherited listen; fails if it is none that can. */
  inherit: [['number', 'number'], 'number'],
  accept: [['number'], 'number'],
  /** A socket that is connecting. */
  connect: [['text', 'number'], 'number'],
  /** The error of a connection attempt, 0 if it stands. */
  connectError: [['number'], 'number'],
  /** `ADDRESS PORT` of this end (`false`) or of the peer; on a unix socket its path, or empty. */
  address: [['number', 'boolean'], 'text'],
  /** At most so many bytes; 0 is the end of the input. */
  read: [['number', 'number'], 'answer'],
  write: [['number', 'bytes'], 'number'],
  /** A text in Latin-1 and bytes after it, in one system call. */
  writeHead: [['number', 'text', 'bytes'], 'number'],
  shutdown: [['number'], 'number'],
  close: [['number'], 'number'],
  noDelay: [['number', 'boolean'], 'number'],

  // System calls that may block (calls.c): by their number in `calls`, at once or on a thread.
  call: [['number', 'any', 'any', 'any', 'any'], 'answer'],
  submit: [['number', 'number', 'any', 'any', 'any', 'any'], 'state'],
  /** Pairs of what `submit` was given as second argument, and its answer. */
  finished: [[], 'answers'],
  finishedDescriptor: [[], 'number'],

  // Text and bytes (text.c).
  decode: [['bytes', 'number'], 'text'],
  encode: [['text', 'number'], 'buffer'],
  /** The number of bytes that a text has in UTF-8. */
  byteLength: [['text'], 'number'],
  indexOf: [['bytes', 'bytes', 'number'], 'number'],

  /** What raw deflate (RFC 1951) holds, at most so many bytes (inflate.c). */
  inflate: [['bytes', 'number'], 'answer'],

  // Cryptography (crypto.c).
  /** With a key an HMAC; a negative number if there is no such algorithm. */
  hash: [['text', 'any'], 'hashOrNumber'],
  hashUpdate: [['hash', 'bytes'], 'nothing'],
  hashDigest: [['hash'], 'buffer'],
  random: [['number'], 'buffer'],

  // TLS (tls.c): bytes in, bytes out; the socket is that of the caller.
  /** From certificates in DER, one behind the other, and the length of each. What cannot be parsed (an unknown curve) verifies nothing. */
  trust: [['bytes', 'words'], 'trust'],
  /** A client session for a host name, or an IP address (`true`); a negative number of the library if there is none. */
  tls: [['trust', 'text', 'boolean'], 'sessionOrNumber'],
  tlsFeed: [['session', 'bytes'], 'nothing'],
  /** 1: done, 0: needs more input, negative: failed for good, with what `tlsFault` says. */
  tlsHandshake: [['session'], 'number'],
  /** Bytes, 0 if more input is needed; an empty buffer is the end that the peer announced. */
  tlsRead: [['session'], 'answer'],
  tlsWrite: [['session', 'bytes'], 'number'],
  /** Tells the peer that nothing follows. */
  tlsEnd: [['session'], 'number'],
  /** What has to be sent to the peer. */
  tlsOutput: [['session'], 'buffer'],
  /** Frees what the session holds; it cannot be used any more. */
  tlsRelease: [['session'], 'nothing'],
  /** The library's number of the failure, and the flags of a refused certificate: both in hexadecimal. */
  tlsFault: [['session'], 'text'],

  // The process (process.c).
  arguments: [[], 'texts'],
  environment: [[], 'texts'],
  /** Writes to a standard stream what it takes without waiting. */
  print: [['number', 'bytes'], 'number'],
  exit: [['number'], 'nothing'],
  isTerminal: [['number'], 'boolean'],
  /** pid, uid, µs of the processor for this program and for the kernel, resident bytes. */
  process: [['number'], 'number'],
  rawMode: [['number', 'boolean'], 'number'],
  /** What `import()` does: a promise of the module with this name. */
  loadModule: [['text'], 'any'],
  /** Text that a build put inside, by its name; a negative number if there is none. */
  asset: [['text'], 'answer'],

  // What is given up for good (confine.c).
  /**
   * Lines of `w` or `r` and a path: what is there and beneath may be changed and read, or only read. Elsewhere nothing may
   * be changed, nor read if the second argument says so. Nothing may be executed.
   */
  confineFiles: [['text', 'boolean'], 'number'],
  /** The system calls that are not needed to serve are refused from now on. */
  confineCalls: [[], 'number'],
} as const satisfies Readonly<Record<string, Signature>>;

type Parameters<T extends readonly Kind[]> = { -readonly [K in keyof T]: Kinds[T[K]] };

export type Host = {
  readonly [K in keyof typeof binding]: (
    ...values: Parameters<(typeof binding)[K][0]>
  ) => Kinds[(typeof binding)[K][1]];
};

/** Events of a descriptor, in `watch` and `wait`: those of epoll(7). */
export const EVENTS = { readable: 1, writable: 4, failed: 8, hungUp: 16 } as const;

/** Encodings of `decode` and `encode`, which reads both alphabets of base64. */
export const ENCODINGS = { utf8: 0, latin1: 1, base64: 2 } as const;

/** The system calls of `call` and `submit`, in order of their numbers, with their arguments. */
export const calls = [
  /** path, flags, mode → descriptor */
  'open',
  /** descriptor */
  'close',
  /** descriptor, most bytes, position (-1: the current one) → bytes */
  'read',
  /** descriptor, bytes, position (-1: the current one) → number */
  'write',
  /** descriptor */
  'fsync',
  /** path, whether links are followed → STAT words of 64 bits */
  'stat',
  /** descriptor → the same */
  'fstat',
  /** path → names, each with a NUL behind it */
  'readdir',
  'readlink',
  'realpath',
  /** path, mode */
  'mkdir',
  'rename',
  'unlink',
  /** path, uid, gid */
  'chown',
  /** host name → addresses, one on each line */
  'lookup',
  /** both padded keys of HMAC, the key after the first round, rounds → key */
  'pbkdf2',
] as const;
