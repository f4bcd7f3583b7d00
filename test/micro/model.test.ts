/** mote-micro, profile `site`: pipelines of random requests, in random pieces, against a model of the responses. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { cannotRunMicro, freePort, type Micro, siteProgram, startMicro } from '../support/micro.ts';
import { type Client, connect, type Response } from '../support/raw.ts';

const TIME_LIMIT_MS = 4000;
const html = (title: string) => `<!doctype html><title>${title}</title>${`<p>${title}\n`.repeat(30)}`;
/** Does not pack. */
const noise = (bytes: number) => createHash('shake256', { outputLength: bytes }).digest();
/** 255 bytes, the longest name that Linux has; as a path 765. */
const LONGEST = '語'.repeat(85);
/** Path of a file, its content, its type, and its targets. */
const files: readonly (readonly [
  path: string,
  content: string | Buffer,
  type: string,
  targets: readonly string[],
])[] = [
  ['index.html', html('home'), 'text/html;charset=utf-8', ['/', '/index.html']],
  ['a.txt', 'a', 'text/plain;charset=utf-8', ['/a.txt']],
  ['A.txt', 'A', 'text/plain;charset=utf-8', ['/A.txt']],
  ['a.txt.d/index.html', html('d'), 'text/html;charset=utf-8', ['/a.txt.d/', '/a.txt.d/index.html']],
  ['a.txt.d/index.html.d/index.html', '', 'text/html;charset=utf-8', ['/a.txt.d/index.html.d/']],
  ['100% of it?.css', html('p'), 'text/css;charset=utf-8', ['/100%25%20of%20it%3F.css']],
  ['%61.txt', 'not a', 'text/plain;charset=utf-8', ['/%2561.txt']],
  ['(it\'s) [1]*"2".js', html('q'), 'text/javascript;charset=utf-8', ["/(it's)%20[1]*%222%22.js"]],
  ['a\\b\tc\r\nd', 'e', 'application/octet-stream', ['/a%5Cb%09c%0D%0Ad']],
  ['é/e\u0301.send', 'two spellings', 'application/octet-stream', ['/%C3%A9/e%CC%81.send']],
  [`${LONGEST}/index.html`, html('long'), 'text/html;charset=utf-8', [`${encodeURI(`/${LONGEST}`)}/`]],
  ['packed.html.gz', noise(500), 'application/gzip', ['/packed.html.gz']],
  ['docs/404.html', html('no page for it'), 'text/html;charset=utf-8', ['/docs/404.html']],
  ['large.bin', noise(300_000), 'application/octet-stream', ['/large.bin']],
];
const redirects = ['/a.txt.d', '/a.txt.d/index.html.d', encodeURI(`/${LONGEST}`)];
const MISSING = html('not here');
const contentOf = new Map(
  files.flatMap(([, content, type, targets]) => {
    const file = { content: Buffer.from(content), type, tag: tagOf(content) };
    return targets.map((target) => [target, file] as const);
  }),
);
const tags = [...new Set([...contentOf.values()].map(({ tag }) => tag))];

function tagOf(content: string | Buffer): string {
  return `"${createHash('sha256').update(content).digest('hex').slice(0, 8)}"`;
}

/** In which the fields and their values are as they go over the wire. */
interface Request {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const otherTargets = [
  '/x',
  '//',
  '/A.TXT',
  '/a.txt/',
  '/é',
  '/404.html',
  '/.',
  '*',
  'http://a/',
  '/index.htm',
];
const anyTarget = fc
  .tuple(
    fc.constantFrom(...contentOf.keys(), ...redirects, ...otherTargets),
    fc.constantFrom('', '', '', '?', '?/a.txt', '?*"(gzip,close'),
  )
  .map(([path, query]) => path + query);
const listOf = (...members: readonly string[]) =>
  fc
    .tuple(fc.array(fc.constantFrom(...members), { maxLength: 5 }), fc.constantFrom(', ', ',', ' , '))
    .map(([chosen, comma]) => chosen.join(comma));
const anyField = fc.oneof(
  fc.tuple(
    fc.constantFrom('Accept-Encoding', 'accept-encoding'),
    listOf('gzip', 'GZip', 'gzip', 'br', '*', 'gzip;q=0', 'identity;q=0', 'x-gzip', 'gzip-', '*;q=0', 'gzi'),
  ),
  fc.tuple(
    fc.constantFrom('If-None-Match', 'IF-NONE-MATCH'),
    listOf(
      ...tags,
      ...tags.map((tag) => `W/${tag}`),
      '"',
      '""',
      '"*"',
      '"00000000"',
      'W/',
      tags[0]?.slice(1, -1) ?? '',
    ),
  ),
  fc.constant(['If-None-Match', '*'] as const),
  fc.tuple(
    fc.constantFrom('-*', '-*-', 'X', 'Referer', 'gzip', 'Accept', 'Close'),
    fc.oneof(listOf('gzip', '*', ...tags, 'GET / HTTP/1.1', '-*', '-'), fc.stringMatching(/^[!-~]{0,300}$/)),
  ),
);
const anyRequest: fc.Arbitrary<Request> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'HEAD', 'POST', 'OPTIONS', 'GETS', 'G', 'HEA'),
  target: anyTarget,
  fields: fc.array(anyField, { maxLength: 4 }),
});

