/** mote-micro: its responses, and how it starts and ends. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { build } from '../../scripts/micro/micro.ts';
import { pattern } from '../support/folder.ts';
import {
  accepting,
  arch,
  cannotRunMicro,
  commandFor,
  freePort,
  isEmulated,
  type Micro,
  program,
  startMicro,
} from '../support/micro.ts';
import { connect, exchange, type Response, request, requestText } from '../support/raw.ts';

const PAGE = '<!doctype html><title>mote</title><p>a page';
const HEAD = `HTTP/1.1 200 \r\nContent-Type:text/html;charset=utf-8\r\nContent-Length:${PAGE.length}\r\n\r\n`;

for (const profile of ['standard', 'full', 'site'])
  describe(`profile ${profile}`, { skip: cannotRunMicro }, () => {
    const files: { after: (() => void)[] } = { after: [] };
    let server: Micro;
    before(async () => {
      const owner = { after: (end: () => void) => files.after.push(end) };
      server = await startMicro(owner as never, program(profile, PAGE), { port: await freePort() });
    });
    after(() => {
      for (const end of files.after) end();
    });

    const responses: readonly (readonly [name: string, method: string, target: string, status: number])[] = [
      ['GET', 'GET', '/', 200],
      ['a query', 'GET', '/?a=b&c', 200],
      ['HEAD', 'HEAD', '/', 200],
      ['HEAD with a query', 'HEAD', '/?', 200],
      ['another path', 'GET', '/favicon.ico', 404],
      ['a path that begins alike', 'GET', '//', 404],
      ['what only a careless hash takes for /', 'GET', '.y', 404],
      ['HEAD of another path', 'HEAD', '/x', 404],
      ['POST', 'POST', '/', 405],
      ['OPTIONS', 'OPTIONS', '*', 405],
      ['a method that begins alike', 'GETS', '/', 405],
      ['what only a careless hash takes for GET', 'GESY', '/', 405],
    ];
    for (const [name, method, target, status] of responses) {
      test(`${name}: ${status}`, async () => {
        const response = await request(server, target, { method });
        assert.equal(response.status, status);
        assert.equal(response.text, status === 200 && method === 'GET' ? PAGE : '');
        assert.equal(response.header('allow'), status === 405 ? 'GET,HEAD' : undefined);
        if (status === 200 && profile === 'standard') assert.equal(response.head, HEAD);
        if (status === 200) assert.equal(response.header('content-length'), String(PAGE.length));
      });
    }

    const closings: readonly (readonly [name: string, fields: string, closes: boolean])[] = [
      ['nothing', '', false],
      ['keep-alive', 'Connection: keep-alive\r\n', false],
      ['Connection: close', 'Connection: close\r\n', true],
      ['connection:close', 'connection:close\r\n', true],
      ['CONNECTION: CLOSE', 'CONNECTION: CLOSE\r\n', true],
      ['close behind another option', 'Connection: TE, close\r\n', true],
      ['a body', 'Content-Length: 0\r\n', true],
      ['a chunked body', 'Transfer-Encoding: chunked\r\n', true],
    ];
    for (const [name, fields, closes] of closings) {
      test(`${name}: the connection is ${closes ? 'closed' : 'kept'}`, async () => {
        const client = await connect(server);
        client.write(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
        assert.equal((await client.response()).text, PAGE);
        if (closes) await client.ended();
        else assert.equal((await client.get('/')).text, PAGE);
        client.destroy();
      });
    }

    test('HTTP/1.0: the connection is closed', async () => {
      const [response] = await exchange(server, 'GET /?x HTTP/1.0\r\n\r\n');
      assert.equal(response?.text, PAGE);
    });

    test('words that mean something elsewhere mean nothing here', async () => {
      const [response] = await exchange(
        server,
        'GET /x HTTP/1.1\r\nA: / \r\nB: GET / HTTP/1.1\r\nReferer: /?\r\nConnection: close\r\n\r\n',
      );
      assert.equal(response?.status, 404);
    });

    // All differ from the end of a request in the bit that makes letters small.
    for (const line of ['-*: x', '-*', '\r*: x']) {
      test(`${JSON.stringify(line)} does not end the head`, async () => {
        const client = await connect(server);
        client.write(`GET / HTTP/1.1\r\n${line}\r\nHost: a\r\n\r\n${requestText('GET', '/x')}`);
        assert.equal((await client.response()).text, PAGE);
        assert.equal((await client.response()).status, 404);
        assert.equal((await client.get('/')).text, PAGE);
        client.destroy();
      });
    }

    test('a field may end in a space, or have stars', async () => {
      const bytes = 'GET / HTTP/1.1\r\nA: b \r\nAccept: */*\r\nC:\t\r\nD: * \r\n\r\n';
      const client = await connect(server);
      client.write(bytes);
      await client.response();
      assert.equal(client.waiting, 0);
      client.write(bytes);
      assert.equal((await client.response()).text, PAGE);
      client.destroy();
    });
  });

