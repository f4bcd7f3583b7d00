/**
 * What the black-box tests can be run against beside the sources: dist/mote and dist/mote-tiny, in an empty root and in
 * a container, and what is the core of them against the tiny executable for arm64.
 */
import { existsSync } from 'node:fs';
import { join, matchesGlob, relative, resolve } from 'node:path';
import { REPOSITORY } from '../bundle/bundle.ts';
import { cannotSeal, noEmptyRoot } from '../seal/fixtures.ts';
import { lacking } from './lacking.ts';

export interface Against {
  /** The command line, as `MOTE_TARGET` takes it. */
  readonly target: string;
  /** Why it cannot be tested here. */
  readonly obstacle: string | false;
  /** Only these tests, as a glob. */
  readonly only?: string;
}

/**
 * Enough to see that another processor and a container engine change nothing. An emulated processor is slow: what
 * measures the time of passwords is not for it.
 */
const CORE = 'test/{http/{paths,ranges,preconditions,methods,encoding,etag},notify/requests}.test.ts';

export function executables(): readonly Against[] {
  const node = relative(REPOSITORY, process.execPath);
  const noRunc = lacking({ runc: 'runc' });
  const inRoot = (program: string, obstacle: string | false): Against => ({
    target: `test/targets/empty-root.sh ${program}`,
    obstacle,
  });
  const inContainer = (program: string, obstacle: string | false): Against => ({
    target: `${node} test/targets/container.ts ${program}`,
    obstacle: obstacle || noRunc,
  });
  const noMote = cannotSeal() || noEmptyRoot();
  const noTiny = noEmptyRoot() || notBuilt('dist/mote-tiny');
  return [
    inRoot('dist/mote', noMote),
    inContainer('dist/mote', noMote),
    inRoot('dist/mote-tiny', noTiny),
    { ...inContainer('dist/mote-tiny', noTiny), only: CORE },
    {
      target: 'qemu-aarch64-static dist/mote-tiny-arm64',
      obstacle: notBuilt('dist/mote-tiny-arm64') || lacking({ 'qemu-aarch64-static': 'qemu-user-static' }),
      only: CORE,
    },
  ];
}

function notBuilt(path: string): string | false {
  const command = path.endsWith('-arm64') ? 'npm run tiny -- --arch arm64' : 'npm run tiny';
  return !existsSync(join(REPOSITORY, path)) && `${path} is missing: ${command} makes it`;
}

/** Which of `files` are tested against it. */
export function filesFor({ only }: Against, files: readonly string[]): string[] {
  return files.filter(
    (path) => only === undefined || matchesGlob(relative(REPOSITORY, resolve(REPOSITORY, path)), only),
  );
}

/** mote-micro is another program. */
export function withoutMicro(files: readonly string[]): string[] {
  return files.filter((path) => !path.includes('test/micro/'));
}
