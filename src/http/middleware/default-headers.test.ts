import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type HeaderList, noBody } from '../types.ts';
import { type CorsOptions, withCors } from './cors.ts';
import { type DefaultHeaderOptions, defaultHeaders, defaultsBeside } from './default-headers.ts';

type Options = DefaultHeaderOptions & CorsOptions;

const off: Options = { securityHeaders: false, csp: '', headers: [], corsOrigins: [] };
const headersFor = (options: Options, origin: string | undefined): HeaderList =>
  withCors(defaultHeaders(options), options)({ origin });

const NOSNIFF = ['X-Content-Type-Options', 'nosniff'];
const REFERRER = ['Referrer-Policy', 'strict-origin-when-cross-origin'];
const VARY = ['Vary', 'Origin'];
const EXPOSED = ['Access-Control-Expose-Headers', 'Accept-Ranges, Content-Range, ETag'];
const allow = (origin: string) => ['Access-Control-Allow-Origin', origin, ...EXPOSED];

const GOOD = 'https://good.example';
const OTHER = 'https://other.example';

describe('default headers', () => {
  const cases: readonly (readonly [
    name: string,
    options: Partial<Options>,
    origin: string | undefined,
    expected: HeaderList,
  ])[] = [
    ['nothing', {}, undefined, []],
    ['security', { securityHeaders: true }, undefined, [...NOSNIFF, ...REFERRER]],
    ['over TLS', { hsts: 'max-age=1' }, undefined, ['Strict-Transport-Security', 'max-age=1']],
    [
      'a policy alone',
      { csp: "default-src 'self'" },
      undefined,
      ['Content-Security-Policy', "default-src 'self'"],
    ],
    ['the operator’s', { headers: ['X-A', '1', 'X-A', '2'] }, undefined, ['X-A', '1', 'X-A', '2']],
    [
      'the operator’s in place of ours, in any case',
      {
        securityHeaders: true,
        csp: 'a',
        headers: ['referrer-policy', 'no-referrer', 'CONTENT-security-policy', 'b'],
      },
      undefined,
      [...NOSNIFF, 'referrer-policy', 'no-referrer', 'CONTENT-security-policy', 'b'],
    ],
    [
      'a value that reads like a name',
      { securityHeaders: true, headers: ['X-A', 'Referrer-Policy'] },
      undefined,
      [...NOSNIFF, ...REFERRER, 'X-A', 'Referrer-Policy'],
    ],
    ['no CORS, whatever is asked', {}, GOOD, []],
    ['everyone', { corsOrigins: ['*'] }, GOOD, allow('*')],
    ['everyone, without an origin', { corsOrigins: ['*'] }, undefined, allow('*')],
    ['an origin that may', { corsOrigins: [OTHER, GOOD] }, GOOD, [...VARY, ...allow(GOOD)]],
    ['an origin that may not', { corsOrigins: [GOOD] }, OTHER, VARY],
    ['no origin', { corsOrigins: [GOOD] }, undefined, VARY],
    ['an origin in another case', { corsOrigins: [GOOD] }, GOOD.toUpperCase(), VARY],
    ['the beginning of an origin', { corsOrigins: [GOOD] }, GOOD.slice(0, -1), VARY],
    ['more than an origin', { corsOrigins: [GOOD] }, `${GOOD}.evil.example`, VARY],
    ['the opaque origin', { corsOrigins: [GOOD] }, 'null', VARY],
    [
      'Vary of both',
      { corsOrigins: [GOOD], headers: ['Vary', 'Cookie'] },
      undefined,
      ['Vary', 'Cookie', ...VARY],
    ],
  ];
  for (const [name, options, origin, expected] of cases) {
    test(name, () => assert.deepEqual(headersFor({ ...off, ...options }, origin), expected));
  }
});

describe('beside the headers of a plan', () => {
  const plan = { status: 200, headers: ['referrer-policy', 'no-referrer', 'Vary', 'Accept'], body: noBody };
  const defaults = [...NOSNIFF, ...REFERRER, ...VARY];

  test('all of them, the very same list', () => assert.equal(defaultsBeside(plan, defaults), defaults));

  test('those that the plan has not, and Vary in any case', () => {
    assert.deepEqual(defaultsBeside({ ...plan, overridesDefaults: true }, defaults), [...NOSNIFF, ...VARY]);
  });

  test('without those that it leaves out', () => {
    const bare = { ...plan, overridesDefaults: true, withoutDefaults: ['x-content-type-options'] } as const;
    assert.deepEqual(defaultsBeside(bare, defaults), VARY);
  });
});
