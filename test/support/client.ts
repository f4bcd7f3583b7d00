/** Unmodified clients of other servers, as commands. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BROKEN_TOKEN, LONG_TOKEN, type NotifyServer, TOKEN } from './notify-server.ts';

const run = promisify(execFile);
const CLIENT_TIMEOUT_MS = 60_000;

/** Exit code and output of a client. */
export async function client(command: string, ...args: string[]): Promise<{ code: number; output: string }> {
  try {
    const { stdout, stderr } = await run(command, args, { timeout: CLIENT_TIMEOUT_MS });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, output: stdout + stderr };
  }
}

/** No token in any form may be printed. */
export async function assertNoTokens(server: NotifyServer): Promise<void> {
  const text = await server.printed();
  for (const token of [TOKEN, LONG_TOKEN, BROKEN_TOKEN]) {
    assert.ok(!text.includes(token), `the log has a token: ${text}`);
  }
  assert.ok(!/auth=(?!\*\*\*)/.test(text), text);
}
