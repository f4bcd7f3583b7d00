/** deploy/nginx.conf, as it is but for its addresses and files. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { authority, certificate, key } from '../support/certificates.ts';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/free-port.ts';
import { noNginx, startNginx } from '../support/nginx.ts';
import { isSource, startForTest } from '../support/target.ts';

const EXAMPLE = fileURLToPath(new URL('../../deploy/nginx.conf', import.meta.url));
const START_LIMIT_MS = 10_000;
const skip = isSource ? noNginx : 'it is about the proxy, not about the program';

function exampleWith(replacements: Readonly<Record<string, string>>): string {
  const example = readFileSync(EXAMPLE, 'utf8');
  return Object.entries(replacements).reduce((text, [old, replacement]) => {
    assert.ok(text.includes(old), `the example has no ${old}`);
    return text.replaceAll(old, replacement);
  }, example);
}

/** Returns the port on which nginx serves TLS. */
async function startExample(t: TestContext, upstreamPort: number): Promise<number> {
  const port = await freePort();
  const dir = makeFolder({ 'site.pem': certificate.trimStart(), 'site.key': key.trimStart() });
  const example = exampleWith({
    'server 127.0.0.1:8080;': `server 127.0.0.1:${upstreamPort};`,
    'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
    '/etc/ssl/example.com.pem': join(dir, 'site.pem'),
    '/etc/ssl/example.com.key': join(dir, 'site.key'),
  });
  t.after(startNginx(example).stop);
  return port;
}

/** From `localAddress`, which is on loopback, and no sooner than nginx listens. */
async function get(port: number, localAddress: string): Promise<{ status?: number; body: string }> {
  const deadlineMs = performance.now() + START_LIMIT_MS;
  for (;;) {
    try {
      return await getOnce(port, localAddress);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || performance.now() > deadlineMs)
        throw error;
      await sleep(20);
    }
  }
}

async function getOnce(port: number, localAddress: string): Promise<{ status?: number; body: string }> {
  const options = {
    host: '127.0.0.1',
    port,
    localAddress,
    path: '/sub',
    ca: authority,
    servername: 'localhost',
  };
  const outgoing = request({ ...options, headers: { 'X-Forwarded-For': '192.0.2.1' } }).end();
  const [response] = await once(outgoing, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

test('nginx in front: TLS, and the address of the client in the log', { skip }, async (t) => {
  const root = makeFolder({ sub: 'below' });
  const server = await startForTest(t, { root, args: ['--trusted-proxies', '127.0.0.1'] });
  const port = await startExample(t, server.port);
  assert.deepEqual(await get(port, '127.0.0.2'), { status: 200, body: 'below' });
  assert.match(await server.logged(/ "GET \/sub /), /^127\.0\.0\.2 /);
});
