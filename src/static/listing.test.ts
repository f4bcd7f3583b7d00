import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type ListingEntry, renderListing as partsOfListing, renderJson } from './listing.ts';

const renderListing = (...args: Parameters<typeof partsOfListing>) => [...partsOfListing(...args)].join('');

const file = (name: string, fields: Partial<ListingEntry> = {}): ListingEntry => ({
  name,
  directory: false,
  size: 1,
  modifiedMs: 0,
  ...fields,
});
const folder = (name: string): ListingEntry => file(name, { directory: true });

interface Link {
  readonly href: string;
  readonly text: string;
}

/** The links of the table, undone from HTML. */
function links(html: string): Link[] {
  const table = html.slice(html.indexOf('<tbody>'));
  const anchors = table.matchAll(/<a href="([^"]*)">(.*?)<\/a>/gs);
  return Array.from(anchors, ([, href = '', text = '']) => ({
    href: unescapeHtml(href),
    text: unescapeHtml(text.replace(/<\/?bdi>/g, '')),
  }));
}

function unescapeHtml(text: string): string {
  const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text.replace(/&([a-z]+|#39);/g, (_, name) => characters[name] ?? assert.fail(`entity ${name}`));
}

const linkCases: readonly [name: string, entry: ListingEntry, href: string][] = [
  ['plain', file('a.txt'), './a.txt'],
  ['folder', folder('sub'), './sub/'],
  ['space', file('a b'), './a%20b'],
  ['script', file('javascript:alert(1)'), './javascript%3Aalert(1)'],
  ['tag', file('<img src=x onerror=alert(1)>'), './%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E'],
  ['quotes', file('"\''), "./%22'"],
  ['entity', file('a&amp;b'), './a%26amp%3Bb'],
  ['percent', file('a%2fb'), './a%252fb'],
  ['query and fragment', file('a?b#c'), './a%3Fb%23c'],
  ['non-ASCII', file('фото.jpg'), './%D1%84%D0%BE%D1%82%D0%BE.jpg'],
  ['lone surrogate', file('a\ud800'), './a%EF%BF%BD'],
];

describe('links', () => {
  for (const [name, entry, href] of linkCases) {
    test(name, () => {
      const text = `${entry.name.toWellFormed()}${entry.directory ? '/' : ''}`;
      assert.deepEqual(links(renderListing([], [entry])), [{ href, text }]);
    });
  }

  test('lead to the entry, whatever its name', () => {
    const base = 'http://x.example/a/b/';
    fc.assert(
      fc.property(fileName(), fc.boolean(), (name, directory) => {
        const [, link] = links(renderListing(['a', 'b'], [file(name, { directory })]));
        const url = new URL(link?.href ?? '', base).href;
        assert.ok(url.startsWith(base));
        assert.equal(decodeURIComponent(url.slice(base.length)), directory ? `${name}/` : name);
      }),
    );
  });
});

function fileName() {
  const nasty = fc.string({
    unit: fc.constantFrom('<', '>', '"', "'", '&', ';', '%', '2', 'f', '?', ':', ' '),
  });
  const names = fc.oneof(nasty, fc.string({ unit: 'grapheme' }));
  return names.filter((name) => !['', '.', '..'].includes(name) && !/[/\0]/.test(name));
}

test('no name can add markup', () => {
  const marks = (html: string) => html.replace(/[^<>"]/g, '');
  const harmless = marks(renderListing(['x'], [file('x')]));
  fc.assert(
    fc.property(fileName(), (name) => assert.equal(marks(renderListing([name], [file(name)])), harmless)),
  );
});

test('nothing is loaded and nothing runs', () => {
  const html = renderListing(['a'], [file('b'), folder('c')]);
  assert.doesNotMatch(html, /<script|<link|<img|\bsrc=|\bstyle=|\son\w+=|@import|url\(/i);
});

describe('order', () => {
  const orderCases: readonly [name: string, entries: ListingEntry[], expected: string[]][] = [
    ['folders first', [file('a'), folder('z'), folder('b')], ['b/', 'z/', 'a']],
    ['case does not matter', [file('b'), file('C'), file('a')], ['a', 'b', 'C']],
    ['case decides between equals', [file('readme'), file('README')], ['README', 'readme']],
  ];
  for (const [name, entries, expected] of orderCases) {
    test(name, () => {
      const given = [...entries];
      assert.deepEqual(
        links(renderListing([], entries)).map(({ text }) => text),
        expected,
      );
      assert.deepEqual(entries, given, 'the argument stays as it was');
    });
  }
});

describe('place', () => {
  test('the root has no parent', () => {
    assert.deepEqual(links(renderListing([], [])), []);
    assert.match(renderListing([], []), /<title>\/<\/title>/);
  });

  test('a folder leads to its parent', () => {
    assert.deepEqual(links(renderListing(['a'], [])), [{ href: '../', text: 'Parent folder' }]);
  });

  test('the heading leads to each folder above', () => {
    const html = renderListing(['a', 'b<'], []);
    assert.match(html, /<title>\/a\/b&lt;\/<\/title>/);
    const heading = '<a href="../../">/</a><a href="../"><bdi>a</bdi>/</a><bdi>b&lt;</bdi>/';
    assert.ok(html.includes(`<h1>${heading}</h1>`));
  });

  test('an empty folder says so', () => {
    assert.match(renderListing([], []), /This folder is empty/);
    assert.doesNotMatch(renderListing([], [file('a')]), /This folder is empty/);
  });
});

describe('names that pose as others', () => {
  const cases: readonly (readonly [what: string, name: string, shown: string])[] = [
    ['right-to-left override', 'a\u202egpj.exe', 'a⟨U+202E⟩gpj.exe'],
    ['left-to-right override', 'a\u202dgpj.exe', 'a⟨U+202D⟩gpj.exe'],
    ['embedding', 'a\u202b\u202agpj.exe\u202c', 'a⟨U+202B⟩⟨U+202A⟩gpj.exe⟨U+202C⟩'],
    ['isolates', '\u2066a\u2067b\u2068c\u2069', '⟨U+2066⟩a⟨U+2067⟩b⟨U+2068⟩c⟨U+2069⟩'],
    ['marks', 'a\u200eb\u200fc\u061cd', 'a⟨U+200E⟩b⟨U+200F⟩c⟨U+061C⟩d'],
    ['line and paragraph', 'a\u2028b\u2029c', 'a⟨U+2028⟩b⟨U+2029⟩c'],
    ['spaces without width', 'a\u200bb\u2060c\ufeffd', 'a⟨U+200B⟩b⟨U+2060⟩c⟨U+FEFF⟩d'],
    ['soft hyphen and fillers', 'a\u00adb\u3164c\u115fd', 'a⟨U+00AD⟩b⟨U+3164⟩c⟨U+115F⟩d'],
    ['invisible of other planes', 'a\u{1d173}b\u{e0001}c', 'a⟨U+1D173⟩b⟨U+E0001⟩c'],
    ['Hebrew and Arabic stay', 'שלום.txt', 'שלום.txt'],
    ['Persian with its non-joiner stays', 'می\u200cخواهم.txt', 'می\u200cخواهم.txt'],
    ['emoji that are joined stay', '👩\u200d💻❤\ufe0f.png', '👩\u200d💻❤\ufe0f.png'],
    ['flags that are spelt stay', '🏴\u{e0067}\u{e0062}\u{e007f}.svg', '🏴\u{e0067}\u{e0062}\u{e007f}.svg'],
  ];
  for (const [what, name, shown] of cases) {
    test(what, () => {
      const [link] = links(renderListing([], [file(name)]));
      assert.deepEqual(link, { href: `./${encodeURIComponent(name)}`, text: shown });
      const html = renderListing([name], []);
      assert.ok(html.includes(`<title>/${shown}/</title>`), 'in the title');
      assert.ok(html.includes(`<bdi>${shown}</bdi>/</h1>`), 'in the heading');
    });
  }
});

test('what is left out is said', () => {
  const page = (unnamable: number, beyond: number) => renderListing([], [], { unnamable, beyond });
  assert.doesNotMatch(renderListing([], [file('a')]), /left out/);
  assert.match(page(1, 0), /<p>1 entry is left out, because no URL can hold the name/);
  assert.match(page(2, 0), /<p>2 entries are left out/);
  assert.match(page(0, 2000), /<p>This folder is too large to be listed: 2000 of its entries are left out/);
  for (const html of [page(1, 0), page(0, 2000)]) assert.doesNotMatch(html, /is empty/);
});

const sizes: readonly [bytes: number, text: string][] = [
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [10 * 1024, '10 KiB'],
  [10_188, '9.9 KiB'],
  [10_189, '10 KiB'],
  [1023.4 * 1024, '1023 KiB'],
  [1023.6 * 1024, '1.0 MiB'],
  [12 * 1024 ** 2, '12 MiB'],
  [5 * 1024 ** 4, '5.0 TiB'],
  [2 ** 53 - 1, '8.0 PiB'],
  [2 ** 70, '1048576 PiB'],
];

describe('sizes', () => {
  for (const [size, text] of sizes) {
    test(text, () => assert.ok(renderListing([], [file('a', { size })]).includes(`<td>${text}</td>`)));
  }
});

describe('times', () => {
  test('are UTC to the minute', () => {
    const html = renderListing([], [file('a', { modifiedMs: Date.UTC(2026, 10, 21, 9, 5, 59) })]);
    assert.ok(html.includes('<time datetime="2026-11-21T09:05:59.000Z">2026-11-21 09:05</time>'));
  });

  for (const modifiedMs of [undefined, Number.NaN, 1e17, -1e17]) {
    test(`stay out when they are none: ${modifiedMs}`, () => {
      assert.doesNotMatch(renderListing([], [file('a', { modifiedMs })]), /<time/);
    });
  }
});

describe('the heads of the columns', () => {
  const head = (html: string) => html.slice(html.indexOf('<thead>'), html.indexOf('</thead>'));
  const view = (by: 'name' | 'size' | 'date', descending: boolean) =>
    head(renderListing([], [file('a')], undefined, { order: { by, descending } }));
  const descends = '<form><input type="hidden" name="order" value="desc">';

  test('are buttons of forms: programs that mirror a site follow every link', () => {
    assert.doesNotMatch(head(renderListing([], [file('a')])), /href/);
    assert.equal(head(renderListing([], [file('a')])).match(/<button name="sort" value="\w+">/g)?.length, 3);
  });

  test('say what the order is, and turn it round', () => {
    assert.match(
      view('name', false),
      new RegExp(`<th scope="col" aria-sort="ascending">${descends}<button name="sort" value="name"`),
    );
    assert.match(
      view('size', true),
      /<th scope="col" aria-sort="descending"><form><button name="sort" value="size"/,
    );
    assert.match(
      view('date', false),
      new RegExp(`aria-sort="ascending">${descends}<button name="sort" value="date"`),
    );
  });

  test('begin with the largest and the latest', () => {
    for (const column of ['size', 'date'])
      assert.match(
        view('name', false),
        new RegExp(`<th scope="col">${descends}<button name="sort" value="${column}"`),
      );
  });
});

test('the entries follow the order', () => {
  const entries = [file('a', { size: 1 }), file('b', { size: 3 }), file('c', { size: 2 })];
  const html = renderListing([], entries, undefined, { order: { by: 'size', descending: true } });
  assert.deepEqual(
    links(html).map(({ text }) => text),
    ['b', 'c', 'a'],
  );
});

describe('the summary', () => {
  const cases: readonly (readonly [entries: ListingEntry[], text: string])[] = [
    [[file('a', { size: 1024 }), file('b', { size: 512 }), folder('c')], '1 folder, 2 files, 1.5 KiB'],
    [[folder('a'), folder('b')], '2 folders'],
    [[file('a', { size: 0 })], '1 file, 0 B'],
  ];
  for (const [entries, text] of cases) {
    test(text, () => assert.ok(renderListing([], entries).includes(`<p>${text}</p>`)));
  }
});

test('each kind has its icon', () => {
  const cases: readonly (readonly [entry: ListingEntry, icon: string])[] = [
    [folder('a.jpg'), 'd'],
    [file('a.JPG'), 'i'],
    [file('a.mp3'), 'a'],
    [file('a.webm'), 'v'],
    [file('a.tar.gz'), 'z'],
    [file('a.ts'), 'c'],
    [file('a.md'), 't'],
    [file('LICENSE'), 'f'],
    [file('.jpg'), 'f'],
    [file('a.constructor'), 'f'],
  ];
  for (const [entry, icon] of cases)
    assert.ok(renderListing([], [entry]).includes(`<tr class="${icon}">`), entry.name);
});

test('a README stands below the table', () => {
  const readme = { name: 'README"<b>.md', html: '<p>Hi</p>' };
  const html = renderListing([], [file('a')], undefined, { readme });
  assert.ok(
    html.includes('</table>\n<section aria-label="README&quot;&lt;b&gt;.md">\n<p>Hi</p></section>\n</main>'),
  );
});

describe('JSON', () => {
  const json = (...args: Parameters<typeof renderJson>) => JSON.parse([...renderJson(...args)].join(''));

  test('has name, kind, size and time', () => {
    const modifiedMs = Date.UTC(2026, 10, 21, 9, 5, 59, 123);
    const entries = [
      file('b', { size: 0, modifiedMs }),
      folder('c'),
      file('a"\n', { modifiedMs: undefined }),
    ];
    assert.deepEqual(json(entries), [
      { name: 'c', kind: 'folder', mtime: '1970-01-01T00:00:00Z' },
      { name: 'a"\n', kind: 'file', size: 1 },
      { name: 'b', kind: 'file', size: 0, mtime: '2026-11-21T09:05:59Z' },
    ]);
  });

  test('follows the order, over more than one part', () => {
    const entries = Array.from({ length: 600 }, (_, i) => file(`f${i}`, { size: i }));
    const listed = json(entries, { by: 'size', descending: true });
    assert.deepEqual(
      listed.map(({ size }: ListingEntry) => size),
      Array.from({ length: 600 }, (_, i) => 599 - i),
    );
  });

  test('of nothing is an empty array', () => assert.deepEqual(json([]), []));
});
