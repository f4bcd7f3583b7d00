import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { REPOSITORY } from '../bundle/bundle.ts';
import { executables, filesFor } from './executable.ts';

test('every executable is tested in an empty root and in a container', () => {
  const targets = executables().map(({ target }) => target);
  for (const program of ['dist/mote', 'dist/mote-tiny']) {
    assert.deepEqual(
      targets
        .filter((target) => target.endsWith(` ${program}`))
        .map((target) => /[\w-]+\.(sh|ts)/.exec(target)?.[0]),
      ['empty-root.sh', 'container.ts'],
    );
  }
});

test('against an emulated processor only the core is tested', () => {
  const emulated = executables().find(({ target }) => target.startsWith('qemu-')) ?? assert.fail();
  const [core, other] = ['test/http/ranges.test.ts', 'test/http/memory.test.ts'];
  assert.deepEqual(filesFor(emulated, [core, other]), [core]);
  assert.deepEqual(filesFor(emulated, [join(REPOSITORY, core)]), [join(REPOSITORY, core)]);
  assert.deepEqual(filesFor({ target: 'x', obstacle: false }, [core, other]), [core, other]);
});
