import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodePath, parsePath, relativeReference } from './path.ts';

/** What is understood, as `a|b` and a final `/` for a folder, or the reason of refusal. */
function outcomeOf(rawPath: string): string {
  const parsed = parsePath(rawPath);
  if (!parsed.ok) return parsed.error;
  const { segments, directory } = parsed.value;
  return segments.join('|') + (directory ? '/' : '');
}

describe('a path that is understood', () => {
  const cases: readonly (readonly [name: string, rawPath: string, expected: string])[] = [
    ['the root', '/', '/'],
    ['a file', '/index.html', 'index.html'],
    ['a file in folders', '/assets/js/app.js', 'assets|js|app.js'],
    ['a folder', '/docs/', 'docs/'],
    ['repeated slashes', '//docs///a//', 'docs|a/'],
    ['only slashes', '///', '/'],
    ['what would be another host', '//evil.example/a', 'evil.example|a'],
    ['an encoded space', '/a%20b.txt', 'a b.txt'],
    ['UTF-8 of two bytes', '/caf%C3%A9', 'café'],
    ['UTF-8 of three bytes', '/%E6%97%A5%E6%9C%AC', '日本'],
    ['UTF-8 of four bytes', '/%F0%9F%98%80', '😀'],
    ['lower-case hex digits', '/%e2%98%83', '☃'],
    ['an encoded letter', '/%61bc', 'abc'],
    ['an encoded percent sign is decoded once', '/100%25', '100%'],
    ['a twice encoded dot segment is a name', '/%252e%252e/a', '%2e%2e|a'],
    ['a twice encoded slash is a name', '/a%252Fb', 'a%2Fb'],
    ['a plus sign is no space', '/a+b', 'a+b'],
    ['encoded question mark and hash', '/a%3Fb%23c', 'a?b#c'],
    ['the same folder, as apt writes it', '/deb/./Packages', 'deb|Packages'],
    ['the same folder first', '/./a', 'a'],
    ['the same folder again and again', '/././/./a/././b', 'a|b'],
    ['the same folder at the end', '/a/.', 'a/'],
    ['the same folder with a slash at the end', '/a/./', 'a/'],
    ['the same folder, encoded', '/%2e/a/%2E', 'a/'],
    ['the root as the same folder', '/.', '/'],
    ['three dots', '/...', '...'],
    ['a hidden file', '/.hidden', '.hidden'],
    ['dots at the end', '/a..', 'a..'],
    ['dots in front', '/..a', '..a'],
    ['a scope', '/@scope/pkg@1.0.0', '@scope|pkg@1.0.0'],
    ['what browsers do not encode', '/a|b[c]', 'a|b[c]'],
    ['the first character after the controls', '/%C2%A0', '\u00a0'],
  ];
  for (const [name, rawPath, expected] of cases) {
    test(`${name}: ${rawPath}`, () => assert.equal(outcomeOf(rawPath), expected));
  }
});

