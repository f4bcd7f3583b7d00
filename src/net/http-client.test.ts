function policyOf(...allowed: readonly string[]) {
  const policy = parseAddressPolicy(allowed);
  return policy.ok ? policy.value : assert.fail(policy.error);
}

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type LookupFunction, Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import {
  authority,
  certificate,
  certificateForOther,
  expiredCertificate,
  key,
  trusted,
} from '../../test/support/certificates.ts';
import { freePort } from '../../test/support/free-port.ts';
import {
  type Answerer,
  type Reply,
  type StandIn,
  type StandInOptions,
  startStandIn,
} from '../../test/support/stand-in.ts';
import { startTunnels } from '../../test/support/tunnel.ts';
import { isGlobalAddress, parseAddressPolicy } from './addresses.ts';
import { type ClientOptions, type ClientResult, createClient, type OutgoingRequest } from './http-client.ts';
import { parseProxy } from './proxy.ts';

async function server(
  t: TestContext,
  response: Answerer | Reply,
  options?: StandInOptions,
): Promise<StandIn> {
  const standIn = await startStandIn(typeof response === 'function' ? response : () => response, options);
  t.after(() => standIn.close());
  return standIn;
}

type Asked = Partial<Omit<OutgoingRequest, 'url'>>;

function ask(url: string, asked: Asked = {}, options: ClientOptions = {}): Promise<ClientResult> {
  const request = { method: 'GET', url: new URL(url), signal: AbortSignal.timeout(5000), ...asked };
  return createClient(options)(request);
}

function fault(outcome: ClientResult): string {
  return outcome.kind === 'response' ? `responded ${outcome.status}` : `${outcome.kind}: ${outcome.fault}`;
}

/** Every name has `addresses`. */
function resolver(...addresses: string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_host, options, done) => {
    if (options.all) done(null, all);
    else done(null, all[0]?.address ?? '', all[0]?.family);
  };
}

describe('a response', () => {
  test('carries status, headers and bytes; the request arrives as given', async (t) => {
    const standIn = await server(t, { status: 418, headers: { 'x-a': 'b' }, body: 'grün' });
    const outcome = await ask(`${standIn.origin}/p%20q?x=%2F#f`, {
      method: 'PUT',
      headers: { 'content-type': 'text/plain', authorization: 'Basic eA==' },
      body: 'héllo',
    });
    assert.ok(outcome.kind === 'response');
    assert.equal(outcome.status, 418);
    assert.equal(outcome.headers['x-a'], 'b');
    assert.equal(outcome.body.toString(), 'grün');
    assert.equal(outcome.complete, true);
    const [received] = standIn.received;
    assert.equal(received?.method, 'PUT');
    assert.equal(received?.target, '/p%20q?x=%2F');
    assert.equal(received?.body.toString(), 'héllo');
    assert.equal(received?.headers['content-length'], '6');
    assert.equal(received?.headers.host, `127.0.0.1:${standIn.port}`);
    assert.equal(received?.headers.authorization, 'Basic eA==');
    assert.equal(received?.headers.connection, 'close');
  });

  test('a body at the limit is complete, one byte more is cut', async (t) => {
    const standIn = await server(t, { body: 'x'.repeat(1000) });
    const exact = await ask(standIn.origin, {}, { maxResponseBytes: 1000 });
    assert.ok(exact.kind === 'response' && exact.complete && exact.body.length === 1000);
    const cut = await ask(standIn.origin, {}, { maxResponseBytes: 999 });
    assert.ok(cut.kind === 'response' && !cut.complete && cut.body.length === 999);
  });

  test('a body that breaks off is not complete, but the status is known', async (t) => {
    const outcome = await ask((await server(t, 'break off')).origin);
    assert.ok(outcome.kind === 'response');
    assert.deepEqual(
      [outcome.status, outcome.complete, outcome.body.toString()],
      [200, false, '{"errcode":'],
    );
  });

  test('a redirect is not followed', async (t) => {
    const standIn = await server(t, { status: 307, headers: { location: '/other' } });
    assert.equal(fault(await ask(standIn.origin, { method: 'POST' })), 'responded 307');
    assert.equal(standIn.received.length, 1);
  });
});

