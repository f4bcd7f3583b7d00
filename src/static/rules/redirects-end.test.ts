/** Redirects of rules, of clean URLs, and of folders to their slash, together: who follows them arrives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headerOf, MemorySource, staticOptions } from '../fixtures.ts';
import { createStaticStage } from '../handler.ts';
import { openRuleFiles, withoutRuleFiles } from '../rule-files.ts';

const MAX_HOPS = 12;
const options = staticOptions;

interface Site {
  readonly names: readonly string[];
  readonly rules: readonly string[];
  readonly cleanUrls?: boolean;
  readonly listing?: boolean;
}

/** The paths on the way, and the status in the end. */
async function follow({ names, rules, ...modes }: Site, start: string): Promise<string[]> {
  const source = new MemorySource({
    ...Object.fromEntries(names.map((name) => [name, name])),
    _redirects: rules.join('\n'),
  });
  const files = await openRuleFiles(source);
  const stage = createStaticStage(withoutRuleFiles(source), { ...options, ...modes }, { rules: files });
  const way: string[] = [];
  for (let url = new URL(start, 'http://site.test'); ; ) {
    const { pathname: path, search: query } = url;
    const plan = await stage({ method: 'GET', target: path + query, path, query, headers: {}, client: '' });
    const location = headerOf(plan.headers, 'location');
    if (location === undefined) return [...way, String(plan.status)];
    way.push(path + query);
    assert.ok(way.length < MAX_HOPS, `${names} | ${rules.join(' | ')} | ${way.join(' → ')}`);
    url = new URL(location, url);
  }
}

const cases: readonly (readonly [site: Site, start: string, way: readonly string[]])[] = [
  [{ names: ['docs/a.txt'], rules: ['/docs/ /docs'] }, '/docs/', ['404']],
  [{ names: ['docs/a.txt'], rules: ['/docs/ /docs'] }, '/docs', ['/docs', '404']],
  [{ names: ['docs/a.txt'], rules: ['/old /docs', '/docs/ /old 302'] }, '/old', ['404']],
  [{ names: ['a.html'], rules: ['/a /a.html 301!'], cleanUrls: true }, '/a', ['200']],
  [{ names: ['a/index.html'], rules: ['/a/ /a 301!'] }, '/a/', ['200']],
  [{ names: ['a/index.html'], rules: ['/b /a'] }, '/b', ['/b', '/a', '200']],
  // Many clients leave out a question mark with nothing behind it.
  [{ names: ['a'], rules: ['/a /a? 301!'] }, '/a?b', ['/a?b', '200']],
  [{ names: [], rules: ['/* /a?'] }, '/', ['/', '404']],
  // A rule whose target would be no path is passed over, where a circle is looked for as well.
  [{ names: ['a/index.html'], rules: ['/:x /a 301!', '/a q=:x /:x 301!'] }, '/b?q=%2e%2e', ['404']],
  // A rule that is not forced ends the search where there is a folder: so the third never counts.
  [
    { names: ['a/b.txt'], rules: ['/a /a?q=1 302!', '/a /a', '/a / 302!'], listing: true },
    '/a',
    ['/a', '200'],
  ],
];

for (const [site, start, way] of cases) {
  test(`${start} of ${site.names} with ${site.rules.join(', ')}`, async () => {
    assert.deepEqual(await follow(site, start), way);
  });
}

test('whatever the files and rules are', async () => {
  const name = fc.constantFrom('a.html', 'a/b.txt', 'a/index.html', 'b.html', 'b/a.html', 'a', 'index.html');
  const from = fc.constantFrom('/a', '/b', '/a.html', '/*', '/a/*', '/:x', '/:x/:y', '/index.html');
  const to = fc.constantFrom(
    '/',
    '/a',
    '/a/',
    '/a.html',
    '/b',
    '/a/index.html',
    '/:splat',
    '/:x',
    '/a?q=1',
    '/a?',
    '/c',
  );
  const rule = fc.tuple(from, to, fc.constantFrom('', ' 302!', ' 301!', ' 200', ' 404'));
  const site = fc.record({
    names: fc
      .uniqueArray(name, { maxLength: 4 })
      .filter((all) => !all.includes('a') || !all.some((one) => one.startsWith('a/'))),
    rules: fc.array(
      rule.map(([source, target, status]) => `${source} ${target}${status}`),
      { maxLength: 5 },
    ),
    cleanUrls: fc.boolean(),
    listing: fc.boolean(),
  });
  const start = fc.constantFrom('/', '/a', '/a/', '/a.html', '/b', '/b/a', '/a/index.html', '/c/');
  await fc.assert(
    fc.asyncProperty(site, start, async (one, path) => void (await follow(one, path))),
    { numRuns: 2000 },
  );
});
