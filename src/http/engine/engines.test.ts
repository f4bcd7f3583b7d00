/** Both engines give the same responses to the same bytes, except for the listed differences. */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { tick } from '../fixtures.ts';
import type { Reuse } from '../types.ts';
import { connectionText } from '../wire/fixtures.ts';
import { hooksWith, LIMITS } from './fixtures.ts';
import { HttpServer } from './http-server.ts';

/** Open servers and sockets. */
const counts = { connections: 0, requests: 0 };

const always: Reuse = { isGone: false, isFresh: () => true };
const common = ['X-Common', 'a'];

/** Echoes the request as the server understood it. */
const hooks = hooksWith({
  handle: ({ method, target, path, query, headers, body }) => {
    const fields = Object.entries(headers).filter(([name]) => name !== '__proto__');
    const content = Buffer.from(body ?? []).toString('latin1');
    const text = JSON.stringify({ method, target, path, query, fields, content }, undefined, 1);
    const bytes = Buffer.from(text, 'latin1');
    const length = ['Content-Length', String(bytes.length)];
    return { status: 200, headers: length, body: { kind: 'bytes', bytes }, reuse: body ? undefined : always };
  },
  mayReuse: true,
  defaultHeaders: () => common,
  onConnection: (delta) => {
    counts.connections += delta;
  },
  onStart: () => {
    counts.requests += 1;
  },
  onEnd: () => {
    counts.requests -= 1;
  },
});

const node = await HttpServer.create(LIMITS, hooks, 'node');
const wire = await HttpServer.create(LIMITS, hooks, 'wire');
const auto = await HttpServer.create(LIMITS, hooks, 'auto');
const all = [node, wire, auto];
await Promise.all(all.map((server) => server.listen({ port: 0, host: '127.0.0.1' })));
after(() => Promise.all(all.map((server) => server.stop(0))));

/** Everything that a server sends in response to `text`, which arrives in pieces, and how it ends. */
async function said(port: number, text: string, cuts: readonly number[] = []): Promise<string[]> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  let from = 0;
  for (const cut of cuts) {
    socket.write(text.slice(from, cut), 'latin1');
    from = cut;
    await tick();
  }
  socket.end(text.slice(from), 'latin1');
  await closed;
  return responsesIn(Buffer.concat(chunks).toString('latin1'));
}

/** Responses without dates, with the fields sorted by name. */
function responsesIn(text: string): string[] {
  const responses: string[] = [];
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n');
    assert.ok(end > 0, `a response without an end: ${JSON.stringify(rest)}`);
    const [line, ...fields] = rest.slice(0, end).split('\r\n');
    const length = Number(/content-length: (\d+)/i.exec(fields.join('\n'))?.[1] ?? 0);
    const shown = fields.filter((field) => !/^date:/i.test(field)).sort();
    const hasBody = rest.length > end + 4 && !rest.startsWith('HTTP/', end + 4);
    const bodyEnd = end + 4 + (hasBody ? length : 0);
    // With several faults, each engine may report a different one, or fail before it knows the method.
    if (line?.includes(' 200 '))
      responses.push([line, ...shown, '', rest.slice(end + 4, bodyEnd)].join('\n'));
    else responses.push('refused');
    rest = rest.slice(bodyEnd);
  }
  return responses;
}

/** Intended differences between the engines. */
const differences: readonly (readonly [reason: string, sign: RegExp])[] = [
  ['node:http closes a connection after an Expect header without sending 100 Continue', /\r\nexpect:/i],
  ['node:http treats the non-standard Proxy-Connection field like Connection', /\r\nproxy-connection:/i],
  ['node:http accepts LF for CRLF, and CR and spaces, where RFC 9112 does not', /(?<!\r)\n|\r(?!\n)|^ | {2}/],
  ['the same after a body that ends between CR and LF', /content-length: 0?2[\s\S]*\r\n\r\n0\r\n/i],
  ['node:http skips any number of empty lines before a request', /(?:\r\n){3}/],
  ['node:http encodes a raw query only in the first request of a connection', /\?\S*[\x80-\xff]/],
  ['node:http rejects CONNECT without checking the header fields', /CONNECT /],
  ['node:http accepts RTSP as HTTP if only the version differs', / RTSP\//],
];

test('both engines give the same responses', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(connectionText, async (text) => {
      const [byNode, byWire, byAuto] = await Promise.all(all.map(({ port }) => said(port, text)));
      assert.deepEqual(byAuto, byWire);
      if (differences.some(([, sign]) => sign.test(text))) return;
      compared += 1;
      assert.deepEqual(byWire, byNode);
    }),
    { numRuns: 1500 },
  );
  assert.ok(compared > 500, `only ${compared} were compared`);
});

