/**
 * What the static handler relies on, wherever files come from. Every source that serves a folder passes this:
 * the disk, and the site inside the executable.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Plan } from '../http/types.ts';
import { readContent, tagOf } from './content.ts';
import { bodyOf, openFile, outcomeOf, staticOptions } from './fixtures.ts';
import { createStaticStage } from './handler.ts';
import type { FileSource } from './source.ts';

/** Paths → contents; a path that ends with a slash is an empty folder. */
export type Tree = Readonly<Record<string, string>>;

/** A source that serves `tree` by the default rules, all files with the same date, until the test ends. */
export type MakeSource = (t: TestContext, tree: Tree) => Promise<FileSource>;

const PAGE = 'a page of text\n'.repeat(2000);

const tree: Tree = {
  'index.html': 'root',
  '404.html': 'sorry',
  'a.txt': '0123456789',
  'empty.txt': '',
  'page.css': PAGE,
  'docs/index.html': 'docs',
  'docs/deep/b.txt': 'b',
  'bare/c.txt': 'c',
  'nothing/': '',
  'app.js': 'code',
  'app.js.br': 'BR',
  'app.js.gz': 'GZ',
  'sp ace/ü&.txt': 'name',
  '.env': 'secret',
  '.git/config': 'secret',
  'docs/.draft': 'secret',
  '...': 'secret',
  '.well-known/security.txt': 'contact',
  __proto__x: 'x',
  'constructor/name': 'y',
};

export function sourceContract(name: string, make: MakeSource): void {
  describe(`${name}: what is found`, () => findings(make));
  describe(`${name}: an open file`, () => openFiles(make));
  describe(`${name}: a listing`, () => listings(make));
  describe(`${name}: answers`, () => answers(make));
}

function findings(make: MakeSource): void {
  const cases: readonly (readonly [name: string, path: string, expected: string])[] = [
    ['the root', '', 'folder'],
    ['a file', 'a.txt', '0123456789'],
    ['an empty file', 'empty.txt', ''],
    ['a large file', 'page.css', PAGE],
    ['a folder', 'docs', 'folder'],
    ['an empty folder', 'nothing', 'folder'],
    ['a file far below', 'docs/deep/b.txt', 'b'],
    ['a name with other characters', 'sp ace/ü&.txt', 'name'],
    ['nothing', 'absent', 'missing'],
    ['nothing in a folder', 'docs/absent.txt', 'missing'],
    ['something below a file', 'a.txt/b', 'missing'],
    ['a name that is too long', 'x'.repeat(300), 'missing'],
    ['a hidden file', '.env', 'missing'],
    ['a hidden file below', 'docs/.draft', 'missing'],
    ['a hidden folder', '.git', 'missing'],
    ['a file in a hidden folder', '.git/config', 'missing'],
    ['a name of dots', '...', 'missing'],
    ['.well-known', '.well-known/security.txt', 'contact'],
    ['what objects have', '__proto__', 'missing'],
    ['what objects have, as a folder', 'constructor/name', 'y'],
    ['what objects have, below', 'docs/toString', 'missing'],
  ];
  for (const [what, path, expected] of cases) {
    test(`${what}: ${path.slice(0, 40)}`, async (t) => {
      assert.equal(await outcomeOf(await make(t, tree), path), expected);
    });
  }
}

function openFiles(make: MakeSource): void {
  test('has its name, its size and one version', async (t) => {
    const source = await make(t, tree);
    const file = await openFile(source, 'docs/deep/b.txt');
    assert.deepEqual([file.name, file.size], ['b.txt', 1]);
    assert.equal(await file.currentVersion(), file.version);
    await file.close();
    const again = await openFile(source, 'docs/deep/b.txt');
    assert.equal(again.version, file.version);
    await again.close();
  });

  test('is read from any position, and ends', async (t) => {
    const file = await openFile(await make(t, tree), 'a.txt');
    const read = async (length: number, position: number) => {
      const bytes = Buffer.alloc(length, '-');
      return `${await file.read(bytes, position)} ${bytes}`;
    };
    assert.equal(await read(4, 0), '4 0123');
    assert.equal(await read(4, 8), '2 89--');
    assert.equal(await read(4, 10), '0 ----');
    assert.equal(await read(4, 1000), '0 ----');
    await file.close();
  });

  test('has a tag that depends on its content alone', async (t) => {
    const source = await make(t, { 'a.txt': PAGE, 'b/c.css': PAGE });
    for (const path of ['a.txt', 'b/c.css']) {
      for (const keptBytes of [0, PAGE.length]) {
        const file = await openFile(source, path);
        assert.equal((await readContent(file, keptBytes)).tag, tagOf(Buffer.from(PAGE)));
        await file.close();
      }
    }
  });
}

