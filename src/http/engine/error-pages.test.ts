/** Whatever an engine answers with an error, a person gets a page for it, and everybody else the line of text. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { HttpError } from '../errors.ts';
import type { Hooks } from './contract.ts';
import { hooksWith, LIMITS } from './fixtures.ts';
import { HttpServer } from './http-server.ts';

const CSP = 'content-security-policy';

const cases: readonly (readonly [what: string, handle: Hooks['handle'], request: string, status: number])[] =
  [
    ['a defect', () => assert.fail('defect'), 'GET / HTTP/1.1\r\n', 500],
    ['a late defect', () => Promise.reject(new Error('defect')), 'GET / HTTP/1.1\r\n', 500],
    [
      'a refusal with fields',
      () => {
        throw new HttpError('unavailable', ['Retry-After', '1']);
      },
      'GET / HTTP/1.1\r\n',
      503,
    ],
    ['HEAD', () => Promise.reject(new HttpError('forbidden')), 'HEAD / HTTP/1.1\r\n', 403],
    [
      'a body that is too large',
      () => assert.fail('not reached'),
      'POST / HTTP/1.1\r\nContent-Length: 99999\r\n',
      413,
    ],
  ];

for (const engine of ['node', 'wire'] as const) {
  describe(`the engine ${engine} has a page for`, () => {
    for (const [what, handle, head, status] of cases) {
      test(what, async (t) => {
        const hooks = hooksWith({
          handle,
          // The operator's policy is not for mote's own pages.
          defaultHeaders: () => ['Content-Security-Policy', "default-src 'self'", 'Vary', 'Origin'],
          onFault: () => undefined,
        });
        const server = await HttpServer.create(LIMITS, hooks, engine);
        await server.listen({ host: '127.0.0.1', port: 0 });
        t.after(() => server.stop(0));
        const ask = async (accept: string): Promise<string> => {
          const socket = connect(server.port, '127.0.0.1');
          socket.write(`${head}Host: a\r\nConnection: close\r\nAccept: ${accept}\r\n\r\n`);
          return text(socket);
        };
        const [page, line] = [await ask('text/html,*/*;q=0.8'), await ask('*/*')];
        assert.match(page, new RegExp(`^HTTP/1.1 ${status} `));
        assert.match(page, /content-type: text\/html/i);
        assert.match(page, /^vary: origin/im);
        assert.equal(page.toLowerCase().split(CSP).length, 2, 'one policy');
        assert.match(page, /default-src 'none'/);
        if (status === 503) assert.match(page, /^retry-after: 1/im);
        assert.equal(/<h1>/.test(page), !head.startsWith('HEAD'));
        assert.match(line, /content-type: text\/plain/i);
        assert.doesNotMatch(line, /<h1>|default-src 'none'/);
      });
    }
  });
}
