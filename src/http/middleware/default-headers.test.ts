import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type HeaderList, noBody, type RequestFacts } from '../types.ts';
import { type CommonOptions, defaultHeaders, preflightStage } from './default-headers.ts';

const off: CommonOptions = { securityHeaders: false, csp: '', headers: [], corsOrigins: [] };
const facts: RequestFacts = { method: 'GET', target: '/', path: '/', query: '', headers: {}, client: '' };

const NOSNIFF = ['X-Content-Type-Options', 'nosniff'];
const REFERRER = ['Referrer-Policy', 'strict-origin-when-cross-origin'];
const VARY = ['Vary', 'Origin'];
const EXPOSED = ['Access-Control-Expose-Headers', 'Accept-Ranges, Content-Range, ETag'];
const allow = (origin: string) => ['Access-Control-Allow-Origin', origin, ...EXPOSED];

const GOOD = 'https://good.example';
const OTHER = 'https://other.example';

describe('common headers', () => {
  const cases: readonly (readonly [
    name: string,
    options: Partial<CommonOptions>,
    origin: string | undefined,
    expected: HeaderList,
  ])[] = [
    ['nothing', {}, undefined, []],
    ['security', { securityHeaders: true }, undefined, [...NOSNIFF, ...REFERRER]],
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
    test(name, () => assert.deepEqual(defaultHeaders({ ...off, ...options })({ origin }), expected));
  }
});

describe('preflight', () => {
  const asked = { origin: GOOD, 'access-control-request-method': 'GET' };
  const cors = { ...off, corsOrigins: [GOOD] };
  const methods = 'GET, HEAD, OPTIONS';
  const answer = ['Allow', methods, 'Access-Control-Allow-Methods', methods];
  const age = ['Access-Control-Max-Age', '86400'];

  const answered: readonly (readonly [
    name: string,
    headers: RequestFacts['headers'],
    expected: HeaderList,
  ])[] = [
    ['a plain one', asked, [...answer, ...age]],
    [
      'one that names headers',
      { ...asked, 'access-control-request-headers': 'range,x-a' },
      [...answer, 'Access-Control-Allow-Headers', 'range,x-a', ...age],
    ],
    ['one that names no headers', { ...asked, 'access-control-request-headers': '' }, [...answer, ...age]],
    // Without Access-Control-Allow-Origin, which the common headers leave out, it allows nothing.
    ['one of an origin that may not', { ...asked, origin: OTHER }, [...answer, ...age]],
  ];
  for (const [name, headers, expected] of answered) {
    test(name, () => {
      const plan = preflightStage(cors)({ ...facts, method: 'OPTIONS', headers });
      assert.deepEqual(plan, { status: 204, headers: expected, body: noBody });
    });
  }

  const near = { 'access-control-request-private-network': 'true' };
  const nearby: readonly (readonly [
    name: string,
    options: CommonOptions,
    headers: RequestFacts['headers'],
  ])[] = [
    ['a named origin', cors, { ...asked, ...near }],
    ['another origin', cors, { ...asked, ...near, origin: OTHER }],
    ['any origin', { ...cors, corsOrigins: ['*'] }, { ...asked, ...near }],
    ['a named origin that does not ask', cors, asked],
  ];
  for (const [index, [name, options, headers]] of nearby.entries()) {
    test(`of a private network, ${name}: ${index === 0 ? 'allowed' : 'not allowed'}`, async () => {
      const plan = await preflightStage(options)({ ...facts, method: 'OPTIONS', headers });
      assert.equal(plan?.headers.includes('Access-Control-Allow-Private-Network'), index === 0);
    });
  }

  const passed: readonly (readonly [name: string, changed: Partial<RequestFacts>, options: CommonOptions])[] =
    [
      ['another method', { method: 'GET', headers: asked }, cors],
      ['an OPTIONS that is none', { method: 'OPTIONS', headers: { origin: GOOD } }, cors],
      ['one without an origin', { method: 'OPTIONS', headers: { ...asked, origin: undefined } }, cors],
      ['one without CORS', { method: 'OPTIONS', headers: asked }, off],
    ];
  for (const [name, changed, options] of passed) {
    test(`not ours: ${name}`, () => {
      assert.equal(preflightStage(options)({ ...facts, ...changed }), undefined);
    });
  }
});
