/** HTTP/2: the responses are those of HTTP/1.1, and streams end as connections do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { describe, type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { makeFolder, pattern } from '../support/folder.ts';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  FrameClient,
  fieldBlock,
  frame,
  GOAWAY,
  get,
  HEADERS,
  number32,
  RST_STREAM,
  requestFields,
  setting,
  statusIn,
} from '../support/http2-frames.ts';
import { secure } from '../support/https.ts';
import { Client, eventually, type Response, requestText } from '../support/raw.ts';
import { type Server, severalWorkers, startForFile, startForTest, without } from '../support/target.ts';

const skip = without('tls');
/** More than the windows of both ends hold. */
const BIG = pattern(8 * 1024 * 1024);
const PATIENCE_MS = 15_000;
const root = makeFolder({
  'index.html': '<p>index',
  'text.txt': 'some text',
  'medium.bin': pattern(300_000, 7),
  'big.bin': BIG,
  'folder/index.html': 'folder',
});
const server = skip ? ({} as Server) : await startForFile({ root, args: [...secure, '--cors', '*'] });

type Fields = Readonly<Record<string, string | string[] | undefined>>;

interface Answer {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Buffer;
}

function session(t: TestContext, { port }: { readonly port: number } = server): ClientHttp2Session {
  const opened = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  opened.on('error', () => undefined);
  t.after(() => opened.destroy());
  return opened;
}

async function answerTo(stream: ClientHttp2Stream): Promise<Answer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [[fields]] = await Promise.all([once(stream, 'response'), once(stream, 'end')]);
  return { status: fields[':status'], fields, body: Buffer.concat(chunks) };
}

function ask(client: ClientHttp2Session, path: string, fields: Fields = {}, body?: string): Promise<Answer> {
  const stream = client.request({ ':path': path, ...fields }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerTo(stream);
}

async function askHttp1(path: string, { ':method': method = 'GET', ...fields }: Fields): Promise<Response> {
  const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const client = new Client(socket);
  const lines = { Connection: 'close', ...(fields as Record<string, string>) };
  const answer = await client.write(requestText(String(method), path, lines)).response(String(method));
  client.destroy();
  return answer;
}

/** What the protocol itself adds. */
const ofProtocol = new Set(['connection', 'keep-alive', 'date', ':status']);

describe('responses are those of HTTP/1.1', { skip }, () => {
  const cases: Readonly<Record<string, readonly [path: string, fields?: Fields]>> = {
    'a file': ['/text.txt'],
    'HEAD of a file': ['/big.bin', { ':method': 'HEAD' }],
    'a large file': ['/big.bin'],
    'a file that is kept and larger than a window': ['/medium.bin'],
    'a range': ['/big.bin', { range: 'bytes=1000000-3000000' }],
    'several ranges': ['/text.txt', { range: 'bytes=0-1,4-5' }],
    'a range beyond the end': ['/text.txt', { range: 'bytes=100-' }],
    'a condition that holds': ['/text.txt', { 'if-none-match': '*' }],
    'a condition that fails': ['/text.txt', { 'if-match': '"other"' }],
    'a folder without its slash': ['/folder'],
    'what is not there': ['/missing'],
    'a page for that': ['/missing', { accept: 'text/html' }],
    POST: ['/text.txt', { ':method': 'POST', 'content-length': '0' }],
    'OPTIONS of the server': ['*', { ':method': 'OPTIONS' }],
    'a preflight': [
      '/text.txt',
      { ':method': 'OPTIONS', origin: 'https://a.example', 'access-control-request-method': 'GET' },
    ],
  };
  for (const [name, [path, fields = {}]] of Object.entries(cases)) {
    test(name, async (t) => {
      const [http1, answer] = [await askHttp1(path, fields), await ask(session(t), path, fields)];
      assert.equal(answer.status, http1.status);
      const boundary = /boundary=(\S+)/;
      const shown = (list: Iterable<readonly [string, string]>) =>
        [...list]
          .filter(([field]) => !ofProtocol.has(field))
          .map(([field, value]) => `${field}: ${value.replace(boundary, 'boundary')}`)
          .sort();
      const fieldsOf2 = Object.entries(answer.fields).map(([key, value]) => [key, String(value)] as const);
      assert.deepEqual(shown(fieldsOf2), shown(http1.fields));
      if (path === '/text.txt' && fields.range === 'bytes=0-1,4-5')
        assert.equal(answer.body.length, http1.body.length);
      else assert.ok(answer.body.equals(http1.body), 'another body');
      assert.ok(answer.fields.date);
    });
  }
});

test('a hundred streams at once', { skip }, async (t) => {
  const client = session(t);
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(client, `/medium.bin?${i}`)));
  for (const { body } of answers) assert.ok(body.equals(pattern(300_000, 7)));
  const big = await Promise.all(Array.from({ length: 8 }, () => ask(client, '/big.bin')));
  for (const { body } of big) assert.ok(body.equals(BIG));
});

