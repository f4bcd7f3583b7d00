/** Links: what they may lead to, and what happens when they change at the worst moment. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type DiskRules, diskFolder } from './disk.ts';
import {
  aroundOpen,
  contentOf,
  failing,
  intercept,
  makeTree,
  outcomeOf,
  siteFiles,
  strict,
} from './fixtures.ts';

describe('links', () => {
  const cases: readonly (readonly [name: string, target: string, expected: string])[] = [
    ['to a file inside', 'index.html', 'root'],
    ['to a file inside, absolute', '$BASE/site/docs/a.txt', 'a'],
    ['to a folder inside', 'docs', 'folder'],
    ['to .well-known', '.well-known/security.txt', 'contact'],
    ['out and in again', '../site/docs/a.txt', 'a'],
    ['to the root', '.', 'folder'],
    ['to a file outside', '../outside/passwd', 'missing'],
    ['to a folder outside', '../outside', 'missing'],
    ['to a folder whose name begins like the root', '../site2/a.txt', 'missing'],
    ['to the folder of the root', '..', 'missing'],
    ['to a hidden file inside', '.env', 'missing'],
    ['to a file in a hidden folder inside', '.git/config', 'secret'],
    ['to a hidden folder inside', '.git', 'folder'],
    ['to nothing', 'nothing', 'missing'],
    ['to itself', 'link', 'missing'],
    ['by another link, outside', 'second', 'missing'],
  ];

  async function follow(t: TestContext, target: string, rules: DiskRules, path = 'link'): Promise<string> {
    const base = makeTree(t, siteFiles);
    fs.symlinkSync('../outside/passwd', join(base, 'site/second'));
    fs.symlinkSync(target.replace('$BASE', base), join(base, 'site/link'));
    return outcomeOf(diskFolder(join(base, 'site'), rules), path);
  }

  for (const [name, target, expected] of cases) {
    test(`${name}: ${expected}`, async (t) => assert.equal(await follow(t, target, strict), expected));

    test(`${name}, without the help of /proc: ${expected}`, async (t) => {
      intercept(t, 'readlink', failing('ENOENT'));
      assert.equal(await follow(t, target, strict), expected);
    });
  }

  test('through a folder outside', async (t) => {
    assert.equal(await follow(t, '../outside', strict, 'link/passwd'), 'missing');
  });

  test('outside and to hidden names where that is allowed', async (t) => {
    assert.equal(await follow(t, '../outside/passwd', { ...strict, symlinks: true }), 'outside');
    assert.equal(await follow(t, '.env', { ...strict, dotfiles: true }), 'secret');
  });
});

describe('a volume of Kubernetes', () => {
  function makeVolume(t: TestContext): string {
    const base = makeTree(t, {
      '..2025_1/index.html': 'first',
      '..2025_1/sub/page.html': 'page',
      '..2025_1/.htpasswd': 'secret',
      '..2025_2/index.html': 'second',
    });
    relink(join(base, '..data'), '..2025_1');
    for (const name of ['index.html', 'sub', '.htpasswd']) relink(join(base, name), `..data/${name}`);
    relink(join(base, 'password.txt'), '..data/.htpasswd');
    return base;
  }
  const cases: readonly (readonly [path: string, expected: string])[] = [
    ['index.html', 'first'],
    ['sub', 'folder'],
    ['sub/page.html', 'page'],
    ['.htpasswd', 'missing'],
    ['password.txt', 'missing'],
    ['..data/index.html', 'missing'],
    ['..2025_1/index.html', 'missing'],
    ['..data', 'missing'],
  ];
  for (const [path, expected] of cases) {
    test(`${path}: ${expected}`, async (t) => {
      assert.equal(await outcomeOf(diskFolder(makeVolume(t), strict), path), expected);
    });
  }

  test('is listed by the names that are served', async (t) => {
    const { entries } = await diskFolder(makeVolume(t), strict).list([]);
    assert.deepEqual(entries.map(({ name }) => name).toSorted(), ['index.html', 'sub']);
  });

  test('is never missing while it is updated', async (t) => {
    const base = makeVolume(t);
    const source = diskFolder(base, strict);
    // As the kubelet does: one link is switched, then the old content goes.
    aroundOpen(t, {
      after: () => {
        relink(join(base, '..data'), '..2025_2');
        fs.rmSync(join(base, '..2025_1'), { recursive: true, force: true });
      },
    });
    assert.equal(await outcomeOf(source, 'index.html'), 'first');
    assert.equal(await outcomeOf(source, 'index.html'), 'second');
  });
});

/** Points `path` to `target` in one step, as a deployment does. */
function relink(path: string, target: string): void {
  fs.symlinkSync(target, `${path}.next`);
  fs.renameSync(`${path}.next`, path);
}

