/** Failures of the system at the start, as what the operator must change: what, which value, what to do. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Origins } from '../config/load.ts';
import type { Config } from '../config/options.ts';
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
  const { code, problem, hint } = explainPath(error, path);
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
  const { code, problem, hint } = isSocket ? explainSocket(error, host) : explainPort(error);
  return new StartError(code, `cannot listen on ${where}: ${problem}`, hint);
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

function explainPort({ code, message }: NodeJS.ErrnoException): Explanation {
  switch (code) {
    case 'EADDRINUSE':
      return {
        code: 'port_in_use',
        problem: 'already in use',
        hint: 'choose another with --port, or 0 for any free one',
      };
    case 'EACCES':
      return {
        code: 'port_not_permitted',
        problem: 'not permitted',
        hint: 'ports below 1024 need privileges, choose a higher one with --port',
      };
    case 'EADDRNOTAVAIL':
      return {
        code: 'address_not_local',
        problem: 'this machine has no such address',
        hint: 'give one of its own with --host',
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        code: 'host_unknown',
        problem: 'no address is known for this name',
        hint: 'give one of this machine with --host',
      };
    default:
      return { code: 'listen_failed', problem: message, hint: '' };
  }
}

function explainSocket({ code, message }: NodeJS.ErrnoException, path: string): Explanation {
  switch (code) {
    case 'EADDRINUSE':
      return {
        code: 'socket_in_use',
        problem: 'already in use, or not a socket',
        hint: 'choose another path with --host',
      };
    case 'EACCES':
    case 'EPERM':
      // Binding reports this too where the folder is missing.
      return existsSync(dirname(path))
        ? {
            code: 'socket_not_permitted',
            problem: `permission denied for ${accountName()}`,
            hint: 'the account must be able to write to the folder of the socket',
          }
        : { code: 'socket_folder_missing', problem: 'its folder does not exist', hint: 'create it first' };
    default:
      return { code: 'listen_failed', problem: message, hint: '' };
  }
}

function explainPath({ code, message }: NodeJS.ErrnoException, path: string): Explanation {
  switch (code) {
    case 'ENOENT':
      return {
        code: 'path_missing',
        problem: 'no such file or folder',
        hint: /^\d+$/.test(path)
          ? `to choose only the port, write mote --port ${path}`
          : 'give one as the first argument',
      };
    case 'EACCES':
    case 'EPERM':
      return {
        code: 'path_not_permitted',
        problem: `permission denied for ${accountName()}`,
        hint: 'the account must be able to read it: chmod -R a+rX, or chown',
      };
    default:
      return { code: 'path_unusable', problem: message, hint: '' };
  }
}
