/** Content coding: precompressed siblings and compression on the fly (RFC 9110 §12.5.3). */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { addTo, makeFolder } from '../support/folder.ts';
import { eventually, type Response, request } from '../support/raw.ts';
import { startForFile, without } from '../support/target.ts';

const MARKER = 'MARKER-outside-the-root';
const outside = makeFolder({ 'secret.gz': MARKER });
const TEXT = 'All work and no play makes Jack a dull boy.\n'.repeat(2000);
const root = makeFolder({
  'app.js': 'plain script',
  // The server never looks inside, so that each variant can say what it is.
  'app.js.br': 'brotli variant',
  'app.js.zst': 'zstd variant',
  'app.js.gz': 'gzip variant',
  'index.html': 'plain index',
  'index.html.gz': 'gzip index',
  'one.css': 'plain css',
  'one.css.gz': 'gzip css',
  'none.txt': 'no variants here',
  'orphan.txt.gz': 'a variant without its original',
  'leak.txt': 'plain leak',
  'leak.txt.gz': { link: join(outside, 'secret.gz') },
  'big.txt': TEXT,
  'photo.png': Buffer.alloc(50_000),
  'tiny.txt': 'x',
});
mkdirSync(join(root, 'none.txt.gz'));

const server = await startForFile({ root });
const skip = without('compression');
const compressing = skip ? server : await startForFile({ root, args: ['--compression'] });

function get(path: string, acceptEncoding?: string, headers: Readonly<Record<string, string>> = {}) {
  const accept = acceptEncoding === undefined ? {} : { 'Accept-Encoding': acceptEncoding };
  return request(server, path, { headers: { ...accept, ...headers } });
}

const negotiated: readonly (readonly [
  accept: string | undefined,
  coding: string | undefined,
  body: string,
])[] = [
  [undefined, undefined, 'plain script'],
  ['', undefined, 'plain script'],
  ['identity', undefined, 'plain script'],
  ['gzip', 'gzip', 'gzip variant'],
  ['br', 'br', 'brotli variant'],
  ['zstd', 'zstd', 'zstd variant'],
  ['gzip, deflate, br, zstd', 'br', 'brotli variant'],
  ['gzip, zstd', 'zstd', 'zstd variant'],
  ['gzip;q=1.0, br;q=0.5', 'gzip', 'gzip variant'],
  ['br;q=0.001, gzip;q=0.002', 'gzip', 'gzip variant'],
  ['br;q=0, gzip', 'gzip', 'gzip variant'],
  ['gzip;q=0', undefined, 'plain script'],
  ['gzip;q=0.000', undefined, 'plain script'],
  ['GZIP', 'gzip', 'gzip variant'],
  ['x-gzip', 'gzip', 'gzip variant'],
  ['gzip ; q=0.5', 'gzip', 'gzip variant'],
  ['*', 'br', 'brotli variant'],
  ['br;q=0, zstd;q=0, *', 'gzip', 'gzip variant'],
  ['*;q=0', undefined, 'plain script'],
  ['deflate, compress', undefined, 'plain script'],
  ['gzipx', undefined, 'plain script'],
  ['identity;q=0.5, gzip;q=0.1', undefined, 'plain script'],
];

for (const [accept, coding, body] of negotiated) {
  test(`Accept-Encoding ${JSON.stringify(accept)} → ${coding ?? 'identity'}`, async () => {
    const response = await get('/app.js', accept);
    assert.equal(response.status, 200);
    assert.equal(response.header('content-encoding'), coding);
    assert.equal(response.text, body);
    assert.equal(response.header('content-type'), 'text/javascript; charset=utf-8');
    assert.equal(response.header('vary'), 'Accept-Encoding');
  });
}

test('each variant has its own strong ETag', async () => {
  const responses = await Promise.all(
    ['identity', 'br', 'zstd', 'gzip'].map((coding) => get('/app.js', coding)),
  );
  const tags = responses.map((response) => response.header('etag') ?? '');
  for (const tag of tags) assert.match(tag, /^"[^"]+"$/);
  assert.equal(new Set(tags).size, 4);
});

