import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { REPOSITORY } from '../bundle/bundle.ts';
import { parseArguments, TinyUsageError } from './arguments.ts';

const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
const other = arch === 'x64' ? 'arm64' : 'x64';
const usual = {
  arch,
  embed: undefined,
  sources: undefined,
  cache: join(homedir(), '.cache/mote'),
  analyze: false,
  contracts: false,
  check: undefined,
  out: join(REPOSITORY, 'dist/mote-tiny'),
};

const accepted: readonly (readonly [args: readonly string[], changes: object])[] = [
  [['--arch', arch], {}],
  [['--arch', other], { arch: other, out: join(REPOSITORY, `dist/mote-tiny-${other}`) }],
  [['--sources', 'a', '--cache', '/b'], { sources: resolve('a'), cache: '/b' }],
  [['--analyze'], { analyze: true }],
  [['--sanitize'], { check: 'sanitize', out: join(REPOSITORY, 'dist/mote-tiny-sanitize') }],
  [['--memcheck', '-o', 'x'], { check: 'memcheck', out: resolve('x') }],
  [['-o', 'x', '--embed', 'site'], { out: resolve('x'), embed: 'site' }],
];

describe('the command line of npm run tiny', () => {
  for (const [args, changes] of accepted) {
    test(args.join(' '), () => {
      const all = args.includes('--arch') ? args : [...args, '--arch', arch];
      assert.deepEqual(parseArguments(all, {}), { ...usual, ...changes });
    });
  }

  test('--help', () => assert.equal(parseArguments(['-h'], {}), 'help'));

  for (const [folder, cache] of [
    ['/xdg', '/xdg/mote'],
    ['', usual.cache],
    ['relative', usual.cache],
  ] as const) {
    test(`the cache with XDG_CACHE_HOME=${folder}`, () => {
      const options = parseArguments(['--arch', arch], { XDG_CACHE_HOME: folder });
      assert.equal(options !== 'help' && options.cache, cache);
    });
  }

  for (const [args, message] of [
    [['--arch', 'mips'], /^--arch: mips; allowed: x64 or arm64$/],
    [['--bogus'], /--bogus/],
    [['--sanitize', '--memcheck'], /^--sanitize and --memcheck exclude each other$/],
    [['--sanitize', '--arch', other], new RegExp(`^--sanitize is for this machine, not for ${other}$`)],
    [['here'], /here/],
  ] as const) {
    test(`${args.join(' ')} is refused`, () => {
      assert.throws(
        () => parseArguments(args, {}),
        (error) => error instanceof TinyUsageError && message.test(error.message),
      );
    });
  }
});
