/** Which plans can be used again for the same head, and for how long: exactly as long as the handler uses its file. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { bodyOf, MemorySource, settle, staticOptions } from './fixtures.ts';
import { createStaticStage } from './handler.ts';

const options = { ...staticOptions, listing: true, spa: true };

type Headers = Readonly<Record<string, string>>;

function serve(t: TestContext, changed: Partial<typeof options | { cacheBytes: number }> = {}) {
  const clock = { nowMs: 1000 };
  t.mock.method(performance, 'now', () => clock.nowMs);
  const source = new MemorySource({
    'a.txt': '0123456789',
    'a.txt.gz': 'zipped',
    'big.bin': Buffer.alloc(100_000, 'b').toString(),
    'd/index.html': 'index',
    'bare/a': 'a',
    'index.html': 'shell',
    '404.html': 'nothing here',
  });
  const stage = createStaticStage(source, { ...options, ...changed });
  const ask = async (path: string, headers: Headers = {}, method = 'GET') =>
    stage({ method, target: path, path, query: '', headers, client: '' });
  return { clock, source, ask };
}

const accept = { accept: 'text/html' };
const kinds: readonly [name: string, path: string, headers: Headers, status: number, reused: boolean][] = [
  ['a file', '/a.txt', {}, 200, true],
  ['a coded variant', '/a.txt', { 'accept-encoding': 'gzip' }, 200, true],
  ['a range of text', '/a.txt', { range: 'bytes=2-4' }, 206, true],
  ['a range of bytes', '/big.bin', { range: 'bytes=2-4' }, 206, true],
  ['a long range of bytes', '/big.bin', { range: 'bytes=2-50000' }, 206, true],
  ['304', '/a.txt', { 'if-modified-since': new Date().toUTCString() }, 304, true],
  ['the index of a folder', '/d/', {}, 200, true],
  ['another spelling', '/%61.txt', {}, 200, true],
  ['several ranges', '/a.txt', { range: 'bytes=0-1,4-5' }, 206, false],
  ['a range that is outside', '/a.txt', { range: 'bytes=20-' }, 416, false],
  ['412', '/a.txt', { 'if-match': '"x"' }, 412, false],
  ['a redirect', '/d', {}, 301, false],
  ['a listing', '/bare/', {}, 200, false],
  ['the page of the application, at a path where a file may come to be', '/route', accept, 200, false],
  ['the page for what is missing', '/missing.txt', { accept: 'image/png' }, 404, false],
];

for (const [name, path, headers, status, reused] of kinds) {
  test(`${reused ? 'can' : 'cannot'} be used again: ${name}`, async (t) => {
    const { ask } = serve(t);
    await ask(path, headers);
    const plan = await ask(path, headers);
    assert.equal(plan.status, status);
    assert.equal(plan.reuse?.isFresh() ?? false, reused);
  });
}

test('cannot be used again: anything of a file that is not in memory', async (t) => {
  const { ask } = serve(t, { cacheBytes: 0 });
  for (const headers of [{}, { range: 'bytes=0-1' }, { 'if-none-match': '*' }]) {
    const plan = await ask('/a.txt', headers);
    assert.equal(plan.reuse, undefined);
    await bodyOf(plan);
  }
});

describe('time', () => {
  test('fresh, then checked behind the request, then not used', async (t) => {
    const { clock, source, ask } = serve(t);
    const { reuse } = await ask('/d/');
    source.looks.length = 0;
    clock.nowMs += 499;
    assert.equal(reuse?.isFresh(), true);
    assert.deepEqual(source.looks, []);
    clock.nowMs += 1;
    assert.equal(reuse?.isFresh(), true);
    await settle();
    assert.notDeepEqual(source.looks, []);
    assert.equal(reuse?.isFresh(), true, 'found unchanged');
    clock.nowMs += 900;
    assert.equal(reuse?.isFresh(), false);
    await ask('/d/');
    assert.equal(reuse?.isFresh(), true, 'found unchanged by a request');
  });

  for (const [name, change] of [
    ['changed', (source: MemorySource) => source.put('a.txt', 'new')],
    ['removed', (source: MemorySource) => source.remove('a.txt')],
    ['given another variant', (source: MemorySource) => source.put('a.txt.br', 'b')],
  ] as const) {
    test(`never again once it is found ${name}`, async (t) => {
      const { clock, source, ask } = serve(t);
      const { reuse } = await ask('/a.txt');
      change(source);
      clock.nowMs += 600;
      assert.equal(reuse?.isFresh(), true);
      for (let i = 0; i < 5; i++) await settle();
      assert.equal(reuse?.isFresh(), false);
      assert.equal(reuse?.isGone, true);
    });
  }

  test('never again once its memory went to another file', async (t) => {
    const { ask, source } = serve(t, { cacheBytes: 100_000 });
    const { reuse } = await ask('/a.txt');
    for (let i = 0; i < 12; i++) {
      source.put(`${i}.bin`, Buffer.alloc(12_000, 'x').toString());
      await ask(`/${i}.bin`);
    }
    assert.equal(reuse?.isGone, true);
    assert.equal(reuse?.isFresh(), false);
  });
});