test('a request in pieces gets the same response as a whole one', async () => {
  const positions = fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(connectionText, positions, async (text, places) => {
      const cuts = places.filter((cut) => cut < text.length).sort((a, b) => a - b);
      for (const { port } of [wire, auto])
        assert.deepEqual(await said(port, text, cuts), await said(port, text));
    }),
    { numRuns: 300 },
  );
});

const get = 'GET /g HTTP/1.1\r\nHost: a\r\n\r\n';
const head = 'HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n';
const postHead = 'POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';
const post = `${postHead}hello`;
const chunkedHead = 'PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunkedBody = '5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n';
const chunked = chunkedHead + chunkedBody;
const upgrade =
  'POST /u HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\nhello';

/** The responses of all engines, which must be the same. */
async function agreed(text: string, cuts: readonly number[] = []): Promise<string[]> {
  const [byNode = [], ...others] = await Promise.all(all.map(({ port }) => said(port, text, cuts)));
  for (const responses of others) assert.deepEqual(responses, byNode, JSON.stringify([text, cuts]));
  return byNode;
}

/** Runs `check` for all positions, a few at a time. */
async function atEach(count: number, check: (position: number) => Promise<unknown>): Promise<void> {
  const STEP = 16;
  for (let from = 0; from < count; from += STEP) {
    const positions = Array.from({ length: Math.min(STEP, count - from) }, (_, i) => from + i);
    await Promise.all(positions.map(check));
  }
}

const kinds = { get, head, post, chunked, upgrade };

test('requests of all kinds in every order', async () => {
  for (const first of [get, post, chunked]) {
    for (const second of [get, head, post, chunked]) {
      for (const third of [get, post, chunked])
        assert.equal((await agreed(first + second + third)).length, 3);
    }
  }
});

test('pipelined requests in every grouping of heads and bodies', async () => {
  const pieces = [get, postHead, 'hello', head, chunkedHead, chunkedBody, get];
  const text = pieces.join('');
  const ends = pieces.slice(0, -1).map((_, i) => pieces.slice(0, i + 1).join('').length);
  const whole = await agreed(text);
  assert.equal(whole.length, 5);
  await atEach(2 ** ends.length, async (grouping) => {
    const cuts = ends.filter((_, i) => (grouping >> i) & 1);
    assert.deepEqual(await agreed(text, cuts), whole);
  });
});

test('two pieces, cut at every byte', async () => {
  const text = get + chunked + post + get;
  const whole = await agreed(text);
  assert.equal(whole.length, 4);
  await atEach(text.length, async (cut) => assert.deepEqual(await agreed(text, [cut]), whole));
});

test('requests that arrive byte by byte', async () => {
  const text = get + chunked + post + head + get;
  const cuts = Array.from({ length: text.length - 1 }, (_, i) => i + 1);
  assert.equal((await agreed(text, cuts)).length, 5);
});

test('a client that closes its half after any byte gets what it is owed, and 400 for half a request', async () => {
  const requests = [get, chunked, post, get];
  const text = requests.join('');
  const ends = requests.map((_, i) => requests.slice(0, i + 1).join('').length);
  await atEach(text.length + 1, async (length) => {
    const complete = ends.filter((end) => end <= length).length;
    const isWhole = length === 0 || ends.includes(length);
    const responses = await agreed(text.slice(0, length));
    const expected = [...Array(complete).fill('200'), ...(isWhole ? [] : ['refused'])];
    const statuses = responses.map((response) =>
      response === 'refused' ? response : response.split(' ')[1],
    );
    assert.deepEqual(statuses, expected, JSON.stringify(text.slice(0, length)));
  });
});