describe('links that change', () => {
  for (const proc of [true, false]) {
    test(`a link that leads out only while it is opened${proc ? '' : ', without /proc'}`, async (t) => {
      const base = makeTree(t, siteFiles);
      const link = join(base, 'site/link');
      relink(link, 'index.html');
      const opened = aroundOpen(t, {
        before: () => relink(link, '../outside/passwd'),
        after: () => relink(link, 'index.html'),
      });
      if (!proc) intercept(t, 'readlink', failing('ENOENT'));
      assert.equal(await outcomeOf(diskFolder(join(base, 'site'), strict), 'link'), 'missing');
      assert.equal(opened.open, 0);
    });
  }

  test('a folder on the way that leads out only while it is opened', async (t) => {
    const base = makeTree(t, { ...siteFiles, 'outside/a.txt': 'outside' });
    const link = join(base, 'site/link');
    relink(link, 'docs');
    aroundOpen(t, {
      before: () => relink(link, '../outside'),
      after: () => relink(link, 'docs'),
    });
    assert.equal(await outcomeOf(diskFolder(join(base, 'site'), strict), 'link/a.txt'), 'missing');
  });

  test('a link that is swapped all the time never serves the outside', async (t) => {
    const base = makeTree(t, siteFiles);
    const link = join(base, 'site/link');
    const source = diskFolder(join(base, 'site'), strict);
    const targets = ['index.html', '../outside/passwd'];
    const outcomes = new Set<string>();
    for (let i = 0; i < 300; i++) {
      relink(link, targets[i % 2] ?? '');
      const asked = [outcomeOf(source, 'link'), outcomeOf(source, 'link')];
      relink(link, targets[(i + 1) % 2] ?? '');
      for (const outcome of await Promise.all(asked)) outcomes.add(outcome);
    }
    assert.ok(outcomes.has('root'), 'the inside was served at times');
    assert.deepEqual(
      [...outcomes].filter((outcome) => outcome !== 'root' && outcome !== 'missing'),
      [],
    );
  });

  test('a file removed or replaced once it is open is served as it was', async (t) => {
    const base = makeTree(t, siteFiles);
    const file = join(base, 'site/docs/a.txt');
    const source = diskFolder(join(base, 'site'), strict);
    for (const content of [undefined, 'new']) {
      fs.writeFileSync(file, 'old');
      const found = await source.open(['docs', 'a.txt']);
      fs.rmSync(file);
      if (content) fs.writeFileSync(file, content);
      assert.equal(await contentOf(found), 'old');
    }
  });

  test('a file removed while it is being opened', async (t) => {
    const base = makeTree(t, siteFiles);
    aroundOpen(t, { after: () => fs.rmSync(join(base, 'site/docs/a.txt')) });
    assert.equal(await outcomeOf(diskFolder(join(base, 'site'), strict), 'docs/a.txt'), 'a');
  });
});

describe('a root that is a link', () => {
  const releases = { 'r1/a.txt': 'first', 'r2/a.txt': 'second', 'r2/b.txt': 'more' };

  test('is followed to wherever it leads now', async (t) => {
    const base = makeTree(t, releases);
    relink(join(base, 'current'), 'r1');
    const source = diskFolder(join(base, 'current'), strict);
    assert.equal(await outcomeOf(source, 'a.txt'), 'first');
    assert.equal(await outcomeOf(source, 'b.txt'), 'missing');
    relink(join(base, 'current'), 'r2');
    assert.equal(await outcomeOf(source, 'a.txt'), 'second');
    assert.equal(await outcomeOf(source, 'b.txt'), 'more');
    assert.deepEqual((await source.list([])).entries.map(({ name }) => name).toSorted(), ['a.txt', 'b.txt']);
  });

  test('links from one release to another lead out', async (t) => {
    const base = makeTree(t, releases);
    relink(join(base, 'current'), 'r1');
    relink(join(base, 'r1/other.txt'), '../r2/a.txt');
    assert.equal(await outcomeOf(diskFolder(join(base, 'current'), strict), 'other.txt'), 'missing');
  });

  test('a switch while a file is being opened does not hide the file', async (t) => {
    const base = makeTree(t, releases);
    relink(join(base, 'current'), 'r1');
    aroundOpen(t, { after: () => relink(join(base, 'current'), 'r2') });
    assert.match(await outcomeOf(diskFolder(join(base, 'current'), strict), 'a.txt'), /^(first|second)$/);
  });

  test('a root that goes has nothing, and comes back', async (t) => {
    const base = makeTree(t, releases);
    const source = diskFolder(join(base, 'r1'), strict);
    fs.renameSync(join(base, 'r1'), join(base, 'away'));
    assert.equal(await outcomeOf(source, 'a.txt'), 'missing');
    assert.equal(await outcomeOf(source, ''), 'missing');
    fs.renameSync(join(base, 'away'), join(base, 'r1'));
    assert.equal(await outcomeOf(source, 'a.txt'), 'first');
  });
});
