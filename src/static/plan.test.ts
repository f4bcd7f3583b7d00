import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ByteSource, HeaderList, Plan } from '../http/types.ts';
import { formatHttpDate } from '../util/http-date.ts';
import { bodyOf, headerOf, MemorySource, openFile } from './fixtures.ts';
import {
  type ContentPlan,
  type Ingredients,
  planContent,
  planFromMemory,
  planFromSource,
  type Representation,
  represent,
} from './plan.ts';

const MTIME_MS = Date.UTC(2024, 0, 2, 3, 4, 5);
const DATE = 'Tue, 02 Jan 2024 03:04:05 GMT';
const LATER = formatHttpDate(MTIME_MS + 60_000);
const content = Buffer.from('0123456789');

function make(changed: Partial<Ingredients> = {}): Representation {
  const bytes = 'bytes' in changed ? changed.bytes : content;
  return represent({
    coding: 'identity',
    segments: ['a.txt'],
    version: 'v1',
    size: (bytes ?? content).length,
    contentType: 'text/plain; charset=utf-8',
    cacheControl: 'no-cache',
    tag: 'tag',
    modifiedMs: MTIME_MS,
    bytes,
    varies: false,
    ...changed,
  });
}

const inMemory = make();
const onDisk = make({ bytes: undefined });

type Headers = Readonly<Record<string, string>>;

function namesOf(headers: HeaderList): string[] {
  return headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
}

function headOf(answer: ContentPlan): { readonly status: number; readonly headers: HeaderList } {
  return answer.kind === 'plan' ? answer.plan : answer.selection;
}

const sourceOf = (bytes: Uint8Array): Promise<ByteSource> =>
  openFile(new MemorySource({ 'a.txt': bytes }), 'a.txt');

describe('status', () => {
  const TAG = '"tag"';
  const cases: readonly (readonly [name: string, method: string, headers: Headers, status: number])[] = [
    ['plain GET', 'GET', {}, 200],
    ['plain HEAD', 'HEAD', {}, 200],
    ['one range', 'GET', { range: 'bytes=0-4' }, 206],
    ['two ranges', 'GET', { range: 'bytes=0-1,5-8' }, 206],
    ['a range of everything', 'GET', { range: 'bytes=0-' }, 206],
    ['a range outside', 'GET', { range: 'bytes=10-' }, 416],
    ['overlapping ranges', 'GET', { range: 'bytes=0-4,2-6' }, 200],
    ['an unknown unit', 'GET', { range: 'lines=0-4' }, 200],
    ['a range of HEAD', 'HEAD', { range: 'bytes=0-4' }, 200],
    ['a range outside, of HEAD', 'HEAD', { range: 'bytes=10-' }, 200],
    ['If-None-Match, the same', 'GET', { 'if-none-match': TAG }, 304],
    ['If-None-Match, the same, HEAD', 'HEAD', { 'if-none-match': TAG }, 304],
    ['If-None-Match, another', 'GET', { 'if-none-match': '"other"' }, 200],
    ['If-None-Match, of another coding', 'GET', { 'if-none-match': '"tag-br"' }, 200],
    ['If-Modified-Since, the same second', 'GET', { 'if-modified-since': DATE }, 304],
    ['If-Modified-Since, later', 'GET', { 'if-modified-since': LATER }, 304],
    ['If-Modified-Since, garbage', 'GET', { 'if-modified-since': 'yesterday' }, 200],
    ['If-Match, the same', 'GET', { 'if-match': TAG }, 200],
    ['If-Match, another', 'GET', { 'if-match': '"other"' }, 412],
    ['If-Match, another, HEAD', 'HEAD', { 'if-match': '"other"' }, 412],
    ['If-Unmodified-Since, before', 'GET', { 'if-unmodified-since': formatHttpDate(0) }, 412],
    ['not modified comes before ranges', 'GET', { 'if-none-match': TAG, range: 'bytes=0-4' }, 304],
    ['also before bad ranges', 'GET', { 'if-none-match': TAG, range: 'bytes=99-' }, 304],
    ['a failed precondition comes before ranges', 'GET', { 'if-match': '"o"', range: 'bytes=0-4' }, 412],
    ['a precondition that holds, and a range', 'GET', { 'if-match': TAG, range: 'bytes=0-4' }, 206],
    ['If-Range, the same tag', 'GET', { 'if-range': TAG, range: 'bytes=0-4' }, 206],
    ['If-Range, the same date', 'GET', { 'if-range': DATE, range: 'bytes=0-4' }, 206],
    ['If-Range, another tag', 'GET', { 'if-range': '"other"', range: 'bytes=0-4' }, 200],
    ['If-Range, another date', 'GET', { 'if-range': LATER, range: 'bytes=0-4' }, 200],
    ['If-Range, another tag, range outside', 'GET', { 'if-range': '"o"', range: 'bytes=99-' }, 200],
    ['If-Range without a range', 'GET', { 'if-range': '"other"' }, 200],
  ];
  for (const [name, method, headers, status] of cases) {
    test(`${name}: ${status}`, () => {
      for (const representation of [inMemory, onDisk]) {
        assert.equal(headOf(planContent(method, headers, representation)).status, status);
      }
    });
  }
});