test('the log says HTTP/2.0', { skip }, async (t) => {
  await ask(session(t), '/text.txt?logged');
  assert.match(await server.stdout.find(/\?logged/), /"GET \/text\.txt\?logged HTTP\/2\.0" 200 9 /);
});

test('a download that is cancelled closes its file, and the connection goes on', { skip }, async (t) => {
  const client = session(t);
  const stream = client.request({ ':path': '/big.bin?cancelled' });
  await once(stream, 'response');
  assert.ok(server.descriptors(root).files.length >= 1);
  stream.close(http2.constants.NGHTTP2_CANCEL);
  await eventually(
    PATIENCE_MS,
    () => server.descriptors(root).files,
    (files) => files.length === 0,
  );
  assert.equal((await ask(client, '/text.txt')).status, 200);
});

test('a connection that is lost closes the files of all its streams', { skip }, async (t) => {
  const client = session(t);
  const streams = [1, 2, 3].map(() => client.request({ ':path': '/big.bin?lost' }));
  await Promise.all(streams.map((stream) => once(stream, 'response')));
  assert.ok(server.descriptors(root).files.length >= 3);
  client.destroy();
  await eventually(
    PATIENCE_MS,
    () => server.descriptors(root).files,
    (files) => files.length === 0,
  );
});

test('a client that says goodbye still gets what it has asked for', { skip }, async () => {
  const client = await FrameClient.open(server.port);
  client.write(get(1, '/text.txt'), frame(GOAWAY, 0, 0, Buffer.concat([number32(0), number32(0)])));
  // The server says goodbye as well, and goes on.
  assert.ok(await client.next(({ type }) => type === HEADERS));
  assert.equal(String((await client.next(({ type }) => type === DATA))?.payload), 'some text');
  assert.equal(await client.next(() => false), undefined);
});

describe('what takes too long', { skip }, () => {
  const args = [...secure].concat(
    ['--send-timeout-ms', '1000', '--idle-timeout-ms', '500', '--request-timeout-ms', '700'],
    ['--header-timeout-ms', '800'],
  );

  test('a window that stays closed: the connection ends, and its files are closed', async (t) => {
    const slow = await startForTest(t, { root, args });
    const client = await FrameClient.open(slow.port, setting(4, 0));
    client.write(get(1, '/big.bin'), get(3, '/text.txt'));
    assert.equal(await client.outcome(3), '200');
    // What is not taken is not made up for by what is said.
    const talking = setInterval(() => client.write(frame(6, 0, 0, '12345678')), 100);
    assert.equal(await client.next(() => false), undefined);
    clearInterval(talking);
    await slow.logged(/response cut short: the client took nothing for 1000 ms.*big\.bin/);
    assert.deepEqual(slow.descriptors(root).files, []);
  });

  test('one stream that stalls beside others that proceed is reset', async (t) => {
    const slow = await startForTest(t, { root, args });
    const client = session(t, slow);
    const stalled = client.request({ ':path': '/big.bin?stalled' });
    await once(stalled, 'response');
    stalled.on('error', () => undefined);
    const other = setInterval(() => void ask(client, '/text.txt').catch(() => undefined), 100);
    t.after(() => clearInterval(other));
    await once(stalled, 'close');
    assert.equal(stalled.rstCode, http2.constants.NGHTTP2_CANCEL);
    assert.equal((await ask(client, '/text.txt')).status, 200);
  });

  test('a body that does not come: 408', async (t) => {
    const slow = await startForTest(t, { root, args });
    const stream = session(t, slow).request({ ':path': '/', ':method': 'POST' }, { endStream: false });
    stream.write('a');
    assert.equal((await answerTo(stream)).status, 408);
  });

  test('nothing to do, or nothing said at all: goodbye', async (t) => {
    const slow = await startForTest(t, { root, args });
    const idle = await FrameClient.open(slow.port);
    assert.equal(await idle.write(get(1, '/')).outcome(1), '200');
    assert.equal(await idle.goaway(), 0);
    assert.equal(await idle.next(() => false), undefined);
    const mute = await FrameClient.open(slow.port);
    assert.equal(await mute.goaway(), 0);
    assert.equal(await mute.next(() => false), undefined);
  });
});

