import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { contentOfPage, contentOfSite, hashOfPath, MAX_FILES, type SiteFile, VARIANTS } from './content.ts';

const file = (path: string, content: string | Uint8Array = path): SiteFile => ({
  segments: path.split('/'),
  content: Buffer.from(content),
  contentType: path.endsWith('.html') ? 'text/html; charset=utf-8' : 'image/png',
});
const TEXT = 'some words, and some words more, and some words again, and again. '.repeat(9);

interface Read {
  readonly head: string;
  readonly body: number;
}

/** What the program makes of the list: the variants of every response. */
function variantsOf({ packedList, listBytes }: ReturnType<typeof contentOfSite>): Read[][] {
  const list = inflateRawSync(packedList);
  assert.equal(list.length, listBytes);
  const all: Read[] = [];
  for (let at = 0; at < list.length; ) {
    const length = list[at] ?? 0;
    const head = list.toString('latin1', at + 1, at + 1 + length);
    all.push({ head, body: list.readInt32LE(at + 1 + length) });
    at += 1 + length + 4;
  }
  const responses = Math.floor(all.length / VARIANTS);
  assert.equal(all.length, responses * VARIANTS + 1);
  return Array.from({ length: responses }, (_, response) =>
    all.slice(response * VARIANTS, (response + 1) * VARIANTS),
  );
}

const pathsOf = (...paths: string[]) =>
  contentOfSite(paths.map((path) => file(path)))
    .paths.map(({ text }) => text)
    .toSorted();

describe('the paths of a site', () => {
  const cases: readonly (readonly [name: string, files: readonly string[], paths: readonly string[]])[] = [
    ['a file', ['a.png'], ['/a.png']],
    ['the index of the root', ['index.html'], ['/', '/index.html']],
    ['the index of a folder', ['b/c/index.html'], ['/b/c', '/b/c/', '/b/c/index.html']],
    ['a folder without an index', ['b/a.png'], ['/b/a.png']],
    ['the page for what is missing', ['404.html', 'a'], ['/a']],
    ['a page of that name elsewhere', ['b/404.html'], ['/b/404.html']],
    ['a space', ['a b.png'], ['/a%20b.png']],
    ['letters that are not ASCII', ['ä.png'], ['/%C3%A4.png']],
    ['what begins other parts of an address', ['a?b#c%d'], ['/a%3Fb%23c%25d']],
    ['what has two spellings', ['[a].png'], ['/%5Ba%5D.png', '/[a].png']],
    [
      'two spellings of a folder',
      ['@/index.html'],
      ['/%40', '/%40/', '/%40/index.html', '/@', '/@/', '/@/index.html'],
    ],
  ];
  for (const [name, files, paths] of cases) {
    test(name, () => assert.deepEqual(pathsOf(...files), paths));
  }

  test('do not depend on the order of the files', () => {
    const files = ['b.html', 'a.png', 'c/index.html', 'a.html'].map((path) => file(path));
    assert.deepEqual(contentOfSite(files.toReversed()), contentOfSite(files));
  });
});

describe('hashOfPath', () => {
  test('has 32 bits, and distinguishes letters by case', () => {
    assert.ok(hashOfPath('/a/long/path/with/many/letters') < 2 ** 32);
    assert.notEqual(hashOfPath('/A'), hashOfPath('/a'));
  });

  test('is another one for every path that differs in four characters next to each other', () => {
    const character = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    const four = fc.array(character, { minLength: 4, maxLength: 4 }).map((all) => all.join(''));
    const path = fc.array(character).map((all) => all.join(''));
    fc.assert(
      fc.property(path, four, four, path, (before, left, right, behind) => {
        fc.pre(left !== right);
        assert.notEqual(hashOfPath(before + left + behind), hashOfPath(before + right + behind));
      }),
    );
  });
});

describe('responses', () => {
  test('a file that packs: as it is, packed, and not at all', () => {
    const { paths, tags, stored, ...content } = contentOfSite([file('a.html', TEXT)]);
    const [refused, missing, response] = variantsOf({ paths, tags, stored, ...content });
    assert.match(refused?.[0]?.head ?? '', /^HTTP\/1\.1 405 /);
    assert.match(missing?.[0]?.head ?? '', /^HTTP\/1\.1 404 /);
    assert.deepEqual(paths, [{ text: '/a.html', response: 2 }]);
    const [plain, packed, same, both] = response ?? [];
    const length = (stored[0]?.length ?? 0) + 10;
    assert.ok(plain?.head.endsWith(`ETag:W/"${tags[0]}"\r\nContent-Length:${TEXT.length}\r\n\r\n`));
    assert.ok((plain?.body ?? 0) < 0, 'to be unpacked');
    assert.ok(packed?.head.includes(`Content-Encoding:gzip\r\n`));
    assert.ok(packed?.head.includes(`Content-Length:${length}\r\n\r\n\x1f\x8b`));
    assert.equal(packed?.body, length - 10);
    assert.equal(same?.head, `HTTP/1.1 304 \r\nVary:Accept-Encoding\r\nETag:W/"${tags[0]}"\r\n\r\n`);
    assert.deepEqual(both, { head: '', body: 0 });
  });

  test('a file that does not pack: no variant for gzip, and no Vary', () => {
    const content = contentOfPage(file('a.png', 'abc'));
    const [plain, packed, same] = variantsOf(content)[2] ?? [];
    assert.deepEqual([plain?.body, packed], [3, { head: '', body: 0 }]);
    assert.doesNotMatch(`${plain?.head}${same?.head}`, /Vary/);
    assert.deepEqual(content.stored.map(String), ['abc']);
  });

  test('the page for what is missing has no tag, and its packed variant is for gzip only', () => {
    const [, missing] = variantsOf(contentOfSite([file('404.html', TEXT), file('a.png')]));
    assert.match(missing?.[0]?.head ?? '', /^HTTP\/1\.1 404 \r\n(?!.*ETag)/s);
    assert.match(missing?.[1]?.head ?? '', /^HTTP\/1\.1 404 \r\nContent-Encoding:gzip/);
    assert.match(missing?.[2]?.head ?? '', /^HTTP\/1\.1 404 \r\nContent-Length:0\r\n\r\n$/);
  });

  test('content that changes gets another tag', () => {
    const [first, second] = ['x', 'y'].map((content) => contentOfPage(file('a.png', content)).tags[0]);
    assert.notEqual(first, second);
  });
});

describe('what does not fit', () => {
  const many = Array.from({ length: MAX_FILES + 1 }, (_, index) => file(`${index}.png`));
  const large = file('large.png', Buffer.alloc(33 * 1024 * 1024));
  const cases: readonly (readonly [name: string, make: () => unknown, message: RegExp])[] = [
    ['nothing', () => contentOfSite([]), /^no file to serve$/],
    ['too many files', () => contentOfSite(many), /^1001 files; at most 1000 fit$/],
    [
      'too much',
      () => contentOfSite([large, { ...large, segments: ['b'] }]),
      /^69206016 bytes of content; at most/,
    ],
    [
      'a long type',
      () => contentOfPage({ ...file('a'), contentType: 'x'.repeat(200) }),
      /^a head of 2\d\d bytes/,
    ],
    ['two files of one name', () => contentOfSite([file('a'), file('a')]), /^\/a and \/a have the same hash/],
  ];
  for (const [name, make, message] of cases) {
    test(name, () => assert.throws(make, { name: 'SiteError', message }));
  }
});
