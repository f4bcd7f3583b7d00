import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { runBuild } from './build-command.ts';

class UserError extends Error {}
class UsageError extends UserError {}

/** The exit code, and what went to stderr. */
async function outcomeOf(t: TestContext, build: () => Promise<void>) {
  let text = '';
  t.mock.method(process.stderr, 'write', (chunk: string) => {
    text += chunk;
    return true;
  });
  const command = {
    name: 'made',
    usage: 'usage\n',
    parse: () => ({}),
    build,
    errors: [UserError],
    wrongUse: UsageError,
  };
  const code = await runBuild(command, []).finally(() => t.mock.restoreAll());
  return { code, text };
}

const failing = (error: Error) => async () => {
  throw error;
};

test('an error for the user is one line', async (t) => {
  const outcome = await outcomeOf(t, failing(new UserError('no gcc')));
  assert.deepEqual(outcome, { code: 1, text: 'made: no gcc\n' });
});

test('wrong use shows the usage', async (t) => {
  const outcome = await outcomeOf(t, failing(new UsageError('--what')));
  assert.deepEqual(outcome, { code: 2, text: 'made: --what\nusage\n' });
});

test('a folder that cannot be made is one line with its path', async (t) => {
  const { code, text } = await outcomeOf(t, async () => void mkdirSync('/dev/null/cache'));
  assert.equal(code, 1);
  assert.match(text, /^made: ENOTDIR: .*\/dev\/null\/cache.*\n$/);
});

test('anything else is a defect', async (t) => {
  await assert.rejects(outcomeOf(t, failing(new TypeError('x is undefined'))), TypeError);
});