test('after so many requests the client is sent to another connection', { skip }, async (t) => {
  const few = await startForTest(t, { root, args: [...secure, '--max-requests-per-connection', '3'] });
  const client = session(t, few);
  const goaway = once(client, 'goaway');
  for (let i = 0; i < 3; i++) assert.equal((await ask(client, '/text.txt')).status, 200);
  assert.equal((await goaway)[0], 0);
});

test('a client that waits for 100 Continue gets it', { skip }, async (t) => {
  const fields = { ':path': '/', ':method': 'POST', expect: '100-continue' };
  const stream = session(t).request(fields, { endStream: false });
  await once(stream, 'continue');
  stream.end('body');
  assert.equal((await answerTo(stream)).status, 405);
});

test('one connection does not take what is for all', { skip: skip || severalWorkers }, async (t) => {
  const few = await startForTest(t, { root, args: [...secure, '--max-connections', '10'] });
  // They take nothing of 100 responses, which is half of what all may have.
  const greedy = await FrameClient.open(few.port, setting(4, 0));
  greedy.write(...Array.from({ length: 100 }, (_, index) => get(2 * index + 1, '/big.bin')));
  assert.equal(await greedy.outcome(199), '200');
  const second = await FrameClient.open(few.port, setting(4, 0));
  second.write(...Array.from({ length: 9 }, (_, index) => get(2 * index + 1, '/big.bin')));
  // Whoever opens no window holds no refusal in memory: it has no content.
  const refusal = await second.next(({ type, stream }) => type === HEADERS && stream === 17);
  assert.ok(refusal);
  assert.equal(statusIn(refusal.payload), 503);
  assert.equal(refusal.flags & END_STREAM, END_STREAM);
  assert.equal((await ask(session(t, few), '/text.txt')).status, 200);
  for (const client of [greedy, second]) client.destroy();
  await eventually(
    PATIENCE_MS,
    () => few.descriptors(root).files,
    (files) => files.length === 0,
  );
});

describe('a stop', { skip }, () => {
  test('says goodbye to idle connections at once, and lets streams end', async (t) => {
    const stopping = await startForTest(t, { root, args: [...secure] });
    const [idle, busy] = [session(t, stopping), session(t, stopping)];
    await ask(idle, '/text.txt');
    const stream = busy.request({ ':path': '/big.bin' });
    await once(stream, 'response');
    const goodbyes = [once(idle, 'goaway'), once(busy, 'goaway'), once(idle, 'close')];
    stopping.signal('SIGTERM');
    await Promise.all(goodbyes);
    assert.ok((await restOf(stream)).equals(BIG));
    assert.equal((await stopping.exited).code, 0);
  });

  test('cuts what has not ended within the grace time', async (t) => {
    const stopping = await startForTest(t, { root, args: [...secure, '--shutdown-grace-ms', '300'] });
    const stream = session(t, stopping).request({ ':path': '/big.bin' });
    stream.on('error', () => undefined);
    await once(stream, 'response');
    stopping.signal('SIGTERM');
    await stopping.logged(/connections were cut connections=1/);
    assert.equal((await stopping.exited).code, 0);
  });
});

function restOf(stream: ClientHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return once(stream, 'end').then(() => Buffer.concat(chunks));
}

test('a message by HTTP/2: whole bodies only, trailers are ignored', { skip }, async (t) => {
  const token = 'a-token-that-is-long-enough';
  const env = {
    MOTE_NOTIFY_TOKEN: token,
    WEBHOOK_URL: 'http://127.0.0.1:9/',
    WEBHOOK_ALLOW_ADDRESSES: '127.0.0.1',
  };
  const notify = await startForTest(t, { root, args: [...secure, '--notify-wait', '0'], env });
  const fields = { ':method': 'POST', authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
  const client = session(t, notify);
  const stream = client.request({ ':path': '/notify', ...fields }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-check': '1' }));
  stream.end('whole');
  assert.equal((await answerTo(stream)).status, 202);

  // A reset without an error ends the stream for Node, but it does not end the message.
  const cut = await FrameClient.open(notify.port);
  const list = requestFields('/notify?cut', 'POST', [['authorization', `Bearer ${token}`]]);
  const head = frame(HEADERS, END_HEADERS, 1, fieldBlock(list));
  cut.write(head, frame(DATA, 0, 1, 'half'), frame(RST_STREAM, 0, 1, number32(0)), get(3, '/text.txt'));
  assert.equal(await cut.outcome(3), '200');
  cut.destroy();
  assert.match(await notify.stdout.find(/notify\?cut/), /HTTP\/2\.0" 000 /);
});