describe('no response after sending', () => {
  test('silence until the signal aborts', async (t) => {
    const { origin } = await server(t, 'silence');
    const outcome = await ask(origin, { signal: AbortSignal.timeout(100) });
    assert.equal(fault(outcome), 'no-response: it took too long');
  });
  const broken: readonly [reply: Reply, fault: string][] = [
    ['hang up', 'no-response: the connection was reset'],
    ['garbage', 'no-response: the response is not HTTP'],
  ];
  for (const [reply, expected] of broken) {
    test(String(reply), async (t) => {
      assert.equal(fault(await ask((await server(t, reply)).origin)), expected);
    });
  }
});

describe('not sent', () => {
  test('nobody listens', async () => {
    assert.equal(
      fault(await ask(`http://127.0.0.1:${await freePort()}`)),
      'unsent: the connection was refused',
    );
  });

  test('the name is not known', async () => {
    const lookup: LookupFunction = (_host, _options, done) =>
      done(Object.assign(new Error('getaddrinfo ENOTFOUND secret.example'), { code: 'ENOTFOUND' }), '');
    const outcome = await ask('http://secret.example', {}, { lookup });
    assert.equal(fault(outcome), 'unsent: the host name is not known');
  });

  test('the lookup takes longer than the limit', async () => {
    const outcome = await ask('http://a.example', {}, { lookup: () => undefined, connectTimeoutMs: 50 });
    assert.equal(fault(outcome), 'unsent: it took too long');
  });

  test('TLS takes longer than the limit', async (t) => {
    const mute = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    t.after(() => mute.close());
    const address = mute.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const outcome = await ask(`https://127.0.0.1:${port}`, {}, { connectTimeoutMs: 100 });
    assert.equal(fault(outcome), 'unsent: it took too long');
  });

  test('aborted before it began', async (t) => {
    const standIn = await server(t, {});
    const outcome = await ask(standIn.origin, { signal: AbortSignal.abort() });
    assert.equal(fault(outcome), 'unsent: it took too long');
    assert.equal(standIn.connections(), 0);
    const later = new AbortController();
    const asked = { signal: later.signal, beforeSending: async () => later.abort() };
    assert.equal(fault(await ask(standIn.origin, asked)), 'unsent: it took too long', 'nor later');
  });
});

describe('refused', () => {
  const bad: readonly [name: string, url: string, asked: Asked][] = [
    ['other schemes', 'file:///etc/passwd', {}],
    ['a line break in a header', '', { headers: { 'x-a': 'a\r\nb: c' } }],
    ['a name that is none', '', { headers: { 'x a': 'b' } }],
    ['a method that is none', '', { method: 'GET /' }],
  ];
  for (const [name, url, asked] of bad) {
    test(name, async (t) => {
      const standIn = await server(t, {});
      assert.equal((await ask(url || standIn.origin, asked)).kind, 'refused');
      assert.equal(standIn.received.length, 0);
    });
  }
});

