/**
 * The settings of V8 and libuv that could suit a small server, each alone, and what `npm run build -- --memory
 * small` ships: `npm run bench -- --settings --target dist/mote.cjs`. `mote` is the base of the ratios.
 */
import { memoryOptions } from '../scripts/executable/blob.ts';
import type { Peer } from './peers.ts';

const candidates: Readonly<
  Record<string, { readonly flags?: readonly string[]; readonly env?: readonly string[] }>
> = {
  mote: {},
  'semi-space 1': { flags: ['--max-semi-space-size=1'] },
  'semi-space 4': { flags: ['--max-semi-space-size=4'] },
  'semi-space 64': { flags: ['--max-semi-space-size=64'] },
  'old space 32': { flags: ['--max-old-space-size=32'] },
  'optimize for size': { flags: ['--optimize-for-size'] },
  'lite mode': { flags: ['--lite-mode'] },
  'no optimiser': { flags: ['--max-lazy', '--no-opt'] },
  'single-threaded': { flags: ['--single-threaded'] },
  '1 pool thread': { env: ['UV_THREADPOOL_SIZE=1'] },
  '1 malloc arena': { env: ['MALLOC_ARENA_MAX=1'] },
  '--memory small': { flags: memoryOptions.small },
};

/** mote under each setting, as scripts run by `node`. */
export function settings(node: string, target: string): readonly Peer[] {
  return Object.entries(candidates).map(([name, { flags = [], env = [] }]) => ({
    name,
    title: name,
    command: ({ root, port }) => {
      const program = ['env', ...env, node, ...flags, target];
      return [...program, root, `${port}`, '--log-format', 'off'];
    },
  }));
}
