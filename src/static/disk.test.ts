import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { HttpError } from '../http/errors.ts';
import { absolutePath, diskFile, diskFolder, kindOfPath } from './disk.ts';
import {
  aroundOpen,
  failing,
  intercept,
  makeTree,
  openFile,
  outcomeOf,
  settle,
  siteFiles,
  strict,
} from './fixtures.ts';
import { sourceContract } from './source.contract.ts';

/** A FIFO must not make anything wait; the machine may. */
const SOON_MS = 5000;

/** Past the tick of the clock in which a version may hide another change. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 40));

sourceContract('disk', async (t, tree) => {
  const source = diskFolder(makeTree(t, tree), strict);
  await settled();
  return source;
});

describe('a folder', () => {
  const cases: readonly (readonly [name: string, path: string, expected: string])[] = [
    ['the root', '', 'folder'],
    ['a file', 'index.html', 'root'],
    ['a file below', 'docs/a.txt', 'a'],
    ['a folder', 'docs', 'folder'],
    ['nothing', 'nothing', 'missing'],
    ['something below a file', 'index.html/a', 'missing'],
    ['a name that is too long', 'x'.repeat(300), 'missing'],
    ['a path that is too long', 'x/'.repeat(3000), 'missing'],
    ['a hidden file', '.env', 'missing'],
    ['a hidden file below', 'docs/.draft', 'missing'],
    ['a file in a hidden folder', '.git/config', 'missing'],
    ['a hidden folder', '.git', 'missing'],
    ['a name of dots', '...', 'missing'],
    ['.well-known', '.well-known', 'folder'],
    ['a file in .well-known', '.well-known/security.txt', 'contact'],
  ];
  for (const [name, path, expected] of cases) {
    test(`${name}: ${path.slice(0, 40)}`, async (t) => {
      const site = join(makeTree(t, siteFiles), 'site');
      assert.equal(await outcomeOf(diskFolder(site, strict), path), expected);
    });
  }

  test('hidden names where they are allowed', async (t) => {
    const source = diskFolder(join(makeTree(t, siteFiles), 'site'), { ...strict, dotfiles: true });
    assert.equal(await outcomeOf(source, '.env'), 'secret');
    assert.equal(await outcomeOf(source, '.git/config'), 'secret');
    assert.equal(await outcomeOf(source, '...'), 'dots');
  });

  test('a root in a hidden folder, given by a relative path', async (t) => {
    const base = makeTree(t, { '.hidden/site/a.txt': 'a' });
    const root = relative('.', join(base, '.hidden/site'));
    for (const path of [root, `${root}/`]) {
      assert.equal(await outcomeOf(diskFolder(path, strict), 'a.txt'), 'a');
    }
  });

  test('the root of the file system', async (t) => {
    const base = makeTree(t, { 'a.txt': 'a' });
    assert.equal(await outcomeOf(diskFolder('/', strict), `${base}/a.txt`), 'a');
  });

  test('what a file says of itself', async (t) => {
    const base = makeTree(t, siteFiles);
    fs.utimesSync(join(base, 'site/docs/a.txt'), 1, 1_700_000_000.25);
    await settled();
    const found = await diskFolder(join(base, 'site'), strict).open(['docs', 'a.txt']);
    assert.ok(found.kind === 'file');
    const { name, size, modifiedMs, version } = found.file;
    assert.deepEqual({ name, size, modifiedMs }, { name: 'a.txt', size: 1, modifiedMs: 1_700_000_000_250 });
    assert.equal(await found.file.currentVersion(), version);
    await found.file.close();
  });
});

describe('dates', () => {
  const day = 24 * 3600;
  const at = (text: string) => Date.parse(text) / 1000;
  const times: readonly (readonly [name: string, seconds: number, dated: boolean])[] = [
    ['the epoch, as Bazel sets it', 0, false],
    ['a second later, as Nix sets it', 1, false],
    ['the epoch west of Greenwich', 14 * 3600, false],
    ['the epoch east of Greenwich', -14 * 3600, false],
    ['the end of the first day', day - 1, false],
    ['the second day', day, true],
    ['a zip archive without a date', at('1979-11-30T00:00:00Z'), false],
    ['the first day of zip archives, as buildpacks set it', at('1980-01-01T00:00:01Z'), false],
    ['the same far in the east', at('1979-12-31T10:00:00Z'), false],
    ['a day later, as RubyGems sets it', at('1980-01-02T00:00:00Z'), false],
    ['a month later, as Gradle sets it', at('1980-02-01T00:00:00Z'), false],
    ['the day before Yarn', at('1984-06-21T23:59:59Z'), true],
    ['what Yarn sets', 456_789_000, false],
    ['what npm sets', at('1985-10-26T08:15:00Z'), false],
    ['the same far in the west', at('1985-10-25T18:15:00Z'), false],
    ['the days around it', at('1985-10-28T08:15:00Z'), true],
    ['when there was the web', at('1993-04-30T12:00:00Z'), true],
    ['today', 1_700_000_000, true],
  ];
  for (const [name, seconds, dated] of times) {
    test(`${name}: ${dated ? 'a date' : 'no date'}`, async (t) => {
      const site = join(makeTree(t, siteFiles), 'site');
      const time = new Date(seconds * 1000);
      fs.utimesSync(join(site, 'docs/a.txt'), time, time);
      const source = diskFolder(site, strict);
      const expected = dated ? seconds * 1000 : undefined;
      const file = await openFile(source, 'docs/a.txt');
      assert.equal(file.modifiedMs, expected);
      await file.close();
      assert.equal((await source.list(['docs'])).entries[0]?.modifiedMs, expected);
    });
  }
});

describe('what is neither a file nor a folder', () => {
  for (const kind of ['FIFO', 'socket', 'device'] as const) {
    test(`a ${kind} is nothing, at once`, { timeout: SOON_MS }, async (t) => {
      const site = join(makeTree(t, siteFiles), 'site');
      const path = join(site, 'odd');
      if (kind === 'FIFO') execFileSync('mkfifo', [path]);
      else if (kind === 'device') fs.symlinkSync('/dev/zero', path);
      else await listenAt(t, path);
      const opened = aroundOpen(t, {});
      const anywhere = { ...strict, symlinks: true };
      assert.equal(await outcomeOf(diskFolder(site, anywhere), 'odd'), 'missing');
      assert.equal(await outcomeOf(diskFile(path, 'odd'), 'odd'), 'missing');
      assert.equal(opened.open, 0);
      await assert.rejects(kindOfPath(path));
      const listed = (await diskFolder(site, anywhere).list([])).entries;
      assert.ok(!listed.some(({ name }) => name === 'odd'));
    });
  }
});

async function listenAt(t: TestContext, path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
}

describe('errors of the system', () => {
  const cases: Readonly<Record<string, 'missing' | 'forbidden' | 'unavailable' | 'unknown'>> = {
    ENOENT: 'missing',
    ENOTDIR: 'missing',
    ENAMETOOLONG: 'missing',
    ELOOP: 'missing',
    ENXIO: 'missing',
    ENODEV: 'missing',
    EACCES: 'forbidden',
    EPERM: 'forbidden',
    EMFILE: 'unavailable',
    ENFILE: 'unavailable',
    EIO: 'unknown',
    ENOMEM: 'unknown',
  };
  for (const [code, expected] of Object.entries(cases)) {
    test(`${code}: ${expected}`, async (t) => {
      intercept(t, 'open', failing(code));
      for (const source of [diskFolder('/x', strict), diskFile('/x/a', 'a')]) {
        const outcome = await outcomeOf(source, 'a').catch((error) =>
          error instanceof HttpError ? error.code : 'unknown',
        );
        assert.equal(outcome, expected);
      }
    });
  }

  test('out of descriptors says when to come back', async (t) => {
    intercept(t, 'open', failing('EMFILE'));
    await assert.rejects(diskFolder('/x', strict).open(['a']), { headers: ['Retry-After', '1'] });
  });

  test('a file whose place cannot be told is closed', async (t) => {
    const site = join(makeTree(t, siteFiles), 'site');
    const opened = aroundOpen(t, {});
    intercept(t, 'realpath', failing('EIO'));
    await assert.rejects(diskFolder(site, strict).open(['index.html']), { code: 'EIO' });
    assert.equal(opened.open, 0);
  });

  const listings: Readonly<Record<string, 'nothing' | 'forbidden' | 'unavailable' | 'unknown'>> = {
    ENOENT: 'nothing',
    ENOTDIR: 'nothing',
    EACCES: 'forbidden',
    EMFILE: 'unavailable',
    EIO: 'unknown',
  };
  for (const [code, expected] of Object.entries(listings)) {
    test(`${code} of a listing: ${expected}`, async (t) => {
      const site = join(makeTree(t, siteFiles), 'site');
      intercept(t, 'readdir', failing(code));
      const outcome = await diskFolder(site, strict)
        .list([])
        .then(({ entries }) => (entries.length === 0 ? 'nothing' : 'something'))
        .catch((error) => (error instanceof HttpError ? error.code : 'unknown'));
      assert.equal(outcome, expected);
    });
  }

  test('a listing whose root cannot be told shows nothing', async (t) => {
    const site = join(makeTree(t, siteFiles), 'site');
    fs.symlinkSync('../outside/passwd', join(site, 'link'));
    const original = fs.promises.realpath;
    intercept(t, 'realpath', (path: string) => (path === site ? failing('ENOENT')() : original(path)));
    assert.deepEqual((await diskFolder(site, strict).list([])).entries, []);
  });
});

describe('versions', () => {
  test('a version of a moment ago equals no other, since a change could hide behind it', async (t) => {
    const base = makeTree(t, siteFiles);
    const source = diskFolder(join(base, 'site'), strict);
    const path = join(base, 'site/docs/a.txt');
    fs.utimesSync(path, 1, 1);
    const clock = t.mock.method(Date, 'now', () => fs.statSync(path).ctimeMs + 10);
    const [first, second] = [await source.open(['docs', 'a.txt']), await source.open(['docs', 'a.txt'])];
    assert.ok(first.kind === 'file' && second.kind === 'file');
    assert.notEqual(first.file.version, second.file.version);
    clock.mock.restore();
    await settled();
    assert.equal(await first.file.currentVersion(), await second.file.currentVersion());
    await Promise.all([first.file.close(), second.file.close()]);
  });

  const changes: Readonly<Record<string, (path: string) => void>> = {
    'new content of the same length': (path) => fs.writeFileSync(path, 'b'),
    'new content with the old time': (path) => {
      fs.writeFileSync(path, 'b');
      fs.utimesSync(path, 1000, 1000);
    },
    'more content': (path) => fs.appendFileSync(path, 'b'),
    'a new time': (path) => fs.utimesSync(path, 1, 1),
    'another file in its place': (path) => {
      fs.writeFileSync(`${path}.next`, 'a');
      fs.renameSync(`${path}.next`, path);
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    test(`${name} is another version`, async (t) => {
      const base = makeTree(t, siteFiles);
      const path = join(base, 'site/docs/a.txt');
      fs.utimesSync(path, 1000, 1000);
      const source = diskFolder(join(base, 'site'), strict);
      await settled();
      const before = await source.open(['docs', 'a.txt']);
      change(path);
      await settled();
      const after = await source.open(['docs', 'a.txt']);
      assert.ok(before.kind === 'file' && after.kind === 'file');
      assert.notEqual(after.file.version, before.file.version);
      if (name !== 'another file in its place') {
        assert.equal(await before.file.currentVersion(), after.file.version);
      }
      await Promise.all([before.file.close(), after.file.close()]);
    });
  }
});

describe('one file', () => {
  const cases: readonly (readonly [name: string, path: string, expected: string])[] = [
    ['at the root', '', 'a'],
    ['under its own name', 'a.txt', 'a'],
    ['not its neighbour', '.draft', 'missing'],
    ['not under another name', 'b.txt', 'missing'],
    ['nothing below', 'a.txt/a.txt', 'missing'],
  ];
  for (const [name, path, expected] of cases) {
    test(name, async (t) => {
      const file = join(makeTree(t, siteFiles), 'site/docs/a.txt');
      assert.equal(await outcomeOf(diskFile(file, 'a.txt'), path), expected);
    });
  }

  test('its name decides the type, also at the root', async (t) => {
    const file = join(makeTree(t, siteFiles), 'site/docs/a.txt');
    const found = await diskFile(file, 'a.txt').open([]);
    assert.ok(found.kind === 'file');
    assert.equal(found.file.name, 'a.txt');
    await found.file.close();
  });

  test('it goes, and comes back', async (t) => {
    const file = join(makeTree(t, siteFiles), 'site/docs/a.txt');
    const source = diskFile(file, 'a.txt');
    fs.rmSync(file);
    assert.equal(await outcomeOf(source, ''), 'missing');
    fs.writeFileSync(file, 'again');
    assert.equal(await outcomeOf(source, ''), 'again');
    assert.deepEqual((await source.list([])).entries, []);
  });
});

describe('a path as it is found from anywhere', () => {
  test('an absolute one stays, a relative one begins at the working folder', async () => {
    assert.equal(await absolutePath('/a/../b', '/'), '/a/../b');
    assert.equal(await absolutePath('a', undefined), join(process.cwd(), 'a'));
  });

  test('the name of the working folder that the shell knows counts if it leads there', async (t) => {
    const base = makeTree(t, siteFiles);
    fs.symlinkSync(process.cwd(), join(base, 'current'));
    assert.equal(await absolutePath('.', join(base, 'current')), join(base, 'current'));
    assert.equal(await absolutePath('a/b', join(base, 'current')), join(base, 'current/a/b'));
    for (const other of [base, join(base, 'nothing'), 'site', '']) {
      assert.equal(await absolutePath('.', other), process.cwd());
    }
  });
});

describe('what another program does to a file', () => {
  /** Fails to open so many times, then opens. */
  function failFirst(t: TestContext, times: number, code: string, errno?: number): { attempts: number } {
    const counter = { attempts: 0 };
    const original = fs.promises.open;
    intercept(t, 'open', (...args: Parameters<typeof original>) => {
      counter.attempts += 1;
      return counter.attempts <= times ? failing(code, errno)() : original(...args);
    });
    return counter;
  }

  test('a lease is waited for', async (t) => {
    const site = join(makeTree(t, siteFiles), 'site');
    const counter = failFirst(t, 3, 'EAGAIN');
    assert.equal(await outcomeOf(diskFolder(site, strict), 'docs/a.txt'), 'a');
    assert.equal(counter.attempts, 4);
  });

  test('a lease that is not given up: unavailable, and when to come back', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    intercept(t, 'open', failing('EAGAIN'));
    let error: unknown;
    const look = diskFolder('/', strict).open(['x']);
    look.catch((thrown) => {
      error = thrown;
    });
    for (let ticks = 0; ticks < 1000 && error === undefined; ticks++) {
      t.mock.timers.tick(100);
      await settle();
    }
    assert.ok(error instanceof HttpError);
    assert.deepEqual([error.code, error.headers], ['unavailable', ['Retry-After', '1']]);
  });

  test('a stale handle is looked up once more, and once only', async (t) => {
    const site = join(makeTree(t, siteFiles), 'site');
    const counter = failFirst(t, 1, 'Unknown system error -116', -116);
    assert.equal(await outcomeOf(diskFolder(site, strict), 'docs/a.txt'), 'a');
    counter.attempts = -1;
    await assert.rejects(outcomeOf(diskFolder(site, strict), 'docs/a.txt'), { errno: -116 });
    counter.attempts = 0;
    assert.equal(await outcomeOf(diskFile(join(site, 'index.html'), 'index.html'), ''), 'root');
  });
});

describe('what PATH is', () => {
  test('a folder, a file, a link to a file, nothing', async (t) => {
    const base = makeTree(t, siteFiles);
    fs.symlinkSync('site/index.html', join(base, 'link'));
    const opened = aroundOpen(t, {});
    assert.equal(await kindOfPath(join(base, 'site')), 'folder');
    assert.equal(await kindOfPath(join(base, 'site/index.html')), 'file');
    assert.equal(await kindOfPath(join(base, 'link')), 'file');
    await assert.rejects(kindOfPath(join(base, 'nothing')), { code: 'ENOENT' });
    assert.equal(opened.open, 0);
  });
});