for (const [name, { port }] of Object.entries({ node, wire, auto })) {
  test(`a client that disconnects after any byte leaves nothing behind: ${name}`, async () => {
    const text = get + chunked + get + post + upgrade;
    for (let length = 0; length < text.length; length++) {
      for (const leave of ['resetAndDestroy', 'destroy'] as const) {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true });
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        if (length > 0) await new Promise<unknown>((resolve) => socket.write(text.slice(0, length), resolve));
        socket[leave]();
      }
    }
    for (let turn = 0; turn < 200 && counts.connections > 0; turn++) await delay(20);
    assert.deepEqual(counts, { connections: 0, requests: 0 });
  });
}

describe('what auto hands over', () => {
  /** The number of requests that node:http parses meanwhile. */
  async function parsedByNode(work: () => Promise<unknown>): Promise<number> {
    let count = 0;
    const onStart = () => {
      count += 1;
    };
    subscribe('http.server.request.start', onStart);
    await work();
    unsubscribe('http.server.request.start', onStart);
    return count;
  }

  const expectation = postHead.replace('Content-Length', 'Expect: 100-continue\r\nContent-Length');
  const own: Readonly<Record<string, string>> = {
    ...kinds,
    'GET with a body': post.replace('POST', 'GET'),
    'a chunked body in GET': chunked.replace('PUT', 'GET'),
    'OPTIONS *': get.replace('GET /g', 'OPTIONS *'),
    'a method without meaning here': get.replace('GET', 'PROPFIND'),
    authentication: get.replace('\r\n\r\n', '\r\nAuthorization: Basic YTpi\r\n\r\n'),
    'Expect with a body': `${expectation}hello`,
    'Expect without a body': get.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'),
    'another expectation': get.replace('\r\n\r\n', '\r\nExpect: tea\r\n\r\n'),
    'HTTP/1.0': get.replace('1.1', '1.0'),
    'an absolute target': get.replace('/g', 'http://a/g'),
    'UTF-8 in a query': get.replace('/g', '/g?\xc3\xa9'),
    'two Hosts': get.replace('\r\n\r\n', '\r\nHost: a\r\n\r\n'),
    'both framings': post.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n'),
    garbage: 'nonsense\r\n\r\n',
    'CONNECT with a fault': 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
    'Upgrade with a fault': upgrade.replace('Host: a', 'Host: a\r\nHost: a'),
  };
  for (const [name, text] of Object.entries(own)) {
    if (name === 'upgrade') continue;
    test(`not ${name}`, async () => {
      assert.equal(await parsedByNode(() => said(auto.port, text)), 0);
    });
  }

  test('Upgrade, after responses of its own', async () => {
    let responses: string[] = [];
    const count = await parsedByNode(async () => {
      responses = await said(auto.port, get + post + upgrade + get);
    });
    assert.equal(count, 1);
    // node:http cannot go on after it has declined an upgrade.
    const closes = responses.map((response) => /^connection: close$/im.test(response));
    assert.deepEqual(closes, [false, false, true]);
    assert.match(responses[2] ?? '', /"content": "hello"/);
  });

  test('CONNECT, after responses of its own', async () => {
    const responses = await said(auto.port, `${get}CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n${get}`);
    assert.deepEqual([responses.length, responses[1]], [2, 'refused']);
  });

  test('an upgrade in pieces, cut at every byte', async () => {
    const text = get + upgrade;
    const whole = await said(auto.port, text);
    assert.equal(whole.length, 2);
    await atEach(text.length, async (cut) => assert.deepEqual(await said(auto.port, text, [cut]), whole));
    const cuts = Array.from({ length: text.length - 1 }, (_, i) => i + 1);
    assert.deepEqual(await said(auto.port, text, cuts), whole);
  });
});
