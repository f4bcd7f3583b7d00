import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failureOfStatus, retryAfterMs } from './failure.ts';

function kindOf(status: number): string {
  return failureOfStatus({ kind: 'response', status, headers: {}, body: Buffer.alloc(0), complete: true }, 0)
    .kind;
}

describe('a status', () => {
  const forNow = [
    408, 421, 423, 425, 429, 500, 502, 503, 504, 506, 507, 508, 509, 511,
    // Cloudflare, and those that no list has.
    520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 561, 598, 599, 999,
  ];
  for (const status of forNow) test(`${status} is for now`, () => assert.equal(kindOf(status), 'retry'));
  const forEver = [
    101, 300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 412, 413,
    414, 415, 417, 418, 422, 426, 428, 431, 451, 460, 494, 499, 501, 505,
  ];
  for (const status of forEver) test(`${status} is for ever`, () => assert.equal(kindOf(status), 'rejected'));
});

describe('Retry-After', () => {
  const cases: readonly [value: string, ms: number | undefined][] = [
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['0.35', 350],
    ['1.0001', 1001],
    ['-1', undefined],
    ['1e3', undefined],
    ['1.', undefined],
    ['soon', undefined],
    ['Thu, 01 Jan 1970 00:00:05 GMT', 5000],
  ];
  for (const [value, ms] of cases)
    test(`"${value}"`, () => assert.equal(retryAfterMs({ 'retry-after': value }, 0), ms));
});
