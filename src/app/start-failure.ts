/** Failures of the system at the start, as what the operator must change: what, which value, what to do. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { namedCommands } from '../config/commands.ts';
import type { Origins } from '../config/load.ts';
import type { Config } from '../config/options.ts';
import { closestName } from '../config/suggestion.ts';
import { StartError } from '../util/start-error.ts';
import { accountName } from './file-warnings.ts';

type Place = Pick<Config, 'path' | 'host' | 'port'>;

interface Explanation {
  readonly code: string;
  readonly problem: string;
  /** Empty where nothing is known beyond what the system says. */
  readonly hint: string;
}

/** For an error in opening what is to be served. Every error but the system's is a defect, and comes back as it is. */
export function contentFailure(error: unknown, { path }: Place, origins: Origins): unknown {
  if (!isSystemError(error)) return error;
  const { code, problem, hint } = explain(pathFailures, error, path, 'path_unusable');
  return new StartError(
    code,
    `cannot serve ${JSON.stringify(path)}${fromOrigin(origins.path)}: ${problem}`,
    hint,
  );
}

/** For an error in listening. Every error but the system's is a defect, and comes back as it is. */
export function listenFailure(error: unknown, { host, port }: Place, origins: Origins): unknown {
  if (!isSystemError(error)) return error;
  const name = host === '' ? 'port' : `${host}${fromOrigin(origins.host)}`;
  const isSocket = host.includes('/');
  const where = isSocket ? name : `${name} ${port}${fromOrigin(origins.port)}`;
  const known = isSocket ? socketFailures : portFailures;
  const { code, problem, hint } = explain(known, error, host, 'listen_failed');
  return new StartError(code, `cannot listen on ${where}: ${problem}`, hint);
}

/** The same for sockets that were inherited. */
export function inheritedFailure(error: unknown): unknown {
  if (!isSystemError(error)) return error;
  return new StartError(
    'socket_unusable',
    `cannot listen on what LISTEN_FDS passes: ${error.message}`,
    'it must be stream sockets that listen (ListenStream=, and not Accept=yes)',
  );
}

/** Errors of the system have a code such as `EACCES`; those of Node, such as `ERR_INVALID_ARG_TYPE`, are defects. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^E(?!RR_)/.test(code);
}

/** Named where it was not just typed: a variable may be inherited from anywhere. */
function fromOrigin(origin: string | undefined): string {
  return origin === undefined || /^(--|the argument )/.test(origin) ? '' : ` (from ${origin})`;
}

/** By the code of the system; `subject` is the path in question. */
type Explanations = Readonly<Record<string, (subject: string) => Explanation>>;

function explain(
  known: Explanations,
  { code = '', message }: NodeJS.ErrnoException,
  subject: string,
  otherwise: string,
): Explanation {
  return known[code]?.(subject) ?? { code: otherwise, problem: message, hint: '' };
}

const unknownHost = () => ({
  code: 'host_unknown',
  problem: 'no address is known for this name',
  hint: 'give one of this machine with --host',
});

const portFailures: Explanations = {
  EADDRINUSE: () => ({
    code: 'port_in_use',
    problem: 'already in use',
    hint: 'choose another with --port, or 0 for any free one',
  }),
  EACCES: () => ({
    code: 'port_not_permitted',
    problem: 'not permitted',
    hint: 'ports below 1024 need privileges, choose a higher one with --port',
  }),
  EADDRNOTAVAIL: () => ({
    code: 'address_not_local',
    problem: 'this machine has no such address',
    hint: 'give one of its own with --host',
  }),
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
};

/** Where the folder is missing, Node reports EACCES as well, and the system ENOENT. */
const socketRefused = (path: string) =>
  existsSync(dirname(path))
    ? {
        code: 'socket_not_permitted',
        problem: `permission denied for ${accountName()}`,
        hint: 'the account must be able to write to the folder of the socket',
      }
    : { code: 'socket_folder_missing', problem: 'its folder does not exist', hint: 'create it first' };

const socketFailures: Explanations = {
  EADDRINUSE: () => ({
    code: 'socket_in_use',
    problem: 'already in use, or not a socket',
    hint: 'choose another path with --host',
  }),
  EACCES: socketRefused,
  ENOENT: socketRefused,
  EPERM: socketRefused,
};

const pathRefused = () => ({
  code: 'path_not_permitted',
  problem: `permission denied for ${accountName()}`,
  hint: 'the account must be able to read it: chmod -R a+rX, or chown',
});

function missingPathHint(path: string): string {
  if (/^\d+$/.test(path)) return `to choose only the port, write mote --port ${path}`;
  const command = closestName(
    path,
    namedCommands.map(([name]) => name),
  );
  return command === undefined
    ? 'give one as the first argument'
    : `give one as the first argument, or did you mean the command ${command}?`;
}

const pathFailures: Explanations = {
  ENOENT: (path) => ({
    code: 'path_missing',
    problem: 'no such file or folder',
    hint: missingPathHint(path),
  }),
  EACCES: pathRefused,
  EPERM: pathRefused,
};