function listings(make: MakeSource): void {
  const cases: readonly (readonly [path: string, expected: readonly string[]])[] = [
    ['docs', ['deep/', 'index.html 4']],
    ['docs/deep', ['b.txt 1']],
    ['nothing', []],
    ['absent', []],
    ['a.txt', []],
    ['.git', []],
  ];
  for (const [path, expected] of cases) {
    test(`of ${path}`, async (t) => {
      const { entries } = await (await make(t, tree)).list(path.split('/'));
      const shown = entries.map(({ name, size, directory }) => (directory ? `${name}/` : `${name} ${size}`));
      assert.deepEqual(shown.toSorted(), expected);
    });
  }

  test('of the root has what is served and no more', async (t) => {
    const names = (await (await make(t, tree)).list([])).entries.map((entry) => entry.name);
    const top = Object.keys(tree).map((path) => path.split('/')[0] ?? '');
    const visible = new Set(top.filter((entry) => entry === '.well-known' || !entry.startsWith('.')));
    assert.deepEqual(new Set(names), visible);
    assert.equal(names.length, visible.size);
  });
}

function answers(make: MakeSource): void {
  for (const [request, cacheBytes, expected] of requests()) {
    test(`${request.title}, ${cacheBytes === 0 ? 'opened' : 'from memory'}`, async (t) => {
      const stage = createStaticStage(await make(t, tree), { ...options, cacheBytes });
      // The second time some of it comes from memory.
      for (const plan of [await ask(stage, request), await ask(stage, request)]) {
        const bytes = await bodyOf(plan);
        if (plan.body.kind === 'source') await plan.body.source.close();
        const [status, body = String(bytes)] = expected;
        assert.deepEqual([plan.status, String(bytes)], [status, body]);
      }
    });
  }
}

const options = { ...staticOptions, listing: true };

interface Request {
  readonly title: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

/** Without a body where it is not the source's. */
type Expected = readonly [status: number, body?: string];

/** Requests with their answers, each with and without memory. */
function requests(): [request: Request, cacheBytes: number, expected: Expected][] {
  const tag = `"${tagOf(Buffer.from('0123456789'))}"`;
  const cases: readonly (readonly [request: Request, expected: Expected])[] = [
    [{ title: 'a file', path: '/a.txt' }, [200, '0123456789']],
    [{ title: 'HEAD', path: '/a.txt', method: 'HEAD' }, [200]],
    [{ title: 'an empty file', path: '/empty.txt' }, [200, '']],
    [{ title: 'a large file', path: '/page.css' }, [200, PAGE]],
    [{ title: 'an index', path: '/docs/' }, [200, 'docs']],
    [{ title: 'a folder without its slash', path: '/docs' }, [301, '']],
    [{ title: 'nothing', path: '/absent' }, [404, 'sorry']],
    [{ title: 'a hidden file', path: '/.env' }, [404, 'sorry']],
    [{ title: 'a range', path: '/a.txt', headers: { range: 'bytes=2-4' } }, [206, '234']],
    [{ title: 'a range outside', path: '/a.txt', headers: { range: 'bytes=10-' } }, [416]],
    [{ title: 'a known tag', path: '/a.txt', headers: { 'if-none-match': tag } }, [304, '']],
    [{ title: 'another tag', path: '/a.txt', headers: { 'if-match': '"x"' } }, [412]],
    [{ title: 'brotli', path: '/app.js', headers: { 'accept-encoding': 'gzip, br' } }, [200, 'BR']],
    [{ title: 'gzip', path: '/app.js', headers: { 'accept-encoding': 'gzip' } }, [200, 'GZ']],
    [{ title: 'a listing', path: '/bare/' }, [200]],
  ];
  return cases.flatMap(([request, expected]): [Request, number, Expected][] => [
    [request, options.cacheBytes, expected],
    [request, 0, expected],
  ]);
}

async function ask(
  stage: ReturnType<typeof createStaticStage>,
  { path, headers = {}, method = 'GET' }: Request,
): Promise<Plan> {
  return stage({ method, target: path, path, query: '', headers, client: '' });
}
