/** Takes from the process what it does not need any more once it serves. */
import { readFileSync, realpathSync } from './fs.ts';
import { host } from './host.ts';
import { type Readable, readableFor } from './readable.ts';

/** As in `src/build/confine.ts`, in whose place this is. */
interface Needs {
  readonly writable: readonly string[];
  readonly readable: readonly string[] | undefined;
  readonly resolvesNames: boolean;
  readonly seccomp: boolean;
}

/** What the C library reads for the address of a host. */
const NAME_FILES = ['/etc/resolv.conf', '/etc/hosts'];

/** The kernel may lack it, or forbid it to this process: that is no failure of mote, but the operator should know. */
export function confine(needs: Needs): string {
  const readable = readableOf(needs);
  const isReadConfined = readable.kind === 'places';
  const rules = [
    ...needs.writable.map((path) => `w${path}`),
    ...(isReadConfined ? readable.places.map((path) => `r${path}`) : []),
  ];
  const hasFiles = host.confineFiles(rules.join('\n'), isReadConfined) >= 0;
  const missing = [
    hasFiles ? '' : 'files (Landlock)',
    hasFiles && !isReadConfined ? `reading files (${readable.reason})` : '',
    !needs.seccomp || host.confineCalls() < 0 ? 'system calls (seccomp)' : '',
  ].filter((one) => one !== '');
  return missing.length === 0 ? '' : `not confined: ${missing.join(' and ')}`;
}

function readableOf({ readable, resolvesNames }: Needs): Readable {
  if (!readable) return { kind: 'everything', reason: 'links may lead anywhere' };
  return readableFor([...readable, ...(resolvesNames ? NAME_FILES : [])], {
    realpath: (path) => orUndefined(() => realpathSync(path)),
    mounts: orUndefined(() => readFileSync('/proc/self/mountinfo', 'utf8')) ?? '',
    isFirstProcess: host.process(0) === 1,
  });
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