describe('the port', { skip: cannotRunMicro }, () => {
  test('is the first argument, even if PORT says otherwise', async (t) => {
    const [port, other] = [await freePort(), await freePort()];
    const server = await startMicro(t, program('standard', PAGE), { port, env: { PORT: String(other) } });
    assert.equal((await request(server, '/')).text, PAGE);
  });

  test('is PORT, and nothing that begins alike, without one', async (t) => {
    const port = await freePort();
    const env = { PORTS: '1', POR: '2', XPORT: '3', PORT: String(port) };
    const server = await startMicro(t, program('standard', PAGE), { port, args: [], env });
    assert.equal((await request(server, '/')).text, PAGE);
  });

  test('is the one chosen at build time without both', async (t) => {
    const port = await freePort();
    const server = await startMicro(t, program('standard', PAGE, { port }), { port, args: [] });
    assert.equal((await request(server, '/')).text, PAGE);
  });

  for (const low of [0, 0x7f, 0x80, 0xff]) {
    test(`can have the low byte ${low}`, async (t) => {
      const [first, second] = [await freePort(low), await freePort(low)];
      const cases = [
        { port: first, path: program('record', PAGE), args: [String(first)] },
        { port: second, path: program('standard', PAGE), args: [String(second)] },
        { port: second, path: program('standard', PAGE, { port: second }), args: [] },
        { port: second, path: program('full', PAGE), args: [String(second)] },
        { port: second, path: program('site', PAGE), args: [String(second)] },
      ];
      for (const { path, ...options } of cases) {
        const server = await startMicro(t, path, options);
        assert.equal((await request(server, '/')).text, PAGE);
        server.child.kill('SIGKILL');
        await once(server.child, 'exit');
      }
    });
  }

  test('that is taken is an error at once', async (t) => {
    const port = await freePort();
    await startMicro(t, program('standard', PAGE), { port });
    const second = spawnSync(...commandFor(program('standard', PAGE), [String(port)]), { timeout: 3000 });
    assert.equal(second.signal, null);
    assert.notEqual(second.status, 0);
  });

  test('above 65535 is an error', () => {
    const { status, signal } = spawnSync(...commandFor(program('standard', PAGE), ['75535']), {
      timeout: 3000,
    });
    assert.equal(signal, null);
    assert.notEqual(status, 0);
  });
});

