/** Reads the table that `strace -c` prints. Pure. */

/** Calls for each request. */
export interface SystemCalls {
  readonly calls: number;
  readonly reads: number;
  readonly writes: number;
  /** Waiting for something to happen: one call for all connections that are ready. */
  readonly polls: number;
}

const kinds = {
  reads: /^(read|readv|recv|recvfrom|recvmsg)$/,
  writes: /^(write|writev|send|sendto|sendmsg|sendfile)$/,
  polls: /^(epoll_p?wait2?|p?poll|select)$/,
} as const;

/** A line ends with the number of calls, of errors if there were any, and the name of the call. */
const LINE = /^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +([a-z]\w*)$/gm;

export function parseStrace(text: string, requests: number): SystemCalls {
  const counts = [...text.matchAll(LINE)]
    .map(([, count, name = '']): [string, number] => [name, Number(count)])
    .filter(([name]) => name !== 'total');
  if (counts.length === 0) throw new Error(`strace counted nothing:\n${text}`);
  const each = (pattern: RegExp) =>
    counts.reduce((sum, [name, count]) => sum + (pattern.test(name) ? count : 0), 0) / requests;
  return { calls: each(/./), reads: each(kinds.reads), writes: each(kinds.writes), polls: each(kinds.polls) };
}