test('a conditional request compares with the variant that would be sent', async () => {
  const etag = (await get('/app.js', 'gzip')).header('etag') ?? '';
  const same = await get('/app.js', 'gzip', { 'If-None-Match': etag });
  assert.equal(same.status, 304);
  assert.equal(same.header('vary'), 'Accept-Encoding');
  assert.equal(same.header('etag'), etag);
  const plain = await get('/app.js', 'identity', { 'If-None-Match': etag });
  assert.deepEqual([plain.status, plain.text], [200, 'plain script']);
});

test('a range is one of the coded bytes', async () => {
  const response = await get('/app.js', 'gzip', { Range: 'bytes=0-3' });
  assert.equal(response.status, 206);
  assert.equal(response.header('content-encoding'), 'gzip');
  assert.equal(response.header('content-range'), `bytes 0-3/${'gzip variant'.length}`);
  assert.equal(response.header('vary'), 'Accept-Encoding');
  assert.equal(response.text, 'gzip');
});

test('If-Range with the tag of another variant sends everything', async () => {
  const etag = (await get('/app.js', 'identity')).header('etag') ?? '';
  const response = await get('/app.js', 'gzip', { Range: 'bytes=0-3', 'If-Range': etag });
  assert.deepEqual([response.status, response.text], [200, 'gzip variant']);
});

test('a file with one sibling varies also where the sibling is not wanted', async () => {
  for (const [accept, body] of [
    ['gzip', 'gzip css'],
    ['br', 'plain css'],
    [undefined, 'plain css'],
  ] as const) {
    const response = await get('/one.css', accept);
    assert.deepEqual([response.header('vary'), response.text], ['Accept-Encoding', body]);
  }
});

test('a file without siblings is not coded and does not vary', async () => {
  const response = await get('/none.txt', 'gzip, br');
  assert.equal(response.header('vary'), undefined);
  assert.equal(response.header('content-encoding'), undefined);
  assert.equal(response.text, 'no variants here');
});

test('the index has its siblings too', async () => {
  const response = await get('/', 'gzip');
  assert.deepEqual([response.header('content-encoding'), response.text], ['gzip', 'gzip index']);
  assert.equal(response.header('content-type'), 'text/html; charset=utf-8');
});

test('a sibling asked for by name is what it is, in its coding', async () => {
  for (const accept of ['gzip', 'br', undefined]) {
    const response = await get('/app.js.gz', accept);
    assert.equal(response.header('content-encoding'), 'gzip');
    assert.equal(response.header('content-type'), 'text/javascript; charset=utf-8');
    assert.equal(response.header('vary'), undefined, 'there is no other form under this name');
    assert.equal(response.text, 'gzip variant');
  }
  const tag = (await get('/app.js.gz')).header('etag') ?? '';
  assert.equal((await get('/app.js.gz', 'gzip', { 'If-None-Match': tag })).status, 304);
  const part = await get('/app.js.gz', 'gzip', { Range: 'bytes=0-3' });
  assert.deepEqual([part.status, part.header('content-encoding'), part.text], [206, 'gzip', 'gzip']);
});

test('a packed file that pages do not load is a download', async () => {
  for (const path of ['/index.html.gz', '/orphan.txt.gz']) {
    const response = await get(path, 'gzip');
    assert.equal(response.header('content-encoding'), undefined, path);
    assert.equal(response.header('content-type'), 'application/gzip', path);
  }
});

test('what is stored in a coding is neither compressed again nor replaced by a sibling', async () => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg">${'<g/>'.repeat(500)}</svg>`;
  const files = { 'a.svgz': svg, 'a.svgz.br': 'no', 'a.js.gz': TEXT, 'a.js.gz.br': 'no' };
  addTo(root, files);
  for (const [path, content] of [
    ['/a.svgz', svg],
    ['/a.js.gz', TEXT],
  ] as const) {
    const response = await request(compressing, path, { headers: { 'Accept-Encoding': 'br, gzip' } });
    assert.deepEqual([response.header('content-encoding'), response.text], ['gzip', content], path);
  }
});

test('a sibling alone does not make a resource', async () => {
  assert.equal((await get('/orphan.txt', 'gzip')).status, 404);
});

test('a sibling that leaves the root is not served', async () => {
  const response = await get('/leak.txt', 'gzip');
  assert.equal(response.header('content-encoding'), undefined);
  assert.equal(response.text, 'plain leak');
});

