/** What the black-box tests can be run against beside the sources: dist/mote, in an empty root and in a container. */
import { relative } from 'node:path';
import { REPOSITORY } from '../bundle/bundle.ts';
import { cannotSeal, noEmptyRoot } from '../seal/fixtures.ts';
import { lacking } from './lacking.ts';

export interface Against {
  /** The command line, as `MOTE_TARGET` takes it. */
  readonly target: string;
  /** Why it cannot be tested here. */
  readonly obstacle: string | false;
}

export function executables(): readonly Against[] {
  const node = relative(REPOSITORY, process.execPath);
  const noRoot = cannotSeal() || noEmptyRoot();
  return [
    { target: 'test/targets/empty-root.sh dist/mote', obstacle: noRoot },
    { target: `${node} test/targets/container.ts dist/mote`, obstacle: noRoot || lacking({ runc: 'runc' }) },
  ];
}

/** mote-micro is another program. */
export function withoutMicro(files: readonly string[]): string[] {
  return files.filter((path) => !path.includes('test/micro/'));
}