describe('a path that is refused', () => {
  const UP = 'a segment that leads up';
  const RAW = 'a character that a path may not hold';
  const DECODED = 'an encoded slash, backslash or control character';
  const MALFORMED = 'malformed percent-encoding or UTF-8';
  const NO_SLASH = 'no slash at the beginning';
  const cases: readonly (readonly [name: string, rawPath: string, reason: string])[] = [
    ['nothing', '', NO_SLASH],
    ['a relative path', 'index.html', NO_SLASH],
    ['an asterisk', '*', NO_SLASH],
    ['an absolute URI', 'http://host/', NO_SLASH],
    ['an encoded slash in front', '%2Fa', NO_SLASH],
    ['the parent', '/..', UP],
    ['the parent as a folder', '/../', UP],
    ['the parent first', '/../etc/passwd', UP],
    ['the parent later', '/a/../b', UP],
    ['the parent after repeated slashes', '/a//..//b', UP],
    ['the parent, encoded', '/%2e%2e/a', UP],
    ['the parent, half encoded', '/.%2E/a', UP],
    ['the parent, the other half', '/%2e./a', UP],
    ['a backslash', '/a\\b', RAW],
    ['a backslash in front', '/\\evil.example', RAW],
    ['the parent after the same folder', '/./../a', UP],
    ['the parent after the same folder, encoded', '/%2e/%2e%2e', UP],
    ['a raw space', '/a b', RAW],
    ['a raw NUL', '/a\0', RAW],
    ['a raw line break', '/a\r\nb', RAW],
    ['a raw delete', '/a\x7f', RAW],
    ['a raw byte beyond ASCII', '/caf\xe9', RAW],
    ['a raw letter beyond Latin-1', '/日本', RAW],
    ['a fragment', '/a#b', RAW],
    ['a query left in', '/a?b', RAW],
    ['an encoded backslash', '/a%5Cb', DECODED],
    ['an encoded backslash in lower case', '/..%5c..%5cetc', DECODED],
    ['an encoded slash', '/a%2Fb', DECODED],
    ['dot games with an encoded slash', '/..%2f..%2fetc/passwd', DECODED],
    ['an encoded NUL', '/a.html%00.txt', DECODED],
    ['an encoded line break', '/a%0d%0aSet-Cookie:x', DECODED],
    ['an encoded delete', '/a%7F', DECODED],
    ['an encoded control beyond ASCII', '/a%C2%9B31m', DECODED],
    ['a lone percent sign', '/100%', MALFORMED],
    ['one hex digit', '/a%2', MALFORMED],
    ['no hex digits', '/a%zz', MALFORMED],
    ['the old Unicode escape', '/%u002e', MALFORMED],
    ['an overlong slash of two bytes', '/..%C0%AF..', MALFORMED],
    ['an overlong dot of two bytes', '/%C0%AE%C0%AE/a', MALFORMED],
    ['an overlong NUL', '/%C0%80', MALFORMED],
    ['an overlong slash of three bytes', '/%E0%80%AF', MALFORMED],
    ['an overlong slash of four bytes', '/%F0%80%80%AF', MALFORMED],
    ['Latin-1', '/caf%E9', MALFORMED],
    ['a cut sequence', '/%E6%97', MALFORMED],
    ['a sequence cut by a slash', '/%E6/%97%A5', MALFORMED],
    ['a continuation byte alone', '/%80', MALFORMED],
    ['a surrogate', '/%ED%A0%80', MALFORMED],
    ['beyond U+10FFFF', '/%F4%90%80%80', MALFORMED],
    ['five bytes', '/%F8%88%80%80%80', MALFORMED],
    ['a byte that never occurs', '/%FF', MALFORMED],
  ];
  for (const [name, rawPath, reason] of cases) {
    test(`${name}: ${JSON.stringify(rawPath)}`, () => assert.equal(outcomeOf(rawPath), reason));
  }
});

describe('the canonical path', () => {
  const cases: readonly (readonly [segments: readonly string[], directory: boolean, expected: string])[] = [
    [[], true, '/'],
    [[], false, '/'],
    [['docs'], true, '/docs/'],
    [['docs', 'a b'], false, '/docs/a%20b'],
    [['evil.example'], true, '/evil.example/'],
    [['@scope', 'a:b', 'c+d,e;f=g&h$'], false, '/@scope/a:b/c+d,e;f=g&h$'],
    [['a?b#c', '100%', '"<>"'], false, '/a%3Fb%23c/100%25/%22%3C%3E%22'],
    [['%40'], false, '/%2540'],
    [['café', '日本', '😀'], true, '/caf%C3%A9/%E6%97%A5%E6%9C%AC/%F0%9F%98%80/'],
  ];
  for (const [segments, directory, expected] of cases) {
    test(expected, () => assert.equal(encodePath(segments, directory), expected));
  }
});