describe('private addresses', () => {
  const mayConnect = isGlobalAddress;
  const notAllowed =
    'refused: the host has a private or special address, which allowAddresses (WEBHOOK_ALLOW_ADDRESSES) does not allow';
  const urls = [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '2130706433',
    '0x7f.1',
    '127.1',
    '0',
  ];
  for (const host of urls) {
    test(`${host} is not connected to`, async (t) => {
      const { port, connections } = await server(t, {});
      const outcome = await ask(`http://${host}:${port}`, {}, { route: { kind: 'direct', mayConnect } });
      assert.equal(fault(outcome), notAllowed);
      assert.equal(connections(), 0);
    });
  }

  const responses: readonly (readonly string[])[] = [
    ['127.0.0.1'],
    ['127.0.0.1', '192.0.2.1'],
    ['::ffff:127.0.0.1'],
  ];
  for (const addresses of responses) {
    test(`a name with ${addresses.join(', ')} is not connected to`, async (t) => {
      const { port, connections } = await server(t, {});
      const options: ClientOptions = {
        route: { kind: 'direct', mayConnect },
        lookup: resolver(...addresses),
      };
      assert.equal(fault(await ask(`http://public.example:${port}`, {}, options)), notAllowed);
      assert.equal(connections(), 0);
    });
  }

  test('of a name with several addresses, only those that are allowed are connected to', async (t) => {
    const { port, connections } = await server(t, {});
    const send = (allowed: string, ...addresses: string[]) =>
      ask(
        `http://a.example:${port}`,
        {},
        {
          route: { kind: 'direct', mayConnect: policyOf(allowed) },
          lookup: resolver(...addresses),
        },
      );
    // As those of `localhost`, of which nobody allows both.
    assert.equal(fault(await send('127.0.0.1', '::1', '127.0.0.1')), 'responded 200');
    assert.equal(connections(), 1);
    // Nobody listens at the one that is allowed.
    assert.equal(
      fault(await send('127.0.0.2', '127.0.0.2', '127.0.0.1')),
      'unsent: the connection was refused',
    );
    assert.equal(connections(), 1);
  });

  test('a name that changes its address is judged each time, and looked up once a request', async (t) => {
    const { port, connections } = await server(t, {});
    let lookups = 0;
    const lookup: LookupFunction = (host, options, done) => {
      lookups++;
      resolver(lookups === 1 ? '127.0.0.2' : '127.0.0.1')(host, options, done);
    };
    const only: ClientOptions = {
      lookup,
      route: { kind: 'direct', mayConnect: policyOf('127.0.0.2') },
    };
    // On loopback the whole block responds on Linux, but the server listens on 127.0.0.1 alone.
    assert.equal((await ask(`http://a.example:${port}`, {}, only)).kind, 'unsent');
    assert.equal(fault(await ask(`http://a.example:${port}`, {}, only)), notAllowed);
    assert.deepEqual([lookups, connections()], [2, 0]);
  });

  test('the address that is connected to is judged even if the lookup passed', async (t) => {
    const { port, received } = await server(t, {});
    const judged: string[] = [];
    const mayConnect = (address: string) => judged.push(address) === 1;
    const options: ClientOptions = { route: { kind: 'direct', mayConnect }, lookup: resolver('127.0.0.1') };
    assert.equal(fault(await ask(`http://a.example:${port}`, {}, options)), notAllowed);
    assert.deepEqual(judged, ['127.0.0.1', '127.0.0.1']);
    assert.equal(received.length, 0);
  });

  test('a connection that was reset at once is not judged', async (t) => {
    const standIn = await server(t, {});
    // The system knows no peer of it any more.
    const nameless = Socket.prototype as unknown as { _getpeername(): object };
    t.mock.method(nameless, '_getpeername', () => ({}));
    const mayConnect = policyOf('127.0.0.1');
    const outcome = await ask(standIn.origin, {}, { route: { kind: 'direct', mayConnect } });
    assert.equal(fault(outcome), 'unsent: the connection was reset');
  });

  test('what is allowed is connected to', async (t) => {
    const { port } = await server(t, {});
    const route = { kind: 'direct', mayConnect: policyOf('127.0.0.0/8') } as const;
    const options: ClientOptions = { route, lookup: resolver('127.0.0.1') };
    assert.equal(fault(await ask(`http://a.example:${port}`, {}, options)), 'responded 200');
  });
});

