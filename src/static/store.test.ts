import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { find, findResource, headerOf, MemorySource, staticOptions, textOf } from './fixtures.ts';
import { FileStore, type FileStoreOptions, representChanged } from './store.ts';

const options: FileStoreOptions = staticOptions;

describe('what a path means', () => {
  const source = new MemorySource({
    'index.html': 'root',
    'a.txt': 'a',
    'docs/index.html': 'docs',
    'docs/b.txt': 'b',
    'bare/c.txt': 'c',
    'odd/index.html/d.txt': 'd',
  });
  const cases: readonly (readonly [name: string, path: string, expected: string])[] = [
    ['the root', '/', 'root'],
    ['a file', '/a.txt', 'a'],
    ['a file in a folder', '/docs/b.txt', 'b'],
    ['the index of a folder', '/docs/', 'docs'],
    ['the index by its name', '/docs/index.html', 'docs'],
    ['a folder without its slash', '/docs', 'redirect'],
    ['a folder without its slash and without an index', '/bare', 'redirect'],
    ['a folder without an index', '/bare/', 'folder'],
    ['a folder whose index is a folder', '/odd/', 'folder'],
    ['a file with a slash', '/a.txt/', 'missing'],
    ['nothing', '/nothing', 'missing'],
    ['nothing with a slash', '/nothing/', 'missing'],
    ['something below a file', '/a.txt/b', 'missing'],
  ];
  for (const [name, path, expected] of cases) {
    test(`${name}: ${path}`, async () => {
      const found = await find(new FileStore(source, options), path);
      assert.equal(found.kind === 'resource' ? textOf(found.identity) : found.kind, expected);
      source.assertClosed();
    });
  }

  test('type and Cache-Control come from the name of the file, not from the path', async () => {
    const { identity } = await findResource(new FileStore(source, options), '/docs/');
    assert.equal(identity.contentType, 'text/html; charset=utf-8');
    assert.ok(identity.fields.includes('no-cache'));
    assert.deepEqual(identity.segments, ['docs', 'index.html']);
  });
});

describe('representations', () => {
  test('the precompressed siblings are found, each with a tag of its own content', async () => {
    const files = { 'a.css': 'plain', 'a.css.br': 'BR', 'a.css.zst': 'ZSTD', 'a.css.gz': 'GZ' };
    const source = new MemorySource(files);
    const { identity, coded, available } = await findResource(new FileStore(source, options), '/a.css');
    assert.deepEqual(available, ['br', 'zstd', 'gzip']);
    assert.deepEqual([...coded.values()].map(textOf), ['BR', 'ZSTD', 'GZ']);
    const all = [identity, ...coded.values()];
    assert.equal(new Set(all.map(({ validators }) => validators.etag)).size, 4);
    for (const { fields, contentType } of all) {
      assert.ok(fields.includes('Accept-Encoding'), 'Vary');
      assert.equal(contentType, 'text/css; charset=utf-8');
    }
    source.assertClosed();
  });

  test('a file alone has no Vary', async () => {
    const { identity, available } = await findResource(
      new FileStore(new MemorySource({ 'a.css': 'plain' }), options),
      '/a.css',
    );
    assert.deepEqual(available, []);
    assert.ok(!identity.fields.includes('Vary'));
  });

  test('what is stored in a coding has one representation, in that coding', async () => {
    const files = { 'a.js.br': 'BR', 'a.js.br.gz': 'GZ', 'a.js.br.br': 'BRBR' };
    for (const compression of [false, true]) {
      const source = new MemorySource(files);
      const store = new FileStore(source, { ...options, compression });
      const { identity, available } = await findResource(store, '/a.js.br');
      assert.deepEqual([textOf(identity), available], ['BR', []]);
      assert.equal(headerOf(identity.fields, 'content-encoding'), 'br');
      assert.match(identity.validators.etag, /-br"$/);
      source.assertClosed();
    }
  });

  test('the siblings of an index belong to its folder', async () => {
    const source = new MemorySource({ 'd/index.html': 'plain', 'd/index.html.gz': 'GZ' });
    assert.deepEqual((await findResource(new FileStore(source, options), '/d/')).available, ['gzip']);
  });

  test('folders beside a file, and siblings that cannot be opened, are as good as absent', async () => {
    const source = new MemorySource({ 'a.css': 'plain', 'a.css.br/x': 'folder', 'a.css.gz': 'GZ' });
    source.failOpen('a.css.gz', new Error('EACCES'));
    assert.deepEqual((await findResource(new FileStore(source, options), '/a.css')).available, []);
    source.assertClosed();
  });

  const text = 'compress me '.repeat(500);
  const compressing = { ...options, compression: true };

  test('compression on the fly fills in what has no sibling', async () => {
    const source = new MemorySource({ 'a.css': text, 'a.css.br': 'BR' });
    const { coded } = await findResource(new FileStore(source, compressing), '/a.css');
    const [br, gzip] = [coded.get('br'), coded.get('gzip')];
    assert.ok(br && gzip);
    assert.equal(textOf(br), 'BR');
    assert.equal(gunzipSync(Buffer.from(textOf(gzip) ?? '', 'latin1')).toString(), text);
    assert.equal(gzip.size, textOf(gzip)?.length);
    source.assertClosed();
  });

  const uncompressed: Readonly<Record<string, readonly [name: string, content: string, on: boolean]>> = {
    'what is compressed already': ['a.png', text, true],
    'what is too small to gain': ['a.css', 'tiny', true],
    'without the option': ['a.css', text, false],
  };
  for (const [name, [file, content, compression]] of Object.entries(uncompressed)) {
    test(`no compression on the fly: ${name}`, async () => {
      const store = new FileStore(new MemorySource({ [file]: content }), { ...options, compression });
      assert.deepEqual((await findResource(store, `/${file}`)).available, []);
    });
  }

  test('a file found changed is represented anew, by its version and without long caching', async () => {
    const source = new MemorySource({ 'a.css': 'old' });
    const { identity } = await findResource(new FileStore(source, options), '/a.css');
    source.put('a.css', 'newer', { modifiedMs: 0 });
    const found = await source.open(['a.css']);
    assert.ok(found.kind === 'file');
    const changed = representChanged(found.file, identity, true);
    assert.notEqual(changed.validators.etag, identity.validators.etag);
    assert.deepEqual(changed.validators.lastModifiedMs, 0);
    assert.equal(changed.size, 5);
    assert.ok(changed.fields.includes('no-cache') && changed.fields.includes('Vary'));
    assert.equal(changed.content, undefined);
  });
});

test('what is evicted while it is being checked is as fresh as before', async () => {
  const others = [...'bcdefghi'].map((name) => [name, 'x'.repeat(100)]);
  const source = new MemorySource({ a: 'x'.repeat(100), ...Object.fromEntries(others) });
  const store = new FileStore(source, { ...options, cacheBytes: 800 });
  await find(store, '/a');
  const open = source.open.bind(source);
  source.open = async (segments) => {
    source.open = open;
    const found = await open(segments);
    // The check knows its entry before it looks for siblings.
    source.open = async (sibling) => {
      source.open = open;
      for (const [name] of others) await find(store, `/${name}`);
      return open(sibling);
    };
    return found;
  };
  await find(store, '/a');
  assert.ok(store.peek('/a'), 'it need not be checked for each request from now on');
});
