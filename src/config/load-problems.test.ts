import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fail, type Given, json, USER } from './fixtures.ts';
import { load } from './load.ts';
import * as notifyLoading from './notify/load.ts';

const problems: readonly [name: string, given: Given, expected: readonly string[]][] = [
  ['a value', { argv: ['--port', 'x'] }, ['--port: received "x"; allowed: a whole number from 0 to 65535']],
  [
    'a negative number',
    { argv: ['--port', '-1'] },
    ['--port: received "-1"; allowed: a whole number from 0 to 65535'],
  ],
  [
    'PORT',
    { argv: ['web', 'x'] },
    ['the argument PORT: received "x"; allowed: a whole number from 0 to 65535'],
  ],
  [
    'an empty PATH',
    { argv: [''] },
    ['the argument PATH: received ""; allowed: the path of a file or folder'],
  ],
  [
    'a command of others',
    { argv: ['serve', '.'] },
    ['serve: no such command; serving needs none: write `mote .`'],
  ],
  ['a variable', { env: { PORT: 'x' } }, ['PORT: received "x"; allowed: a whole number from 0 to 65535']],
  [
    'a value of several lines',
    { argv: ['--index', 'a\nb'] },
    ['--index: received "a\\nb"; allowed: plain file names, without slashes, separated by commas'],
  ],
  [
    'a very long value',
    { argv: ['--index', `/${'x'.repeat(500)}`] },
    [
      `--index: received "/${'x'.repeat(98)}…; allowed: plain file names, without slashes, separated by commas`,
    ],
  ],
  ['an unknown flag', { argv: ['--prot', '80'] }, ['--prot: no such flag; did you mean --port?']],
  [
    'an unknown flag unlike any',
    { argv: ['--bogus=1'] },
    ['--bogus: no such flag; `mote --help` lists them'],
  ],
  [
    'the negation of an option with a value',
    { argv: ['--no-port'] },
    ['--no-port: no such flag; `mote --help` lists them'],
  ],
  ['a strange flag', { argv: ['--a\nb'] }, ['"--a\\nb": no such flag; `mote --help` lists them']],
  ['joined short flags', { argv: ['-hv'] }, ['-hv: no such flag; did you mean -h?']],
  [
    'no value at the end',
    { argv: ['--port'] },
    ['--port: needs a value; write --port=VALUE if it begins with a dash'],
  ],
  [
    'a flag for a value',
    { argv: ['--port', '--spa'] },
    ['--port: needs a value; write --port=VALUE if it begins with a dash'],
  ],
  [
    'a switch with a strange value',
    { argv: ['--spa=maybe'] },
    ['--spa: received "maybe"; allowed: true, false, on, off, yes, no, 1 or 0'],
  ],
  ['a negation with a value', { argv: ['--no-spa=true'] }, ['--no-spa: allowed only without a value']],
  ['three arguments', { argv: ['a', '1', 'b', 'c'] }, ['arguments: received "b c"; allowed: PATH and PORT']],
  [
    'two arguments of healthcheck',
    { argv: ['healthcheck', 'http://a/', 'http://b/'] },
    ['arguments: received "http://b/"; allowed: one URL'],
  ],
  [
    'a password as an argument',
    { argv: ['hash-password', 'ann', 'pw'] },
    ['hash-password: allowed: one user name and nothing else'],
  ],
  ['--json alone', { argv: ['--json'] }, ['--json: allowed only together with --version']],
  [
    'an unknown variable',
    { env: { MOTE_PROT: '1' } },
    ['MOTE_PROT: no such environment variable; did you mean MOTE_PORT?'],
  ],
  [
    'a file for what is no secret',
    { env: { MOTE_CORS_FILE: '1' } },
    ['MOTE_CORS_FILE: no such environment variable; `mote --help` lists them'],
  ],

  [
    'one entry of a list',
    { argv: ['--cors', 'http://a', '--cors', 'b'] },
    ['--cors: received "b"; allowed: an origin like https://example.org, without a path, or *'],
  ],
  ['an unknown JSON key', json('{"prot": 1}'), ['c.json: prot: no such key; did you mean port?']],
  [
    'a property as JSON key',
    json('{"__proto__": 1, "toString": 2}'),
    [
      'c.json: __proto__: no such key; `mote --help` lists them',
      'c.json: toString: no such key; `mote --help` lists them',
    ],
  ],
  [
    'a JSON number out of bounds',
    json('{"port": 1.5}'),
    ['c.json: port: received "1.5"; allowed: a whole number from 0 to 65535'],
  ],
  [
    'JSON of the wrong type: number',
    json('{"port": true}'),
    ['c.json: port: received true; allowed: a number, or a string such as "10s" or "32M"'],
  ],
  [
    'JSON of the wrong type: text',
    json('{"path": null}'),
    ['c.json: path: received null; allowed: a string'],
  ],
  [
    'JSON of the wrong type: boolean',
    json('{"spa": "true"}'),
    ['c.json: spa: received "true"; allowed: true or false'],
  ],
  [
    'JSON of the wrong type: list',
    json('{"cors": ["*", 1]}'),
    ['c.json: cors: received ["*",1]; allowed: an array of strings'],
  ],
  ['JSON that is no object', json('[]'), ['c.json: allowed: one JSON object with options as keys']],
  ['JSON that is null', json('null'), ['c.json: allowed: one JSON object with options as keys']],
  ['broken JSON', json('{\n  "port": 1,\n}'), ['c.json: not valid JSON from line 3, column 1 on']],
  [
    'a missing JSON file',
    { argv: ['--config', 'x y.json'] },
    ['--config: received "x y.json"; allowed: a file that can be read (ENOENT)'],
  ],
  [
    'a missing JSON file of the environment',
    { env: { MOTE_CONFIG: 'x' } },
    ['MOTE_CONFIG: received "x"; allowed: a file that can be read (ENOENT)'],
  ],

  [
    'a secret and its file',
    { env: { MOTE_AUTH: USER, MOTE_AUTH_FILE: '/s' }, files: { '/s': USER } },
    ['MOTE_AUTH: set together with MOTE_AUTH_FILE; allowed: one of the two'],
  ],
  [
    'a secret file that is missing',
    { env: { MOTE_AUTH_FILE: '/s' } },
    ['MOTE_AUTH_FILE: names a file that cannot be read (ENOENT); allowed: a readable file'],
  ],
  [
    'a secret file that is empty',
    { env: { MOTE_AUTH_FILE: '/s' }, files: { '/s': '\n' } },
    ['MOTE_AUTH_FILE: received nothing; allowed: at least one entry, or not to set it'],
  ],
  [
    'a blank secret',
    { env: { MOTE_AUTH: ' ' } },
    ['MOTE_AUTH: received nothing; allowed: at least one entry, or not to set it'],
  ],

  [
    'the same path for two uses',
    { argv: ['--metrics-path', '/healthz'] },
    [
      '--metrics-path, --health-path and --ready-path: received the same path twice; allowed: different paths',
    ],
  ],
  [
    '* among origins',
    { argv: ['--cors', '*,http://a'] },
    ['--cors: received * together with other origins; allowed: * alone, or origins'],
  ],
  [
    'CORS twice',
    { argv: ['--cors', '*', '--header', 'Access-Control-Allow-Origin: *'] },
    ['--cors and --header: received Access-Control-Allow-Origin from both; allowed: one of the two'],
  ],
  [
    'a user twice',
    { env: { MOTE_AUTH: `${USER}\n${USER}` } },
    ['--auth: received the same user more than once; allowed: one line for each user'],
  ],
];