function textOf({ method, target, fields }: Request): string {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`;
}

/** The values of all fields of this name. */
function valuesOf({ fields }: Request, wanted: string): readonly string[] {
  return fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}

function checkResponse(request: Request, response: Response): void {
  const { method, target } = request;
  const [path = ''] = target.split('?');
  const heads = method === 'HEAD';
  const length = response.header('content-length');
  if (!['GET', 'HEAD'].includes(method)) {
    return assert.deepEqual([response.status, response.header('allow'), length], [405, 'GET,HEAD', '0']);
  }
  if (redirects.includes(path)) {
    return assert.deepEqual([response.status, response.header('location'), length], [301, `${path}/`, '0']);
  }
  const conditions = valuesOf(request, 'if-none-match');
  const matches = (tag: string) => conditions.some((value) => value === '*' || value.includes(tag));
  // Only what stands behind a space, or first, and has no weight: a client that says it otherwise gets it unpacked.
  const takesGzip = valuesOf(request, 'accept-encoding').some((value) => /(^| )gzip(,|$)/i.test(value));
  const file = contentOf.get(path);
  if (!file && conditions.includes('*')) return assert.deepEqual([response.status, length], [404, '0']);
  const { content, type, tag } = file ?? {
    content: Buffer.from(MISSING),
    type: 'text/html;charset=utf-8',
    tag: undefined,
  };
  const packs = content.includes('<p>');
  assert.equal(response.header('vary'), packs ? 'Accept-Encoding' : undefined);
  assert.equal(response.header('etag'), tag && `W/${tag}`);
  if (tag && matches(tag))
    return assert.deepEqual([response.status, length, response.body.length], [304, undefined, 0]);
  assert.deepEqual([response.status, response.header('content-type')], [tag ? 200 : 404, type]);
  const gzip = takesGzip && packs;
  assert.equal(response.header('content-encoding'), gzip ? 'gzip' : undefined);
  if (!gzip) assert.equal(length, String(content.length));
  if (heads) return;
  assert.ok((gzip ? gunzipSync(response.body) : response.body).equals(content), 'the content');
}

/** Sends bytes in pieces that end at these parts of the whole. */
async function send(client: Client, text: string, cuts: readonly number[]): Promise<void> {
  const ends = [...cuts.map((cut) => Math.floor(cut * text.length)).toSorted((a, b) => a - b), text.length];
  let start = 0;
  for (const end of ends) {
    if (end > start) client.write(text.slice(start, end));
    start = end;
    await setImmediate();
  }
}

describe('a site of odd names', { skip: cannotRunMicro }, () => {
  const ends: (() => void)[] = [];
  let server: Micro;
  before(async () => {
    const tree = Object.fromEntries(files.map(([path, content]) => [path, content]));
    const owner = { after: (end: () => void) => ends.push(end) };
    const made = siteProgram({ ...tree, '404.html': MISSING });
    server = await startMicro(owner as never, made, { port: await freePort() });
  });
  after(() => {
    for (const end of ends) end();
  });

  test('responds to every request as the model does', async () => {
    const idle = server.descriptors();
    const requests = fc.array(anyRequest, { minLength: 1, maxLength: 12 });
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(requests, cuts, fc.boolean(), async (all, places, resets) => {
        const client = await connect(server);
        try {
          await send(client, all.map(textOf).join(''), places);
          // Some clients leave amid their responses.
          for (const one of resets ? all.slice(0, all.length / 2) : all) {
            checkResponse(one, await client.response(one.method));
          }
          if (!resets) assert.equal(client.waiting, 0);
        } finally {
          client.socket.resetAndDestroy();
        }
      }),
      { numRuns: 2000, interruptAfterTimeLimit: TIME_LIMIT_MS },
    );
    const last = await connect(server);
    assert.equal((await last.get('/a.txt')).text, 'a');
    last.destroy();
    assert.ok(server.descriptors() <= idle + 2, 'no descriptor is left open');
  });
});

// A text of the list has 255 bytes at most, as many as the redirect to the second one.
for (const length of [22, 23, 24, 85]) {
  test(`the redirect to a folder with a name of ${length} characters`, {
    skip: cannotRunMicro,
  }, async (t) => {
    const folder = encodeURI(`/${'語'.repeat(length)}`);
    const made = siteProgram({ [`${'語'.repeat(length)}/index.html`]: html('long'), 'z.txt': 'z' });
    const client = await connect(await startMicro(t, made, { port: await freePort() }));
    for (const method of ['GET', 'HEAD']) {
      client.write(textOf({ method, target: folder, fields: [] }));
      const moved = await client.response(method);
      assert.deepEqual([moved.status, moved.header('location')], [301, `${folder}/`]);
    }
    assert.equal((await client.get('/z.txt')).text, 'z');
    assert.equal((await client.get(`${folder}/`)).text, html('long'));
    client.destroy();
  });
}
