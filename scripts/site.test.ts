import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { embeddedFolder } from '../src/static/embedded.ts';
import { failing, intercept, makeTree, openFile, outcomeOf, siteFiles } from '../src/static/fixtures.ts';
import { readSite } from './site.ts';

test('says what is inside and what was left out, and why', async (t) => {
  const site = join(makeTree(t, siteFiles), 'site');
  fs.symlinkSync('../outside/passwd', join(site, 'out'));
  fs.symlinkSync('nowhere', join(site, 'dangling'));
  fs.symlinkSync('..', join(site, 'docs/up'));
  fs.writeFileSync(Buffer.from(join(site, 'caf\xe9.txt'), 'latin1'), 'latin1');
  fs.symlinkSync('a.txt', join(site, 'docs/same.txt'));
  const { archive, files, bytes, leftOut } = await readSite(site, undefined);
  assert.deepEqual([files, bytes], [4, 'root'.length + 'a'.length * 2 + 'contact'.length]);
  assert.deepEqual(leftOut.toSorted(), [
    '...: its name begins with a dot',
    '.env: its name begins with a dot',
    '.git: its name begins with a dot',
    'caf\ufffd.txt: its name is not UTF-8',
    'dangling: a link to nothing that may be served: outside, hidden or absent',
    'docs/.draft: its name begins with a dot',
    'docs/up: a link to a folder above it',
    'out: a link to nothing that may be served: outside, hidden or absent',
  ]);
  assert.equal(await outcomeOf(embeddedFolder(archive), 'docs/same.txt'), 'a');
  for (const secret of ['secret', 'outside']) assert.ok(!archive.includes(secret), secret);
});

test('the same folder gives the same bytes, wherever it is and however old', async (t) => {
  const first = await readSite(join(makeTree(t, siteFiles), 'site'), undefined);
  const reversed = Object.fromEntries(Object.entries(siteFiles).toReversed());
  const second = await readSite(join(makeTree(t, reversed), 'site'), undefined);
  assert.ok(first.archive.equals(second.archive));
});

describe('SOURCE_DATE_EPOCH', () => {
  const dates: readonly (readonly [value: string | undefined, modifiedMs: number | undefined])[] = [
    [undefined, undefined],
    ['', undefined],
    ['0', undefined],
    ['1', undefined],
    ['315532800', undefined],
    ['1700000000', 1_700_000_000_000],
  ];
  for (const [value, modifiedMs] of dates) {
    test(`${JSON.stringify(value)}: ${modifiedMs ?? 'no date'}`, async (t) => {
      const { archive } = await readSite(join(makeTree(t, siteFiles), 'site'), value);
      assert.equal((await openFile(embeddedFolder(archive), 'index.html')).modifiedMs, modifiedMs);
    });
  }

  for (const value of ['yesterday', '-1', '1.5', '1e9', '999999999999']) {
    test(`${value} is refused`, async (t) => {
      const site = join(makeTree(t, siteFiles), 'site');
      await assert.rejects(readSite(site, value), {
        name: 'SiteError',
        message: `SOURCE_DATE_EPOCH is "${value}"; allowed: seconds since 1970`,
      });
    });
  }
});

describe('what cannot be embedded', () => {
  test('a file', async (t) => {
    const file = join(makeTree(t, siteFiles), 'site/index.html');
    await assert.rejects(readSite(file, undefined), { message: `cannot embed ${file}: not a folder` });
  });

  test('nothing', async () => {
    await assert.rejects(readSite('/nowhere', undefined), { message: /^cannot embed \/nowhere: ENOENT/ });
  });

  test('what may not be read', async (t) => {
    const site = join(makeTree(t, siteFiles), 'site');
    const original = fs.promises.open;
    intercept(t, 'open', (path: string) => (/index/.test(path) ? failing('EACCES')() : original(path)));
    await assert.rejects(readSite(site, undefined), { message: /^cannot read .*index\.html: forbidden$/ });
  });
});