describe('fields', () => {
  const plain = ['content-type', 'content-length', 'etag', 'cache-control', 'last-modified', 'accept-ranges'];
  const cases: readonly (readonly [name: string, headers: Headers, expected: readonly string[]])[] = [
    ['200', {}, plain],
    ['206', { range: 'bytes=0-4' }, [...plain, 'content-range']],
    ['206 of several parts', { range: 'bytes=0-1,5-8' }, plain],
    ['304', { 'if-none-match': '*' }, ['etag', 'cache-control']],
  ];
  for (const [name, headers, expected] of cases) {
    for (const [varies, vary] of [
      [false, []],
      [true, ['vary']],
    ] as const) {
      test(`${name}, ${varies ? 'several representations' : 'one representation'}`, () => {
        const answer = headOf(planContent('GET', headers, make({ varies })));
        assert.deepEqual(namesOf(answer.headers).toSorted(), [...expected, ...vary].toSorted());
        if (varies) assert.equal(headerOf(answer.headers, 'vary'), 'Accept-Encoding');
      });
    }
  }

  test('values of a 200', () => {
    assert.deepEqual(headOf(planContent('GET', {}, inMemory)).headers, [
      'Content-Type',
      'text/plain; charset=utf-8',
      'Content-Length',
      '10',
      'ETag',
      '"tag"',
      'Cache-Control',
      'no-cache',
      'Last-Modified',
      DATE,
      'Accept-Ranges',
      'bytes',
    ]);
  });

  test('no date, no Last-Modified; all else is the same', () => {
    const undated = make({ modifiedMs: undefined });
    const without = (list: HeaderList) => list.filter((text) => text !== 'Last-Modified' && text !== DATE);
    for (const headers of [{}, { range: 'bytes=0-4' }, { 'if-none-match': '*' }]) {
      const [dated, answer] = [planContent('GET', headers, inMemory), planContent('GET', headers, undated)];
      assert.deepEqual(headOf(answer).headers, without(headOf(dated).headers));
    }
    assert.equal(headOf(planContent('GET', { 'if-modified-since': LATER }, undated)).status, 200);
  });

  test('a coded form names its coding and has its own tag, in 200, 206 and 304', () => {
    const coded = make({ coding: 'br', varies: true });
    for (const [headers, status] of [
      [{}, 200],
      [{ range: 'bytes=1-2' }, 206],
      [{ range: 'bytes=1-2,4-5' }, 206],
      [{ 'if-none-match': '"tag-br"' }, 304],
    ] as const) {
      const answer = headOf(planContent('GET', headers, coded));
      assert.equal(answer.status, status);
      assert.equal(headerOf(answer.headers, 'etag'), '"tag-br"');
      assert.equal(headerOf(answer.headers, 'vary'), 'Accept-Encoding');
      assert.equal(headerOf(answer.headers, 'content-encoding'), status === 304 ? undefined : 'br');
    }
    assert.equal(headOf(planContent('GET', { 'if-none-match': '"tag"' }, coded)).status, 200);
  });

  // The answers below are not cacheable, so that Vary has no work to do in them (RFC 9110 §12.5.5).
  for (const [status, headers] of [
    [412, { 'if-match': '"other"' }],
    [416, { range: 'bytes=10-' }],
  ] as const) {
    test(`${status} is never stored, and promises nothing about the content`, () => {
      const answer = headOf(planContent('GET', headers, make({ varies: true })));
      assert.equal(answer.status, status);
      assert.equal(headerOf(answer.headers, 'cache-control'), 'no-store');
      for (const name of ['etag', 'last-modified', 'content-encoding']) {
        assert.equal(headerOf(answer.headers, name), undefined);
      }
    });
  }

  test('416 says how long the content is (RFC 9110 §15.5.17)', () => {
    const { headers } = headOf(planContent('GET', { range: 'bytes=10-' }, inMemory));
    assert.equal(headerOf(headers, 'content-range'), 'bytes */10');
  });

  test('206 says which bytes it has, and as many as it says', () => {
    const { headers } = headOf(planContent('GET', { range: 'bytes=-3' }, inMemory));
    assert.equal(headerOf(headers, 'content-range'), 'bytes 7-9/10');
    assert.equal(headerOf(headers, 'content-length'), '3');
  });

  test('206 of several parts has the boundary in its type and the type in its parts', async () => {
    const answer = planContent('GET', { range: 'bytes=0-1,5-8' }, inMemory);
    assert.ok(answer.kind === 'selection' && inMemory.content);
    const type = headerOf(answer.selection.headers, 'content-type') ?? '';
    const [, boundary] = /^multipart\/byteranges; boundary=([\w-]{1,70})$/.exec(type) ?? [];
    const body = await bodyOf(planFromMemory(answer.selection, inMemory.content));
    assert.equal(body.toString().split(`--${boundary}`).length, 4);
    assert.match(body.toString(), /Content-Type: text\/plain; charset=utf-8\r\nContent-Range: bytes 0-1\/10/);
  });
});

