import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TinyError } from './arguments.ts';
import { requireTools, runTool, startTool } from './run-tool.ts';

describe('the tools of the machine', () => {
  for (const [commands, message] of [
    [['gcc'], 'gcc is missing: apt-get install gcc'],
    [
      ['aarch64-linux-gnu-gcc', 'xz'],
      'aarch64-linux-gnu-gcc, xz are missing: apt-get install gcc-aarch64-linux-gnu xz-utils',
    ],
  ] as const) {
    test(`without ${commands.join(' and ')}`, () => {
      assert.throws(() => requireTools(commands, '/nowhere'), { name: 'TinyError', message });
    });
  }

  test('that are there are no error', () => requireTools(['sh']));

  const script = ['-c', 'echo "main.c:1: error" >&2; exit 3', 'main.c'];
  const failed = { name: 'TinyError', message: 'sh main.c failed:\nmain.c:1: error' };

  test('show what they say when they fail', async () => {
    assert.throws(() => runTool('sh', script), failed);
    await assert.rejects(startTool('sh', script), failed);
    await assert.rejects(startTool('/nowhere/gcc', ['a.c']), TinyError);
  });
});
