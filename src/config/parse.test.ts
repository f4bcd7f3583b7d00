/** Numbers, words and names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { failure, success } from '../util/result.ts';
import { testParsers } from './fixtures.ts';
import {
  formatQuantity,
  oneOf,
  parseBoolean,
  parseFileName,
  parseFilePath,
  parseQuantity,
  parseSpool,
  parseUrlPath,
  type Unit,
} from './parse.ts';

const ports = (text: string) => parseQuantity(text, { unit: 'count', min: 0, max: 65_535 });
const sizes = (text: string) => parseQuantity(text, { unit: 'bytes', min: 0, max: 2 ** 36 });
const times = (text: string) => parseQuantity(text, { unit: 'ms', min: 1, max: 86_400_000 });

testParsers([
  [
    'ports',
    ports,
    [
      ['0', 0],
      ['8080', 8080],
      ['65535', 65_535],
      ['0080', 80],
    ],
    [
      '',
      ' ',
      '65536',
      '-1',
      '+1',
      '1.5',
      '1e3',
      '0x50',
      '80 ',
      '٨٠',
      '8080k',
      '9'.repeat(400),
      'constructor',
    ],
  ],
  [
    'sizes',
    sizes,
    [
      ['0', 0],
      ['1000', 1000],
      ['1k', 1024],
      ['1K', 1024],
      ['32M', 33_554_432],
      ['64G', 2 ** 36],
    ],
    ['65G', '1m', '1kB', '1 k', 'k', '1.5M', '-1k', '1toString'],
  ],
  [
    'times',
    times,
    [
      ['1', 1],
      ['250ms', 250],
      ['10s', 10_000],
      ['2m', 120_000],
      ['24h', 86_400_000],
    ],
    ['0', '25h', '1d', '1S', '1.5s', 's'],
  ],
  [
    'booleans',
    parseBoolean,
    [
      ['true', true],
      ['on', true],
      ['YES', true],
      ['1', true],
      ['False', false],
      ['off', false],
      ['no', false],
      ['0', false],
    ],
    ['', 'y', '2', 'true '],
  ],
  ['words', oneOf('json', 'off'), [['json', 'json']], ['', 'JSON', 'jso']],
  [
    'file paths',
    parseFilePath,
    [
      ['.', '.'],
      ['/srv/a b', '/srv/a b'],
    ],
    ['', 'a\0b'],
  ],
  [
    'spools',
    parseSpool,
    [
      ['spool', 'spool'],
      ['/var/a:b', '/var/a:b'],
      ['C:/spool', 'C:/spool'],
      ['redis://h', 'redis://h'],
    ],
    ['', 'redis:/x', 'redis:x', 'http://h', 'http:/h', 'REDIS://h', 'reddis://h', 'amqp:/x'],
  ],
  [
    'file names',
    parseFileName,
    [
      ['index.html', 'index.html'],
      ['..a', '..a'],
      ['é.html', 'é.html'],
    ],
    ['', '.', '..', 'a/b', '/a', 'a\\b', 'a\0', 'a\nb', 'x'.repeat(256)],
  ],
  [
    'URL paths',
    parseUrlPath,
    [
      ['/metrics', '/metrics'],
      ['/-/health/', '/-/health/'],
      ['/a.b/..c', '/a.b/..c'],
    ],
    [
      '',
      '/',
      'metrics',
      '//a',
      '/a//b',
      '/a?b',
      '/a#b',
      '/a%20b',
      '/a b',
      '/../a',
      '/a/.',
      '/é',
      `/${'a/'.repeat(40)}/`,
    ],
  ],
]);

test('errors of numbers give the bounds in the units that people write', () => {
  assert.deepEqual(ports('x'), failure('a whole number from 0 to 65535'));
  assert.deepEqual(
    sizes('x'),
    failure('a whole number of bytes from 0 to 64G, also with k, M or G (of 1024)'),
  );
  assert.deepEqual(
    times('x'),
    failure('a whole number of milliseconds from 1ms to 24h, also with ms, s, m or h'),
  );
});

test('a formatted quantity parses to itself', () => {
  const units = fc.constantFrom<Unit>('count', 'bytes', 'ms');
  fc.assert(
    fc.property(units, fc.nat({ max: 2 ** 31 }), (unit, value) => {
      const parsed = parseQuantity(formatQuantity(value, unit), { unit, min: 0, max: 2 ** 31 });
      assert.deepEqual(parsed, success(value));
    }),
  );
  assert.equal(formatQuantity(33_554_432, 'bytes'), '32M');
  assert.equal(formatQuantity(16_384, 'bytes'), '16k');
  assert.equal(formatQuantity(90_000, 'ms'), '90s');
});
