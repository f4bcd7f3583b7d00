import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { REPOSITORY } from '../bundle/bundle.ts';
import { type BuildOptions, parseArguments } from './arguments.ts';

const own = process.arch === 'x64' ? 'x64' : 'arm64';
const other = process.arch === 'x64' ? 'arm64' : 'x64';
const defaults: BuildOptions = {
  base: 'auto',
  arch: own,
  embed: undefined,
  keepSymbols: false,
  keepIcu: false,
  memory: 'default',
  out: resolve(REPOSITORY, 'dist/mote'),
};

describe('the command line', () => {
  const cases: readonly (readonly [args: string, expected: Partial<BuildOptions>])[] = [
    ['', {}],
    [
      `--base pkg --arch ${other}`,
      { base: 'pkg', arch: other, out: resolve(REPOSITORY, `dist/mote-${other}`) },
    ],
    [`--arch ${other} -o /x`, { arch: other, out: '/x' }],
    ['--base seal --keep-symbols', { base: 'seal', keepSymbols: true }],
    ['--keep-icu', { keepIcu: true }],
    [`--base ${process.execPath}`, { base: { node: process.execPath } }],
    ['--embed site -o x/y', { embed: 'site', out: resolve('x/y') }],
    ['--out=/x', { out: '/x' }],
    ['--memory small', { memory: 'small' }],
  ];
  for (const [args, expected] of cases) {
    test(args || 'nothing', () => {
      const words = args.split(' ').filter((word) => word !== '');
      assert.deepEqual(parseArguments(words), { ...defaults, ...expected });
    });
  }

  test('help', () => assert.equal(parseArguments(['-h', '--base', 'auto']), 'help'));

  const wrong: readonly (readonly [args: string, message: RegExp])[] = [
    ['--base nowhere/node', /^--base: nowhere\/node; allowed: auto, pkg, seal or the path of a Node$/],
    ['--arch ia32', /^--arch: ia32; allowed: x64 or arm64$/],
    ['--memory tiny', /^--memory: tiny; allowed: default or small$/],
    ['--bass seal', /--bass/],
    ['extra', /extra/],
    ['--embed', /--embed/],
  ];
  for (const [args, message] of wrong) {
    test(`${args} is refused`, () => {
      assert.throws(() => parseArguments(args.split(' ')), { name: 'UsageError', message });
    });
  }
});