describe('what needs no content opens no file', () => {
  const cases: readonly (readonly [name: string, method: string, headers: Headers])[] = [
    ['HEAD', 'HEAD', {}],
    ['304', 'GET', { 'if-none-match': '"tag"' }],
    ['412', 'GET', { 'if-match': '"other"' }],
    ['416', 'GET', { range: 'bytes=10-' }],
  ];
  for (const [name, method, headers] of cases) {
    test(name, () => assert.equal(planContent(method, headers, onDisk).kind, 'plan'));
  }

  test('a plain GET from memory is always the same plan', () => {
    const [one, two] = [planContent('GET', {}, inMemory), planContent('GET', {}, inMemory)];
    assert.ok(one.kind === 'plan' && two.kind === 'plan');
    assert.equal(one.plan, two.plan);
  });
});

describe('an empty file', () => {
  const cases: readonly (readonly [name: string, headers: Headers, status: number])[] = [
    ['GET', {}, 200],
    ['a range from 0', { range: 'bytes=0-' }, 416],
    ['a suffix', { range: 'bytes=-5' }, 200],
    ['If-None-Match', { 'if-none-match': '"tag"' }, 304],
  ];
  const empties = {
    'in memory': make({ bytes: Buffer.alloc(0) }),
    'on disk': make({ bytes: undefined, size: 0 }),
  };
  for (const [where, empty] of Object.entries(empties)) {
    for (const [name, headers, status] of cases) {
      test(`${where}, ${name}: ${status}`, async () => {
        const answer = planContent('GET', headers, empty);
        assert.ok(answer.kind === 'plan');
        assert.equal(answer.plan.status, status);
        if (status === 200) assert.equal(headerOf(answer.plan.headers, 'content-length'), '0');
        if (status === 200) assert.equal((await bodyOf(answer.plan)).length, 0);
        if (status === 416) assert.equal(headerOf(answer.plan.headers, 'content-range'), 'bytes */0');
      });
    }
  }
});

describe('content in memory', () => {
  const LIMIT = 16 * 1024;
  for (const [size, kind] of [
    [LIMIT, 'text'],
    [LIMIT + 1, 'bytes'],
  ] as const) {
    test(`${size} bytes are kept as ${kind}`, () => {
      assert.equal(make({ bytes: Buffer.alloc(size) }).content?.kind, kind);
    });
  }

  test('every byte value survives', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    const answer = planContent('GET', {}, make({ bytes: all }));
    assert.ok(answer.kind === 'plan');
    assert.deepEqual(await bodyOf(answer.plan), all);
  });
});

describe('for every content and every request', () => {
  const position = fc.nat(40);
  const spec = fc.oneof(
    fc.tuple(position, position).map(([a, b]) => `${a}-${b}`),
    position.map((start) => `${start}-`),
    position.map((length) => `-${length}`),
  );
  const range = fc.array(spec, { minLength: 1, maxLength: 4 }).map((specs) => `bytes=${specs.join(',')}`);
  const contents = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));

  /** From memory and from a source, as plans with the same bytes or not. */
  async function bothPlans(bytes: Buffer, headers: Headers): Promise<readonly [Plan, Plan]> {
    const kept = make({ bytes });
    const opened = make({ bytes: undefined, size: bytes.length });
    const [a, b] = [planContent('GET', headers, kept), planContent('GET', headers, opened)];
    assert.ok(kept.content);
    return [
      a.kind === 'plan' ? a.plan : planFromMemory(a.selection, kept.content),
      b.kind === 'plan' ? b.plan : planFromSource(b.selection, await sourceOf(bytes)),
    ];
  }

  test('memory and source send the same, and exactly as much as they say', async () => {
    const property = fc.asyncProperty(contents, fc.option(range), async (bytes, asked) => {
      const [kept, opened] = await bothPlans(bytes, asked === null ? {} : { range: asked });
      assert.equal(kept.status, opened.status);
      assert.deepEqual(kept.headers, opened.headers);
      const [one, two] = [await bodyOf(kept), await bodyOf(opened)];
      assert.deepEqual(one, two);
      assert.equal(headerOf(kept.headers, 'content-length'), String(one.length));
    });
    await fc.assert(property);
  });

  test('HEAD has the fields of the whole GET (RFC 9110 §9.3.2)', () => {
    const property = fc.property(contents, fc.boolean(), fc.boolean(), (bytes, keep, varies) => {
      const representation = make({ bytes: keep ? bytes : undefined, size: bytes.length, varies });
      const [get, head] = [planContent('GET', {}, representation), planContent('HEAD', {}, representation)];
      assert.deepEqual(headOf(head).headers, headOf(get).headers);
    });
    fc.assert(property);
  });
});

test('a plan from a source owns it', async () => {
  const answer = planContent('GET', {}, onDisk);
  assert.ok(answer.kind === 'selection');
  const source = await sourceOf(content);
  const plan = planFromSource(answer.selection, source);
  assert.ok(plan.body.kind === 'source');
  assert.equal(plan.body.source, source);
  assert.deepEqual(await bodyOf(plan), content);
});