test('HEAD has the headers of the coded GET', async () => {
  const head = await request(server, '/app.js', { method: 'HEAD', headers: { 'Accept-Encoding': 'br' } });
  assert.equal(head.header('content-encoding'), 'br');
  assert.equal(head.header('content-length'), String('brotli variant'.length));
});

test('a sibling that comes and goes is noticed within a second', async () => {
  const coding = () => get('/tiny.txt', 'br').then((response) => response.header('content-encoding'));
  assert.equal(await coding(), undefined);
  addTo(root, { 'tiny.txt.br': 'brotli' });
  const came = await eventually(5000, coding, (value) => value === 'br');
  rmSync(join(root, 'tiny.txt.br'));
  const went = await eventually(5000, coding, (value) => value === undefined);
  assert.ok(
    came.afterMs < 1500 && went.afterMs < 1500,
    `came after ${came.afterMs}, went after ${went.afterMs} ms`,
  );
});

const decoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  gzip: gunzipSync,
};

function compressed(path: string, acceptEncoding: string, headers: Readonly<Record<string, string>> = {}) {
  return request(compressing, path, { headers: { 'Accept-Encoding': acceptEncoding, ...headers } });
}

function decoded(response: Response): string {
  const decode = decoders[response.header('content-encoding') ?? ''];
  return (decode ? decode(response.body) : response.body).toString('utf8');
}

test('without the option nothing is compressed on the fly', async () => {
  const response = await get('/big.txt', 'gzip, br');
  assert.equal(response.header('content-encoding'), undefined);
  assert.equal(response.header('content-length'), String(TEXT.length));
});

for (const accept of ['gzip', 'br', 'br;q=0.1, gzip', 'gzip, deflate, br, zstd']) {
  test(`compression on the fly for ${accept}`, { skip }, async () => {
    const response = await compressed('/big.txt', accept);
    assert.equal(response.status, 200);
    assert.ok(accept.includes(response.header('content-encoding') ?? 'none'));
    assert.ok(response.body.length < TEXT.length / 4);
    assert.equal(decoded(response), TEXT);
    assert.equal(response.header('vary'), 'Accept-Encoding');
    assert.equal(response.header('content-type'), 'text/plain; charset=utf-8');
    const plain = await compressed('/big.txt', 'identity');
    assert.notEqual(response.header('etag'), plain.header('etag'));
    assert.equal(plain.header('vary'), 'Accept-Encoding');
    assert.equal(plain.text, TEXT);
  });
}

test('what is compressed on the fly revalidates', { skip }, async () => {
  const etag = (await compressed('/big.txt', 'gzip')).header('etag') ?? '';
  const again = await compressed('/big.txt', 'gzip', { 'If-None-Match': etag });
  assert.deepEqual([again.status, again.header('vary')], [304, 'Accept-Encoding']);
});

test('a range of a compressed response is one of its coded bytes', { skip }, async () => {
  const whole = await compressed('/big.txt', 'gzip');
  const response = await compressed('/big.txt', 'gzip', { Range: 'bytes=44-87' });
  assert.equal(response.status, 206);
  assert.equal(response.header('content-encoding'), 'gzip');
  assert.equal(response.header('content-range'), `bytes 44-87/${whole.body.length}`);
  assert.equal(response.header('etag'), whole.header('etag'));
  assert.ok(response.body.equals(whole.body.subarray(44, 88)));
});

test('HEAD says of a compressed response what GET says', { skip }, async () => {
  const options = { headers: { 'Accept-Encoding': 'gzip' } };
  const get = await request(compressing, '/big.txt', options);
  const head = await request(compressing, '/big.txt', { method: 'HEAD', ...options });
  for (const name of ['content-encoding', 'etag', 'vary', 'content-type', 'content-length']) {
    assert.equal(head.header(name), get.header(name), name);
  }
});

for (const path of ['/photo.png', '/tiny.txt']) {
  test(`${path} is not worth compressing`, { skip }, async () => {
    assert.equal((await compressed(path, 'gzip, br')).header('content-encoding'), undefined);
  });
}

test('a precompressed sibling wins over compression on the fly', { skip }, async () => {
  assert.equal((await compressed('/one.css', 'gzip')).text, 'gzip css');
});
