import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type HeaderList, noBody, type RequestFacts } from '../types.ts';
import { type CorsOptions, preflightStage } from './cors.ts';

const off: CorsOptions = { corsOrigins: [] };
const facts: RequestFacts = { method: 'GET', target: '/', path: '/', query: '', headers: {}, client: '' };

const GOOD = 'https://good.example';
const OTHER = 'https://other.example';

describe('preflight', () => {
  const asked = { origin: GOOD, 'access-control-request-method': 'GET' };
  const cors: CorsOptions = { corsOrigins: [GOOD] };
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
    // Without Access-Control-Allow-Origin, which the default headers then lack, it allows nothing.
    ['one of an origin that may not', { ...asked, origin: OTHER }, [...answer, ...age]],
  ];
  for (const [name, headers, expected] of answered) {
    test(name, () => {
      const plan = preflightStage(cors)({ ...facts, method: 'OPTIONS', headers });
      assert.deepEqual(plan, { status: 204, headers: expected, body: noBody });
    });
  }

  const near = { 'access-control-request-private-network': 'true' };
  const nearby: readonly (readonly [name: string, options: CorsOptions, headers: RequestFacts['headers']])[] =
    [
      ['a named origin', cors, { ...asked, ...near }],
      ['another origin', cors, { ...asked, ...near, origin: OTHER }],
      ['any origin', { corsOrigins: ['*'] }, { ...asked, ...near }],
      ['a named origin that does not ask', cors, asked],
    ];
  for (const [index, [name, options, headers]] of nearby.entries()) {
    test(`of a private network, ${name}: ${index === 0 ? 'allowed' : 'not allowed'}`, async () => {
      const plan = await preflightStage(options)({ ...facts, method: 'OPTIONS', headers });
      assert.equal(plan?.headers.includes('Access-Control-Allow-Private-Network'), index === 0);
    });
  }

  const passed: readonly (readonly [name: string, changed: Partial<RequestFacts>, options: CorsOptions])[] = [
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
