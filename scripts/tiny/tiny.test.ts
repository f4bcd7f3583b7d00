/** `npm run tiny` as a whole: what it says where something is missing, and the same bytes wherever it runs. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { VERSION } from '../../src/build/version.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { copyOfRepository, temporaryFolder } from '../bundle/fixtures.ts';
import { licensesFor } from '../bundle/licenses.ts';
import { commandPath } from '../command-path.ts';
import { type Run, run } from '../executable/fixtures.ts';
import { lacking } from '../test/lacking.ts';
import { mbedtls, musl, quickjs, zlib } from './sources.ts';

const folder = temporaryFolder();
const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
const sources = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mote/sources');
const wanted = [quickjs, mbedtls, zlib, musl[arch]];
const notHere = process.platform === 'linux' ? false : 'mote-tiny is built on Linux';
const noSources =
  !wanted.every(({ file }) => existsSync(join(sources, file))) &&
  'no sources in the cache: npm run tiny brings them';
const skip = notHere || noSources || lacking({ gcc: 'gcc', xz: 'xz-utils', bzip2: 'bzip2' });

/** Everything anew takes a minute on two cores, and many on a busy machine. */
const COMPILING_MS = 540_000;

function tiny(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  root = REPOSITORY,
): Promise<Run> {
  return run([process.execPath, join(root, 'scripts/tiny/tiny.ts'), ...args], env, COMPILING_MS);
}

function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

describe('where something is missing', { skip: notHere }, () => {
  test('an unknown option ends with 2 and the usage', async () => {
    const { status, stderr } = await tiny(['--bogus']);
    assert.equal(status, 2);
    assert.match(stderr, /^tiny: .*--bogus.*\nusage: npm run tiny/s);
  });

  test('a machine without a compiler', async () => {
    const { status, stderr } = await tiny(['--cache', join(folder, 'none')], { PATH: '/nowhere' });
    assert.deepEqual(
      [status, stderr],
      [
        1,
        'tiny: gcc, ar, tar, gzip, xz, bzip2 are missing: apt-get install gcc binutils tar gzip xz-utils bzip2\n',
      ],
    );
  });

  test('a folder without the sources', {
    skip: lacking({ gcc: 'gcc', xz: 'xz-utils', bzip2: 'bzip2' }),
  }, async () => {
    const empty = temporaryFolder();
    const { status, stderr } = await tiny(['--sources', empty, '--cache', join(folder, 'none')]);
    assert.equal(status, 1);
    const lines = wanted.map(
      ({ file, sha256 }) =>
        `--sources: ${join(empty, file)} is missing; wanted: ${file} with the SHA-256 ${sha256}\n`,
    );
    assert.equal(stderr, `tiny: ${lines.join('')}`);
  });

  const otherwise = /without net, put quickjs_.* into a folder and give --sources DIR\n$/;

  /** Where the compiler is, and nothing to bring sources with. */
  function commandsOfCompiler(name: string): string {
    const bin = join(folder, name);
    mkdirSync(bin);
    for (const command of ['gcc', 'ar', 'tar', 'gzip', 'xz', 'bzip2']) {
      const found = commandPath(command);
      if (found !== undefined) symlinkSync(found, join(bin, command));
    }
    return bin;
  }

  test('a machine without apt', { skip }, async () => {
    const PATH = commandsOfCompiler('without-apt');
    const { status, stderr } = await tiny(['--cache', join(folder, 'none')], { PATH });
    assert.equal(status, 1);
    assert.match(stderr, /^tiny: this machine has no apt-get; without net,/);
    assert.match(stderr, otherwise);
  });

  test('a machine without net', { skip }, async () => {
    const PATH = commandsOfCompiler('without-net');
    writeFileSync(join(PATH, 'apt-get'), '#!/bin/sh\necho "E: cannot resolve" >&2\nexit 100\n', {
      mode: 0o755,
    });
    const { status, stderr } = await tiny(['--cache', join(folder, 'none')], { PATH });
    assert.equal(status, 1);
    assert.match(stderr, /E: cannot resolve/);
    assert.match(stderr, otherwise);
  });

  test('the right to write where the executable is wanted', { skip }, async () => {
    const out = '/dev/null/mote-tiny';
    const { status, stderr } = await tiny(['-o', out]);
    assert.equal(status, 1);
    assert.match(stderr, /^tiny: (?:ENOTDIR|EEXIST): .*\/dev\/null.*\n$/);
  });
});

describe('the executable', { skip }, () => {
  const executable = join(folder, 'mote-tiny');
  let report = '';
  before(async () => {
    const { status, stdout, stderr } = await tiny(['-o', executable]);
    assert.deepEqual([status, stderr], [0, '']);
    report = stdout;
  });

  test('is described in the same way by the build and by itself', async () => {
    const about = JSON.parse((await run([executable, '--version', '--json'])).stdout);
    const [size, sha256] = [statSync(executable).size, sha256Of(executable)];
    assert.deepEqual(about, {
      name: 'mote',
      version: VERSION,
      base: 'tiny',
      quickjs: quickjs.version,
      mbedtls: mbedtls.version,
      zlib: zlib.version,
      musl: musl[arch].version,
      embeddedSite: false,
      lacks: ['compression', 'workers', 'replicas', 'nodeHttp', 'charsets', 'tls', 'largeMessages'],
      size,
      sha256,
    });
    const versions = `mote ${VERSION}, QuickJS ${quickjs.version}, Mbed TLS ${mbedtls.version}, zlib ${zlib.version}, musl ${musl[arch].version}`;
    assert.ok(report.endsWith(`  sha256   ${sha256}\n  base     tiny\n  versions ${versions}\n`), report);
  });

  test('contains the licenses of all its parts', async () => {
    const { stdout } = await run([executable, '--licenses']);
    assert.equal(stdout, licensesFor('tiny', REPOSITORY));
    for (const title of ['QuickJS', 'Mbed TLS', 'zlib', 'musl', 'marked'])
      assert.ok(stdout.includes(`\n${title}\n====`), title);
  });

  test('has nothing writable and executable, and no stack that is', () => {
    const bytes = readFileSync(executable);
    const count = bytes.readUInt16LE(56);
    const headers = Array.from({ length: count }, (_, index) => 64 + 56 * index);
    const flagsOf = (type: number) =>
      headers.filter((at) => bytes.readUInt32LE(at) === type).map((at) => bytes.readUInt32LE(at + 4));
    const [load, interpreter, stack, relro] = [1, 3, 0x6474e551, 0x6474e552].map(flagsOf);
    assert.equal(bytes.readUInt16LE(16), 3, 'position independent');
    assert.deepEqual(interpreter, [], 'static');
    for (const flags of load ?? []) assert.notEqual(flags & 3, 3);
    assert.deepEqual(stack, [6]);
    assert.deepEqual(relro, [4]);
  });

  test('does not depend on the folders of sources, cache and output, nor name them', async () => {
    const root = copyOfRepository(folder);
    const other = join(folder, 'other name');
    const args = ['--sources', sources, '--cache', join(folder, 'another cache'), '-o', other];
    const { status, stderr } = await tiny(args, { TZ: 'Asia/Tokyo' }, root);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(sha256Of(other), sha256Of(executable));
    const bytes = readFileSync(other);
    for (const path of [folder, REPOSITORY, homedir(), 'mote-tiny-']) assert.ok(!bytes.includes(path), path);
  });
});