describe('TLS', () => {
  test('by a private authority', async (t) => {
    const { origin, received } = await server(t, { body: 'x' }, { tls: true });
    assert.equal(
      fault(await ask(`${origin}/a`, { method: 'POST', body: 'b' }, { trust: () => trusted })),
      'responded 200',
    );
    assert.equal(received[0]?.body.toString(), 'b');
  });

  test('a name with a dot at its end is named without it', async (t) => {
    const names: string[] = [];
    const tls = createTlsServer(
      {
        key,
        cert: certificate,
        SNICallback: (name, done) => {
          names.push(name);
          done(null);
        },
      },
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 204 \r\n\r\n')),
    );
    tls.listen(0, '127.0.0.1');
    await once(tls, 'listening');
    t.after(() => tls.close());
    const { port } = tls.address() as AddressInfo;
    const options = { lookup: resolver('127.0.0.1'), trust: () => trusted };
    assert.equal(fault(await ask(`https://localhost.:${port}`, {}, options)), 'responded 204');
    assert.deepEqual(names, ['localhost']);
  });

  test('an address in the certificate', async (t) => {
    const { port } = await server(t, {}, { tls: true });
    assert.equal(
      fault(await ask(`https://127.0.0.1:${port}`, {}, { trust: () => trusted })),
      'responded 200',
    );
  });

  const bad: readonly [name: string, cert: string, ca: string | undefined, fault: string][] = [
    [
      'an unknown authority',
      certificate,
      undefined,
      'the certificate is from an authority that is not trusted',
    ],
    ['another host', certificateForOther, authority, 'the certificate is for another host'],
    ['expired', expiredCertificate, authority, 'the certificate has expired'],
  ];
  for (const [name, tls, ca, expected] of bad) {
    test(`${name} is refused, also where the environment says otherwise`, async (t) => {
      const { origin, received } = await server(t, {}, { tls });
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      t.after(() => {
        delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      });
      assert.equal(
        fault(await ask(origin, {}, ca ? { trust: () => createSecureContext({ ca }) } : {})),
        `unsent: ${expected}`,
      );
      assert.equal(received.length, 0);
    });
  }

  test('where the server speaks no TLS', async (t) => {
    const { port } = await server(t, {});
    assert.equal(fault(await ask(`https://127.0.0.1:${port}`)), 'unsent: TLS could not be agreed on');
  });
});

describe('by a proxy', () => {
  for (const tls of [true, false]) {
    test(`to an ${tls ? 'https' : 'http'} server, with a name that only the proxy knows`, async (t) => {
      const standIn = await server(t, { body: 'x' }, tls ? { tls: certificateForOther } : {});
      const proxy = await startTunnels(standIn.port, `Basic ${Buffer.from('us er:p@ss').toString('base64')}`);
      t.after(() => proxy.close());
      const url = new URL(`http://us%20er:p%40ss@127.0.0.1:${proxy.port}`);
      const options: ClientOptions = { trust: () => trusted, route: { kind: 'proxy', url } };
      const outcome = await ask(`${tls ? 'https' : 'http'}://other.example/x`, {}, options);
      assert.equal(fault(outcome), 'responded 200');
      assert.match(proxy.asked[0] ?? '', tls ? /^other\.example:443 Basic/ : /^other\.example:80 Basic/);
      assert.equal(standIn.received[0]?.headers['proxy-authorization'], undefined);
      assert.equal(standIn.received[0]?.headers.host, 'other.example');
    });
  }

  test('that refuses', async (t) => {
    const proxy = await startTunnels(1, 'Basic x');
    t.after(() => proxy.close());
    const route = { kind: 'proxy', url: new URL(`http://127.0.0.1:${proxy.port}`) } as const;
    assert.equal(
      fault(await ask('https://a.example', {}, { route })),
      'unsent: proxy: it responded with 407',
    );
  });

  test('that does not listen', async () => {
    const route = { kind: 'proxy', url: new URL(`http://127.0.0.1:${await freePort()}`) } as const;
    assert.equal(
      fault(await ask('https://a.example', {}, { route })),
      'unsent: proxy: the connection was refused',
    );
  });

  test('that is no http: URL', () => {
    const parsed = parseProxy('socks5://127.0.0.1:1080');
    assert.match(parsed.ok ? 'taken' : parsed.error, /^proxy: it must be an http: URL; write http:/);
  });
});
