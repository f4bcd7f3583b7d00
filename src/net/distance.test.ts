import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type LookupFunction } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { said } from './fixtures.ts';
import { createClient } from './http-client.ts';

/** A server that takes connections only a second after they were asked for, as on a long way with losses. */
const DISTANT = `
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 204 \\r\\n\\r\\n'));
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, server.address().port + '\\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 900);
  });
`;

test('a distant server is waited for though it has an address that cannot be reached', async (t) => {
  const program = spawn(process.execPath, ['-e', DISTANT], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => program.kill());
  const [line] = await once(createInterface({ input: program.stdout }), 'line');
  const port = Number(line);
  // Two fill its queue, so that the system repeats the next request for a connection after a second.
  for (let i = 0; i < 2; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    t.after(() => socket.destroy());
    await once(socket, 'connect');
  }
  const lookup = (_host: string, _options: unknown, done: Parameters<LookupFunction>[2]) =>
    done(null, [
      { address: '127.0.0.1', family: 4 },
      { address: '2001:db8::1', family: 6 },
    ]);
  const url = new URL(`http://a.example:${port}/`);
  const outcome = await createClient({ lookup })({ method: 'GET', url, signal: AbortSignal.timeout(5000) });
  assert.equal(said(outcome), '204 ');
});
