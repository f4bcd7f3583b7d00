import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeSegment, parsePath } from '../path.ts';
import { matchPattern, parsePattern } from './pattern.ts';

/** What is captured, as `name=value …`; `no` if the path does not match, `!` and the reason for a bad pattern. */
function match(pattern: string, path: string): string {
  const parsed = parsePattern(pattern);
  if (!parsed.ok) return `!${parsed.error}`;
  const requested = parsePath(path);
  const captures = requested.ok ? matchPattern(parsed.value, requested.value) : undefined;
  return captures ? [...captures].map(([name, value]) => `${name}=${value}`).join(' ') : 'no';
}

const cases: readonly (readonly [pattern: string, path: string, captures: string])[] = [
  ['/a', '/a', ''],
  ['/a', '/a/', ''],
  ['/a/', '/a', ''],
  ['/a', '/A', 'no'],
  ['/a', '/a/b', 'no'],
  ['/a', '/', 'no'],
  ['a', '/a', ''],
  ['//a/./b', '/a/b', ''],
  ['/caf%C3%A9', '/caf%c3%a9', ''],
  ['/café', '/caf%C3%A9', ''],
  ['/a%2Ab', '/a*b', ''],
  ['/a%3Ab', '/a:b', ''],
  ['/', '/', ''],
  ['/*', '/', 'splat='],
  ['/*', '/a/b/', 'splat=a/b/'],
  ['/b/*', '/b', 'splat='],
  ['/b/*', '/b/', 'splat='],
  ['/b/*', '/b/x', 'splat=x'],
  ['/b/*', '/bb', 'no'],
  ['/*.php', '/a/b.php', 'splat=a/b'],
  ['/*.php', '/.php', 'splat='],
  ['/*.php', '/php', 'no'],
  ['/a*', '/abc/d', 'splat=bc/d'],
  ['/a*', '/', 'no'],
  ['/a*a', '/a', 'no'],
  ['/a*a', '/aa', 'splat='],
  ['/s/*/t', '/s/1/2/t', 'splat=1/2'],
  ['/s/*/t', '/s/1/t/', 'splat=1'],
  ['/s/*/t', '/s/t', 'no'],
  ['/p/:y/:m', '/p/24/05', 'y=24 m=05'],
  ['/p/:y/:m', '/p/24', 'no'],
  ['/p/:y/:m', '/p/24/05/', 'y=24 m=05'],
  ['/p/:id.html', '/p/7.html', 'id=7'],
  ['/p/:id.html', '/p/.html', 'no'],
  ['/p/:a-:b', '/p/1-2-3', 'b=3 a=1-2'],
  ['/p/:a-:b', '/p/-1-', 'no'],
  ['/p/x:a-x', '/p/x-x', 'no'],
  ['/p/x:a-x', '/p/x1-x', 'a=1'],
  ['/p/:a/*', '/p/1/2/3', 'a=1 splat=2/3'],
  ['/p/:a/*', '/p/1', 'a=1 splat='],
  ['/:lang/*/end', '/de/a/b/end', 'lang=de splat=a/b'],
  ['/wiki/Help:Contents', '/wiki/Help:Contents', 'Contents=:Contents'],
  ['/:1', '/:1', ''],
  ['/*/*', '/', '!more than one * in the path'],
  ['/:a:b', '/', '!two placeholders without anything between them'],
  ['/:a/:a', '/', '!the same placeholder twice'],
  ['/:splat', '/', '!a placeholder called :splat, which is what * matches'],
  ['/:a*', '/', '!a placeholder and * in the same segment'],
  ['/a?b=c', '/', '!a query in the path: write conditions as name=value after it'],
  ['/a#b', '/', '!a fragment, which no browser sends'],
  ['/a/../b', '/', '!a segment that leads up'],
  ['/a%2Fb', '/', '!an encoded slash, backslash or control character'],
  ['/a\\b', '/', '!a backslash or a control character in the path'],
  ['/%zz', '/', '!malformed percent-encoding or UTF-8'],
];

describe('patterns', () => {
  for (const [pattern, path, captures] of cases)
    test(`${pattern} and ${path}`, () => assert.equal(match(pattern, path), captures));
});

const segment = fc
  .string({ minLength: 1, maxLength: 6 })
  .filter((text) => !/[\p{Cc}\\/]|^\.{1,2}$/u.test(text));

test('a path is what its pattern says, with the captures in their places', () => {
  const part = fc.oneof(
    segment.map((text) => ({
      text: encodeSegment(text.toWellFormed()).replaceAll(':', '%3A').replaceAll('*', '%2A'),
      value: text.toWellFormed(),
    })),
    segment.map((text) => ({ text: ':', value: text.toWellFormed() })),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const pattern = `/${parts.map(({ text }, at) => (text === ':' ? `:n${at}` : text)).join('/')}`;
      const parsed = parsePattern(pattern);
      assert.ok(parsed.ok, pattern);
      const captures = matchPattern(parsed.value, {
        segments: parts.map(({ value }) => value),
        directory: false,
      });
      assert.ok(captures, pattern);
      for (const [at, { text, value }] of parts.entries())
        if (text === ':') assert.equal(captures.get(`n${at}`), value);
    }),
  );
});

test('any pattern and any path: never throws, and never takes long', () => {
  const odd = fc.string({
    unit: fc.constantFrom('/', ':', '*', 'a', 'b', '.', '-', '%', '2', 'F', '\u0000', 'é'),
    maxLength: 40,
  });
  fc.assert(fc.property(odd, odd, (pattern, path) => void match(pattern, path)));
  const parsed = parsePattern(`/${Array.from({ length: 200 }, (_, at) => `:n${at}-`).join('')}x`);
  assert.ok(parsed.ok);
  const began = performance.now();
  for (let i = 0; i < 20; i++)
    matchPattern(parsed.value, { segments: ['a-'.repeat(20_000)], directory: false });
  assert.ok(performance.now() - began < 1000);
});
