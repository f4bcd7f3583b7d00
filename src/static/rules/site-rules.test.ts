/** What no rule can do, whatever is written in the files and requested. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Plan } from '../../http/types.ts';
import { resultOf } from '../../util/turns.ts';
import { parsePath } from '../path.ts';
import { compileRules as compileRulesSteps } from './site-rules.ts';

const compileRules = (...texts: Parameters<typeof compileRulesSteps>) =>
  resultOf(compileRulesSteps(...texts));

const nowhere = async () => ({ hasContent: false });

const OWN =
  /^(?:content-length|transfer-encoding|connection|date|etag|location|content-encoding|keep-alive|upgrade|trailer)$/i;

const part = fc.constantFrom(
  '/',
  '//',
  ':splat',
  ':a',
  ':b',
  '*',
  'evil.test',
  '..',
  '.',
  '%2e%2e',
  '%2f',
  '%5c',
  '\\',
  '@',
  '?',
  '#',
  '&x=',
  '%0d%0aSet-Cookie:x',
  'https://',
  'http:',
  'javascript:',
  'é',
  '%',
  ' ',
  '%20',
  '\u2028',
  '\t',
  '\u0000',
  '😀',
);
const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
const rule = fc
  .tuple(
    fc.constantFrom('/*', '/:a/*', '/x/:a-:b', '/x', '/a/* q=:b'),
    fc.constantFrom('/', '/:splat', '/:a/', 'https://good.test/', 'http://good.test:8080', '/x?', '/#'),
    text,
    fc.constantFrom('', ' 301', ' 302!', ' 200', ' 404!', ' 307'),
  )
  .map(([from, to, rest, status]) => `${from} ${to}${rest.replace(/\s/g, '')}${status}`);
const path = text.map((rest) => `/${rest}`);

test('a redirect names no host but one that is written in the file, and is one line of ASCII', async () => {
  const prefix = 'http://site.test/pre/fix';
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { maxLength: 4 }), path, text, async (rules, rawPath, rawQuery) => {
      const requested = parsePath(rawPath);
      if (!requested.ok) return;
      const query = rawQuery === '' ? '' : `?${encodeURI(rawQuery).replaceAll('#', '')}`;
      const { rules: compiled } = compileRules(rules.join('\n'), '');
      const outcome = await compiled?.outcomeFor({ path: rawPath, query }, requested.value, true, nowhere);
      if (outcome?.kind === 'file') {
        assert.ok(outcome.path.segments.every((name) => !/^\.{0,2}$|[/\\\0]/.test(name)));
        return;
      }
      if (!outcome) return;
      assert.match(outcome.location, /^[!-~]+$/);
      const url = new URL(outcome.location, prefix + rawPath);
      if (/^https?:\/\/good\.test/.test(outcome.location)) return assert.equal(url.hostname, 'good.test');
      assert.equal(url.host, 'site.test');
      assert.ok(url.pathname.startsWith('/pre/fix/'), `${url.pathname} of ${outcome.location} at ${rawPath}`);
    }),
    { numRuns: 2000 },
  );
});

test('a redirect by rules ends: who follows it gets something else than a redirect in the end', async () => {
  const places = fc.constantFrom('/a', '/b', '/c/', '/a/b', '/:splat', '/a/:splat', '/:x', '/a?y', '/b?z=1');
  const froms = fc.constantFrom('/a', '/b', '/c', '/*', '/a/*', '/:x', '/a/:x');
  const lines = fc.array(fc.tuple(froms, places, fc.constantFrom('', ' 302!', ' 200')), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(lines, fc.constantFrom('/a', '/b', '/c/', '/a/b', '/d'), async (list, start) => {
      const { rules } = compileRules(
        list.map(([from, to, status]) => `${from} ${to}${status}`).join('\n'),
        '',
      );
      let url = new URL(start, 'http://site.test');
      for (let hops = 0; ; hops++) {
        const requested = parsePath(url.pathname);
        assert.ok(requested.ok && hops < 10, `${list} from ${start}`);
        const facts = { path: url.pathname, query: url.search };
        const outcome = await rules?.outcomeFor(facts, requested.value, true, nowhere);
        if (outcome?.kind !== 'redirect') return;
        url = new URL(outcome.location, url);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a query is parsed once, however many rules for its path have conditions', async (t) => {
  const moved = Array.from({ length: 1000 }, (_, at) => `/index.php p=${at} /posts/${at}?\n`);
  const { rules } = compileRules(`${moved.join('')}/:page.php q=:q /search?for=:q&on=:page\n`, '');
  let parsed = 0;
  const real = URLSearchParams;
  t.mock.property(
    globalThis,
    'URLSearchParams',
    class extends real {
      constructor(query: string) {
        super(query);
        parsed += 1;
      }
    } as typeof real,
  );
  const locationFor = async (query: string) => {
    const path = { segments: ['index.php'], directory: false };
    const outcome = await rules?.outcomeFor({ path: '/index.php', query }, path, true, nowhere);
    return outcome?.kind === 'redirect' ? outcome.location : undefined;
  };
  assert.equal(await locationFor(`?${'p=x&'.repeat(2000)}`), undefined);
  assert.equal(parsed, 1);
  assert.equal(await locationFor('?p=x&p=999&q=a&q=b'), 'posts/999?');
  assert.equal(await locationFor('?q=a%20b&q=c'), 'search?for=a%20b&on=index');
});

describe('headers', () => {
  const plan: Plan = {
    status: 404,
    headers: [
      'Content-Type',
      'text/plain',
      'Content-Length',
      '3',
      'Cache-Control',
      'no-store',
      'Vary',
      'Accept',
    ],
    body: { kind: 'text', text: 'abc' },
  };
  const name = fc.constantFrom(
    'X-A',
    'x-a',
    'Vary',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Date',
    'Location',
    'ETag',
    'Cache-Control',
    'Content-Type',
    'CDN-Cache-Control',
    'X Ä',
    '',
    'Set-Cookie',
    'Keep-Alive',
  );
  const line = fc.oneof(
    fc.constantFrom('/*', '/:a', '/x/*', 'https://h.test/*', '/*/*'),
    fc.tuple(name, text).map(([key, value]) => `  ${key}: ${value}`),
    name.map((key) => `! ${key}`),
    text,
  );

  test('whatever is written: fields are valid, and what the server says of content and connection stays', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), path, (lines, rawPath) => {
        const requested = parsePath(rawPath);
        if (!requested.ok) return;
        const edits = compileRules('', lines.join('\n')).rules?.editsFor(requested.value);
        const { headers } = edits?.applyTo(plan) ?? plan;
        for (let at = 0; at < headers.length; at += 2) {
          assert.match(headers[at] ?? '', /^[\w!#$%&'*+.^`|~-]+$/);
          assert.match(headers[at + 1] ?? '', /^[!-~]+(?:[ \t]+[!-~]+)*$/);
        }
        const own = (list: readonly string[]) =>
          list.flatMap((key, at) => (at % 2 === 0 && OWN.test(key) ? [key, list[at + 1]] : []));
        assert.deepEqual(own(headers), own(plan.headers));
        assert.equal(headers[headers.indexOf('Cache-Control') + 1], 'no-store');
        assert.ok(headers[headers.indexOf('Vary') + 1]?.startsWith('Accept'));
      }),
      { numRuns: 1000 },
    );
  });

  test('a value that nothing was captured for is left out, and blanks at its ends', () => {
    const edits = compileRules('', '/x/*\n A: :splat\n B: b :splat\n').rules?.editsFor({
      segments: ['x'],
      directory: true,
    });
    assert.deepEqual(edits?.applyTo({ ...plan, headers: [] }).headers, ['B', 'b']);
  });

  test('a later rule replaces, a repeated name joins, a removed header can be added again', () => {
    const rules = '/*\n A: 1\n B: 1\n B: 2\n C: 1\n D: 1\n/x\n a: 3\n ! C\n ! E\n ! D\n D: 4\n/*\n E: 5\n';
    const edits = compileRules('', rules).rules?.editsFor({ segments: ['x'], directory: false });
    assert.ok(edits);
    const { headers, withoutDefaults } = edits.applyTo({ ...plan, headers: [] });
    assert.deepEqual(headers, ['a', '3', 'B', '1, 2', 'D', '4', 'E', '5']);
    assert.deepEqual(withoutDefaults, ['c']);
  });

  test('100 paths, and what stands below a bad path', () => {
    const lines = Array.from({ length: 101 }, (_, at) => `/${at}\n A: ${at}\n`);
    const { rules, badHeaders } = compileRules('', ` Z: 1\n${lines.join('')}/a b\n B: 1\n`);
    assert.equal(rules?.headers.length, 100);
    assert.deepEqual(
      badHeaders.map(({ line: number }) => number),
      [1, 202, 204],
    );
  });

  test('headers below a path that cannot be read belong to no other path', () => {
    for (const path of [`/${'a'.repeat(2000)}`, '/caf\ufffd', '/a b', 'https://h.test/*']) {
      const { rules, badHeaders } = compileRules('', `/*\n A: 1\n${path}\n B: 1\n/x\n C: 1\n`);
      const edits = rules?.editsFor({ segments: ['x'], directory: false });
      assert.deepEqual(edits?.applyTo({ ...plan, headers: [] }).headers, ['A', '1', 'C', '1'], path);
      assert.deepEqual(
        badHeaders.map(({ line: number }) => number),
        [3],
      );
    }
  });
});
