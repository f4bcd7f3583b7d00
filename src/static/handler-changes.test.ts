import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { HttpError } from '../http/errors.ts';
import { bodyOf, headerOf, MemorySource, staticOptions } from './fixtures.ts';
import { createStaticStage } from './handler.ts';

/** Nothing is kept in memory: every response is made of a file that is opened for it. */
const options = { ...staticOptions, cacheBytes: 0 };

/** A file that was looked up a moment ago, and a client. */
async function lookedUp(t: TestContext) {
  t.mock.method(performance, 'now', () => 1000);
  const source = new MemorySource({ 'a.txt': '0123456789' });
  const stage = createStaticStage(source, options);
  const ask = async (headers: Readonly<Record<string, string>> = {}, method = 'GET') => {
    const plan = await stage({ method, target: '/a.txt', path: '/a.txt', query: '', headers, client: '' });
    const text = method === 'HEAD' ? '' : (await bodyOf(plan)).toString('latin1');
    if (plan.body.kind === 'source') await plan.body.source.close();
    return { status: plan.status, text, header: (name: string) => headerOf(plan.headers, name) };
  };
  const etag = (await ask()).header('etag') ?? '';
  source.looks.length = 0;
  return { source, ask, etag };
}

/** A change between look-up and answer: the look-up is remembered, its content is not. */
describe('a file that is not in memory and changes', () => {
  test('new content goes out with its own length, tag and no long caching', async (t) => {
    const { source, ask, etag } = await lookedUp(t);
    source.put('a.txt', 'a longer content');
    const answer = await ask();
    assert.deepEqual([answer.status, answer.text], [200, 'a longer content']);
    assert.equal(answer.header('content-length'), '16');
    assert.notEqual(answer.header('etag'), etag);
    assert.equal(answer.header('cache-control'), 'no-cache');
    source.assertClosed();
  });

  const cases: readonly (readonly [
    name: string,
    after: string,
    range: string,
    ifRange: boolean,
    status: number,
  ])[] = [
    ['a range that is there no more', '01', 'bytes=5-', false, 416],
    ['a range that is still there', '0123', 'bytes=1-2', false, 206],
    ['a range of the old content', '0123', 'bytes=1-2', true, 200],
    ['nothing left', '', 'bytes=0-0', false, 416],
  ];
  for (const [name, after, range, ifRange, status] of cases) {
    test(`${name}: ${status}`, async (t) => {
      const { source, ask, etag } = await lookedUp(t);
      source.put('a.txt', after);
      const headers = { range, ...(ifRange && { 'if-range': etag }) };
      const answer = await ask(headers);
      assert.equal(answer.status, status);
      if (status === 416) assert.equal(answer.header('content-range'), `bytes */${after.length}`);
      else assert.equal(answer.header('content-length'), String(answer.text.length));
      source.assertClosed();
    });
  }

  test('a precondition is asked again', async (t) => {
    const { source, ask, etag } = await lookedUp(t);
    source.put('a.txt', 'other');
    assert.equal((await ask({ 'if-match': etag })).status, 412);
    source.assertClosed();
  });

  test('emptied', async (t) => {
    const { source, ask } = await lookedUp(t);
    source.put('a.txt', '');
    const answer = await ask();
    assert.deepEqual([answer.status, answer.text, answer.header('content-length')], [200, '', '0']);
    source.assertClosed();
  });

  test('gone, or a folder now', async (t) => {
    const { source, ask } = await lookedUp(t);
    source.remove('a.txt');
    assert.equal((await ask()).status, 404);
    source.put('a.txt/b', 'b');
    assert.equal((await ask()).status, 404);
    source.assertClosed();
  });

  test('failing to open', async (t) => {
    const { source, ask } = await lookedUp(t);
    source.failOpen('a.txt', new HttpError('unavailable'));
    await assert.rejects(ask(), { code: 'unavailable' });
  });

  test('HEAD, 304, 412 and 416 tell the same truth as GET: of what was opened', async (t) => {
    const { source, ask } = await lookedUp(t);
    source.put('a.txt', 'a longer content');
    const grown = await ask({}, 'HEAD');
    assert.equal(grown.header('content-length'), '16');
    const etag = grown.header('etag') ?? '';
    const tail = await ask({ range: 'bytes=10-', 'if-match': etag });
    assert.deepEqual([tail.status, tail.text], [206, 'ontent']);
    assert.equal((await ask({ 'if-none-match': etag })).status, 304);
    const beyond = await ask({ range: 'bytes=16-' });
    assert.deepEqual([beyond.status, beyond.header('content-range')], [416, 'bytes */16']);
    source.put('a.txt', 'another');
    assert.equal((await ask({ 'if-match': etag })).status, 412);
    source.assertClosed();
  });

  test('a date in the future is not sent', async (t) => {
    const { source, ask } = await lookedUp(t);
    source.put('a.txt', 'other', { modifiedMs: Date.now() + 3_600_000 });
    assert.ok(Date.parse((await ask()).header('last-modified') ?? '') <= Date.now());
  });

  test('what changed this very moment is opened once more, for a tag that can be met again', async (t) => {
    const { source, ask } = await lookedUp(t);
    source.put('a.txt', 'other', { changedMs: Date.now() });
    assert.equal((await ask()).text, 'other');
    assert.deepEqual(source.looks, ['a.txt', 'a.txt']);
    source.assertClosed();
  });
});