for (const [name, given, expected] of problems) {
  test(`problem: ${name}`, () => assert.deepEqual(fail(given), expected));
}

test('every problem of every source is reported at once', () => {
  const found = fail(
    json('{"spa": 1, "x": 2}', ['--port', 'x', '--bogus'], { MOTE_TYPO: '1', MOTE_INDEX: 'a/b' }),
  );
  const starts = ['--bogus: ', 'MOTE_TYPO: ', 'c.json: spa: ', 'c.json: x: ', 'MOTE_INDEX: ', '--port: '];
  for (const start of starts)
    assert.ok(
      found.some((line) => line.startsWith(start)),
      start,
    );
  assert.equal(found.length, starts.length);
});

test('a conflict is not reported about an option that was refused', () => {
  const found = fail({ argv: ['--metrics-path', '/healthz', '--health-path', 'x'] });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? '', /^--health-path: /);
});

test('no problem shows a secret, whatever way it was given', () => {
  const secret = 'S3cr3t';
  const ways: readonly ((text: string) => Given)[] = [
    (text) => ({ argv: ['--auth', text] }),
    (text) => ({ argv: ['--auth', `-${text}`] }),
    (text) => ({ argv: [`--auth=${text}`, '--port', 'x'] }),
    (text) => ({ argv: ['--auht', text, 'web', '80', 'more'] }),
    (text) => ({ argv: [`--auht=${text}`] }),
    (text) => ({ argv: ['hash-password', 'ann', text] }),
    (text) => ({ env: { MOTE_AUTH: text } }),
    (text) => ({ env: { MOTE_AUHT: text } }),
    (text) => ({ env: { MOTE_AUTH_FILE: text } }),
    (text) => ({ env: { MOTE_AUTH_FILE: '/s' }, files: { '/s': text } }),
    (text) => json(JSON.stringify({ auth: text })),
    (text) => json(JSON.stringify({ auth: [text, 1] })),
    (text) => json(JSON.stringify({ auth: [text] })),
    (text) => json(JSON.stringify({ auht: text })),
    (text) => json(`{"auth": ["${text}"`),
  ];
  const texts = fc.tuple(fc.string(), fc.string()).map(([a, b]) => `${a.replace(/^-+/, '')}${secret}${b}`);
  fc.assert(
    fc.property(fc.constantFrom(...ways), texts, (way, text) => {
      for (const line of fail(way(text))) assert.ok(!line.includes(secret), line);
    }),
    { numRuns: 1000 },
  );
});

test('any argv and environment gives a configuration or problems of one line each', () => {
  const words = fc.oneof(
    fc.string(),
    fc.constantFrom('--', '-', '--port', '--spa', '--header=', '--no-spa', '-v', 'help'),
  );
  const names = fc.constantFrom(
    'MOTE_PORT',
    'PORT',
    'MOTE_HEADER',
    'MOTE_AUTH',
    'MOTE_AUTH_FILE',
    'MOTE_X',
    'MOTE_CONFIG',
  );
  fc.assert(
    fc.property(fc.array(words), fc.dictionary(names, fc.string()), fc.string(), (argv, env, text) => {
      const loaded = load(argv, env, () => text, notifyLoading);
      if (loaded.ok) return;
      assert.notEqual(loaded.error.length, 0);
      for (const line of loaded.error) assert.doesNotMatch(line, /[\r\n]/);
    }),
    { numRuns: 1000 },
  );
});