describe('its life', { skip: cannotRunMicro }, () => {
  test('SIGINT ends it at once with 0, with connections open', async (t) => {
    const server = await startMicro(t, program('standard', PAGE), { port: await freePort() });
    const client = await connect(server);
    client.write('GET');
    const began = performance.now();
    server.child.kill('SIGINT');
    assert.deepEqual(await once(server.child, 'exit'), [0, null]);
    assert.ok(performance.now() - began < 500);
    client.destroy();
  });

  test('it can start again on the port that it has just served', async (t) => {
    const port = await freePort();
    for (let round = 0; round < 3; round++) {
      const server = await startMicro(t, program('standard', PAGE), { port });
      const client = await connect(server);
      await client.get('/');
      server.child.kill('SIGINT');
      await once(server.child, 'exit');
      client.destroy();
    }
  });

  test('idle, it takes no time and little memory, of which none is writable and executable', {
    skip: isEmulated,
  }, async (t) => {
    const server = await startMicro(t, program('standard', PAGE), { port: await freePort() });
    await request(server, '/');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(server.cpuSeconds() <= 0.02);
    const rssBytes = Number(
      /Rss:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/smaps_rollup`, 'utf8'))?.[1],
    );
    assert.ok(rssBytes <= 40, `${rssBytes} kB`);
    const maps = readFileSync(`/proc/${server.pid}/maps`, 'utf8');
    assert.doesNotMatch(maps, / rwx/);
  });
});

describe('its memory', { skip: cannotRunMicro || (!isEmulated && 'only for what an emulator adds') }, () => {
  for (const profile of ['record', 'standard', 'full', 'site']) {
    test(`${profile}: of what the emulator maps nothing is writable and executable`, async () => {
      const port = await freePort();
      const path = program(profile, PAGE);
      const [emulator, args] = commandFor(path, [String(port)]);
      const child = spawn(emulator, ['-d', 'page', '-D', `${path}.log`, ...args], { stdio: 'ignore' });
      await accepting(port, child);
      child.kill('SIGKILL');
      const maps: readonly string[] = readFileSync(`${path}.log`, 'latin1').match(/ [r-][w-][x-]$/gm) ?? [];
      assert.deepEqual([maps.includes(' r-x'), maps.includes(' rw-')], [true, true]);
      assert.deepEqual(
        maps.filter((map) => map.endsWith('wx')),
        [],
      );
    });
  }
});

describe('profile full', { skip: cannotRunMicro }, () => {
  const page = Array.from({ length: 400 }, (_, index) => `<p>${index} ${'abc'.repeat(index % 9)}</p>\n`).join(
    '',
  );

  test('gzip for those that take it, the page itself for all others', async (t) => {
    const server = await startMicro(t, program('full', page), { port: await freePort() });
    const cases: readonly (readonly [acceptEncoding: string, gzip: boolean])[] = [
      ['gzip', true],
      ['gzip, deflate, br', true],
      ['deflate, gzip', true],
      ['GZIP', true],
      ['identity', false],
      ['br', false],
      ['gzip;q=0', false],
      ['gzip ;q=0', false],
      ['gzip; q=0', false],
      ['x-gzip', false],
      ['', false],
    ];
    for (const [value, gzip] of cases) {
      for (const method of ['GET', 'HEAD']) {
        const response = await request(server, '/', { method, headers: { 'Accept-Encoding': value } });
        assert.equal(response.header('content-encoding'), gzip ? 'gzip' : undefined, value);
        assert.equal(response.header('vary'), 'Accept-Encoding');
        const body = gzip && method === 'GET' ? gunzipSync(response.body) : response.body;
        assert.equal(body.toString(), method === 'GET' ? page : '');
      }
    }
    const elsewhere = await request(server, '/', {
      headers: { 'X-Accept-Encoding': 'gzip', 'User-Agent': 'gzip' },
    });
    assert.equal(elsewhere.text, page);
  });

  test('304 where the client has this very page, and only there', async (t) => {
    const server = await startMicro(t, program('full', page), { port: await freePort() });
    const tag = (await request(server, '/')).header('etag') ?? '';
    assert.match(tag, /^W\/"[0-9a-f]{8}"$/);
    const cases: readonly (readonly [name: string, value: string, status: number])[] = [
      ['If-None-Match', tag, 304],
      ['if-none-match', tag.slice(2), 304],
      ['If-None-Match', `"a", ${tag},"b"`, 304],
      ['If-None-Match', '*', 304],
      ['If-None-Match', '"a"', 200],
      ['If-None-Match', tag.replace('"', ''), 200],
      ['If-None-Match', tag.replace('W/"', 'W/"x'), 200],
      ['If-Match', tag, 200],
      ['If-Range', tag, 200],
      ['X-If-None-Match', tag, 200],
    ];
    for (const [name, value, status] of cases) {
      for (const method of ['GET', 'HEAD']) {
        const response = await request(server, '/', { method, headers: { [name]: value } });
        assert.equal(response.status, status, `${name}: ${value}`);
        assert.equal(response.header('etag'), tag);
        assert.equal(response.header('vary'), 'Accept-Encoding');
      }
      const missing = await request(server, '/x', { headers: { [name]: value } });
      assert.equal(missing.status, 404);
    }
  });

  test('what one request says is forgotten in the next one', async (t) => {
    const server = await startMicro(t, program('full', page), { port: await freePort() });
    const client = await connect(server);
    const plain = await client.get('/');
    assert.equal((await client.get('/', { 'If-None-Match': plain.header('etag') ?? '' })).status, 304);
    assert.equal((await client.get('/', { 'Accept-Encoding': 'gzip' })).header('content-encoding'), 'gzip');
    assert.equal((await client.get('/')).text, page);
    client.destroy();
  });

  test('IPv6 and IPv4', async (t) => {
    const server = await startMicro(t, program('full', PAGE), { port: await freePort() });
    for (const host of ['127.0.0.1', '::1']) {
      assert.equal((await request({ port: server.port, host }, '/')).text, PAGE);
    }
  });

  test('SIGTERM and SIGINT end it with 0', async (t) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const server = await startMicro(t, program('full', PAGE), { port: await freePort() });
      server.child.kill(signal);
      assert.deepEqual(await once(server.child, 'exit'), [0, null]);
    }
  });

  test('pages of every kind come out whole', async (t) => {
    const pages = [
      '',
      'x',
      'x'.repeat(100_000),
      pattern(9_001),
      randomBytes(5000),
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      `${page}${'y'.repeat(32_760)}${page}`,
    ];
    for (const content of pages) {
      const server = await startMicro(t, program('full', content), { port: await freePort() });
      const plain = await request(server, '/');
      assert.ok(plain.body.equals(Buffer.from(content)));
      const packed = await request(server, '/', { headers: { 'Accept-Encoding': 'gzip' } });
      assert.ok(unpacked(packed).equals(Buffer.from(content)));
      assert.ok(packed.body.length <= content.length, 'packed only where it pays');
      server.child.kill();
    }
  });

  test('is smaller than the page and standard together from 2 kB of HTML on', () => {
    const html = readFileSync(new URL('../../web_root/404.html', import.meta.url), 'utf8');
    const content = Buffer.from(html.padEnd(2000, ' '));
    const page = { kind: 'page', page: { content, contentType: 'text/html; charset=utf-8' } } as const;
    const [full, standard] = ['full', 'standard'].map((profile) =>
      build(profile, page, { port: 8080, arch }),
    );
    assert.ok(full && standard && full.bytes.length < standard.bytes.length);
  });
});

function unpacked(response: Response): Buffer {
  return response.header('content-encoding') === 'gzip' ? gunzipSync(response.body) : response.body;
}

describe('profile record', { skip: cannotRunMicro }, () => {
  test('serves the page for every path', async (t) => {
    for (const page of [PAGE, 'x'.repeat(70_000)]) {
      const server = await startMicro(t, program('record', page), { port: await freePort() });
      for (const bytes of [requestText('GET', '/'), requestText('GET', '/x', { A: 'b'.repeat(2000) })]) {
        const [response] = await exchange(server, bytes);
        assert.equal(response?.head, 'HTTP/1.1 200 \r\nConnection:close\r\n\r\n');
        assert.equal(response?.text, page);
      }
    }
  });
});