describe('paths: properties', () => {
  const anySegment = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'.%2eEfFaé \\') }),
  );
  const segment = anySegment.filter(
    (name) => /^(?!\.{1,2}$)[^/\\\p{Cc}]+$/u.test(name) && name.isWellFormed(),
  );
  const segments = fc.array(segment, { maxLength: 5 });
  const rawPath = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '/',
          '//',
          '.',
          '..',
          '%2e',
          '%2E',
          '%2f',
          '%5c',
          '\\',
          '%00',
          '%25',
          '%c0%af',
          '%',
          'a',
          '%C3%A9',
        ),
        fc.string({ unit: 'binary', maxLength: 3 }),
      ),
      { maxLength: 12 },
    )
    .map((pieces) => `/${pieces.join('')}`);

  test('what was encoded is read back', () => {
    fc.assert(
      fc.property(segments, fc.boolean(), (names, directory) => {
        const parsed = parsePath(encodePath(names, directory));
        assert.deepEqual(parsed, {
          ok: true,
          value: { segments: names, directory: directory || names.length === 0 },
        });
      }),
    );
  });

  test('a canonical path begins with exactly one slash and is plain ASCII', () => {
    fc.assert(
      fc.property(segments, fc.boolean(), (names, directory) => {
        assert.match(encodePath(names, directory), /^\/(?!\/)[!-~]*$/);
      }),
    );
  });

  test('no segment is empty, a dot segment, or holds a separator or a control character', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const parsed = parsePath(raw);
        for (const name of parsed.ok ? parsed.value.segments : []) {
          assert.ok(name !== '' && name !== '.' && name !== '..');
          assert.doesNotMatch(name, /[/\\\p{Cc}]/u);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a path that is understood has one canonical form', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const parsed = parsePath(raw);
        fc.pre(parsed.ok);
        assert.deepEqual(parsePath(encodePath(parsed.value.segments, parsed.value.directory)), parsed);
      }),
    );
  });

  test('no string makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (raw) => {
        assert.equal(typeof parsePath(raw).ok, 'boolean');
      }),
    );
  });
});

describe('a relative reference', () => {
  const cases: readonly (readonly [from: string, to: string, reference: string])[] = [
    ['/docs', '/docs/', 'docs/'],
    ['/a/b', '/a/c', 'c'],
    ['/a/b/', '/a/b', '../b'],
    ['/a/index.html', '/a/', './'],
    ['/a/b/c', '/x', '../../x'],
    ['/a', '/', './'],
    ['/a/b', '/', '../'],
    ['/x', '/c:d/e', './c:d/e'],
    ['/a/x', '/a/c:d', './c:d'],
    ['/%61/x', '/a/y', 'y'],
    ['/./a', '/b', 'b'],
    ['/a/%2e/b', '/a/c', 'c'],
    ['//docs', '/docs/', 'docs/'],
  ];
  for (const [from, to, reference] of cases) {
    test(`${from} to ${to}`, () => {
      const target = parsePath(to);
      assert.ok(target.ok);
      assert.equal(relativeReference(from, target.value), reference);
    });
  }

  const name = fc.constantFrom('a', 'b', 'a:b', '%61', 'ü', 'a b', '...', '?');
  const encoded = name.map((text) => (text === '%61' ? text : encodeURIComponent(text)));
  const rawPaths = fc
    .array(fc.oneof(encoded, fc.constantFrom('', '.', '%2E')), { maxLength: 6 })
    .map((parts) => `/${parts.join('/')}`);

  test('leads to the target, below any prefix, and never to another host', () => {
    fc.assert(
      fc.property(rawPaths, fc.array(name, { maxLength: 4 }), fc.boolean(), (from, to, isFolder) => {
        const directory = isFolder || to.length === 0;
        const reference = relativeReference(from, { segments: to, directory });
        for (const prefix of ['', '/pre', '/pre/fix']) {
          const url = new URL(reference, `http://site.test${prefix}${from}`);
          const expected = prefix + encodePath(to, directory);
          const reached = decodeURIComponent(url.pathname).replace(/\/{2,}/g, '/');
          assert.equal(url.host, 'site.test');
          assert.equal(reached, decodeURIComponent(expected), `${reference} at ${prefix}${from}`);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
