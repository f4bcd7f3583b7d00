/** What a server's settings make of the promise that an accepted message is safe. Pure. */

export interface Settings {
  /** The reply to `INFO persistence replication`. `undefined` where the server does not tell, as below. */
  readonly info: string | undefined;
  readonly appendfsync: string | undefined;
  readonly maxmemoryPolicy: string | undefined;
}

export interface Promised {
  readonly isSafe: boolean;
  /** One line for the operator. */
  readonly text: string;
}

const syncs: Readonly<Record<string, string>> = {
  always: 'an accepted message survives a power cut of the server (appendfsync always)',
  everysec:
    'a power cut of the server can lose what it accepted in its last two seconds (appendfsync everysec)',
  no: 'a power cut of the server can lose what it accepted in its last half minute (appendfsync no)',
};

/** The worst of what the settings say. */
export function promiseOf({ info, appendfsync, maxmemoryPolicy }: Settings): Promised {
  const evicts = maxmemoryPolicy !== undefined && maxmemoryPolicy !== 'noeviction';
  if (evicts) {
    const text = `the server removes messages when its memory is full (maxmemory-policy ${maxmemoryPolicy}): set noeviction`;
    return { isSafe: false, text };
  }
  if (info === undefined) {
    return {
      isSafe: false,
      text: 'the server does not say whether it keeps messages on disk (INFO persistence)',
    };
  }
  if (!/^aof_enabled:1\r?$/m.test(info)) {
    const text =
      'a restart of the server loses accepted messages, since it keeps no append-only file: set appendonly yes';
    return { isSafe: false, text };
  }
  const text = appendfsync === undefined ? undefined : syncs[appendfsync];
  if (text === undefined) {
    return {
      isSafe: false,
      text: 'the server does not say how soon its append-only file is on disk (CONFIG GET appendfsync)',
    };
  }
  // Sentinels and clusters replace a server that is gone by one of its replicas.
  const hasReplicas = /^connected_slaves:[1-9]/m.test(info);
  if (!hasReplicas) return { isSafe: appendfsync === 'always', text };
  return { isSafe: false, text: `${text}; a failover can lose what its replicas have not received yet` };
}
