import assert from 'node:assert/strict';
import {
  type ChildProcessByStdio,
  execFileSync,
  type SpawnSyncReturns,
  spawn,
  spawnSync,
} from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, describe, type TestContext, test } from 'node:test';
import { MIN_DESCRIPTORS } from '../../src/cli/descriptor-limit.ts';
import { PEM } from '../../src/http/fixtures.ts';
import { EHDR, interpreterOf, PAGE_BYTES, PF, PT, readElf, segments } from './elf-file.ts';
import { cannotSeal, changed, inRoot, LOCKED_NODE, makeRoot, noEmptyRoot, probeBlob } from './fixtures.ts';
import { findLibraries } from './libraries.ts';
import { seal } from './seal.ts';

const PATIENCE_MS = 20_000;

type Command = readonly [string, ...string[]];

/** The only variable that is passed on; others in the environment of the tests could configure Node. */
const { PATH } = process.env;

function run([command, ...args]: Command, env = {}): SpawnSyncReturns<string> {
  return spawnSync(command, args, { env: { PATH, ...env }, encoding: 'utf8', timeout: PATIENCE_MS });
}

function withDescriptors(limit: number, ...command: Command): Command {
  return ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh', ...command];
}

/** A started process that is ready to handle signals. */
async function waiting(
  t: TestContext,
  [command, ...args]: Command,
): Promise<ChildProcessByStdio<null, Readable, null>> {
  const child = spawn(command, args, {
    env: { PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: PATIENCE_MS,
  });
  t.after(() => child.kill('SIGKILL'));
  const early = once(child, 'exit').then((end) => assert.fail(`it ended before it was ready: ${end}`));
  const [first] = await Promise.race([once(child.stdout, 'data'), early]);
  assert.equal(String(first), 'ready\n');
  return child;
}

function firstChildOf(pid: number | undefined): number {
  return Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), 10);
}

const LOOKALIKES = [
  'NODE=1',
  'NODEX_OPTIONS=1',
  'XNODE_OPTIONS=1',
  'node_options=1',
  'LD=1',
  'LDX=1',
  'OPENSSL=1',
  'OPEN_X=1',
] as const;

/** Variables as `NAME=VALUE`: those given, and those that the application sees. */
const environments: readonly [name: string, given: readonly string[], kept: readonly string[]][] = [
  ['none', [], []],
  [
    'only variables of the application',
    ['A=b', 'MOTE_PORT=1', 'TZ=UTC', 'E='],
    ['A=b', 'MOTE_PORT=1', 'TZ=UTC', 'E='],
  ],
  [
    'only variables of Node, ld.so and OpenSSL',
    ['NODE_OPTIONS=--bogus', 'LD_PRELOAD=/nowhere', 'OPENSSL_CONF=/nowhere'],
    [],
  ],
  [
    'first, last and between',
    ['NODE_DEBUG=net', 'A=b', 'LD_DEBUG=all', 'C=d', 'NODE_PATH=.'],
    ['A=b', 'C=d'],
  ],
  ['similar names', LOOKALIKES, LOOKALIKES],
  [
    'an empty value, and a value that looks like a variable',
    ['NODE_=', 'LD_=', 'A=NODE_OPTIONS=1'],
    ['A=NODE_OPTIONS=1'],
  ],
  ['iconv modules', ['GCONV_PATH=/tmp', 'GCONV_PATHS=1'], ['GCONV_PATHS=1']],
];

describe('the locked Node, sealed with an application', { skip: cannotSeal() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'seal-'));
  const app = join(folder, 'root/app');
  after(() => rmSync(folder, { recursive: true, force: true }));
  const node = readFileSync(LOCKED_NODE);
  const options = { ...findLibraries(readElf('Node', node)), blob: probeBlob(folder) };
  const sealed = seal(node, options);
  const elf = readElf('sealed', sealed);
  const root = makeRoot(folder, sealed);
  const plain = join(folder, 'node');
  writeFileSync(plain, seal(node, findLibraries(readElf('Node', node))), { mode: 0o755 });

  test('has no interpreter and no sections', () => {
    assert.equal(interpreterOf(elf), undefined);
    assert.deepEqual(segments(elf, PT.DYNAMIC), []);
    assert.equal(sealed.readBigUInt64LE(40), 0n);
  });

  test('has no overlapping segments, and none that is both writable and executable', () => {
    let end = 0;
    for (const { address, offset, memorySize, flags } of segments(elf, PT.LOAD)) {
      assert.ok(address >= end);
      assert.equal((address - offset) % PAGE_BYTES, 0);
      assert.notEqual(flags & (PF.W | PF.X), PF.W | PF.X);
      end = address + memorySize;
    }
    assert.equal(segments(elf, PT.GNU_STACK)[0]?.flags, PF.R | PF.W);
  });

  test('is reproducible', () => {
    assert.ok(seal(node, options).equals(sealed));
  });

  test('cannot be sealed twice', () => {
    assert.throws(() => seal(sealed, options), /has no interpreter: static, or sealed before/);
  });

  test('is larger with its symbols, and its sections stay in place', () => {
    const larger = seal(node, { ...options, keepSymbols: true });
    assert.ok(larger.length > sealed.length + 10_000_000);
    const sectionsAt = node.readBigUInt64LE(EHDR.shoff);
    assert.equal(larger.readBigUInt64LE(EHDR.shoff), sectionsAt);
    const table = (bytes: Buffer) => bytes.subarray(Number(sectionsAt), Number(sectionsAt) + 64 * 30);
    assert.ok(table(larger).equals(table(node)));
    const path = join(folder, 'with-symbols');
    writeFileSync(path, larger, { mode: 0o755 });
    assert.equal(run([path, 'exit', '3']).status, 3);
  });

  test('is a plain Node without an application', () => {
    const { stdout } = run([plain, '-p', 'process.version + process.argv.length', 'more']);
    assert.equal(stdout, `${execFileSync(LOCKED_NODE, ['--version'], { encoding: 'utf8' }).trim()}2\n`);
    // It also respects NODE_OPTIONS.
    assert.match(run([plain, '-v'], { NODE_OPTIONS: '--bogus' }).stderr, /--bogus is not allowed/);
  });

  for (const code of [0, 3, 255]) {
    test(`exits with ${code}`, () => assert.equal(run([app, 'exit', String(code)]).status, code));
  }

  for (const [name, given, kept] of environments) {
    test(`environment: ${name}`, () => {
      // Uses env, since spawn would reorder the variables.
      const { stdout, stderr } = run(['env', '-i', ...given, app, 'environment']);
      assert.equal(stderr, '');
      const variables = Object.entries<string>(JSON.parse(stdout)).map((pair) => pair.join('='));
      assert.deepEqual(variables.sort(), [...kept].sort());
    });
  }

  test('is terminated by a signal that it does not handle', async (t) => {
    const child = await waiting(t, [app, 'wait']);
    child.kill('SIGHUP');
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGHUP']);
  });

  test('needs no more descriptors than Node', () => {
    let limit = 12;
    while (run(withDescriptors(limit, LOCKED_NODE, '-e', '0')).status !== 0) limit += 1;
    assert.ok(limit < MIN_DESCRIPTORS);
    const { status, stderr } = run(withDescriptors(limit, plain, '-e', '0'));
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });

  for (const limit of [3, 6, 20, MIN_DESCRIPTORS - 1]) {
    test(`says that ${limit} descriptors are too few, where Node would crash`, () => {
      const { status, stdout, stderr } = run(withDescriptors(limit, app, 'exit', '0'));
      assert.match(stderr, /^cannot start: at least 32 open files must be allowed; raise the limit .*\n$/);
      assert.deepEqual([stdout, status], ['', 1]);
    });
  }

  test('starts with as many as it needs', () => {
    const { status, stderr } = run(withDescriptors(MIN_DESCRIPTORS, app, 'exit', '3'));
    assert.deepEqual([stderr, status], ['', 3]);
  });

  test('starts with fewer if it may raise the limit itself', () => {
    const { status, stderr } = run(['sh', '-c', 'ulimit -S -n 16; exec "$@"', 'sh', app, 'exit', '3']);
    assert.deepEqual([stderr, status], ['', 3]);
  });

  test('reports if there are too few descriptors for the libraries', () => {
    const { status, stderr } = run(withDescriptors(6, plain, '-e', '0'));
    assert.equal(stderr, 'cannot start: the system refuses memory, or files in memory (memfd_create)\n');
    assert.equal(status, 126);
  });

  describe('in an empty root', { skip: noEmptyRoot() }, () => {
    let results: Record<string, unknown> & { maps: string[]; nativeStack: { symbol: string }[] };

    before(() => {
      const env = { PROBE: 'a = "ü"', PROBE_PEM: PEM, SSL_CERT_FILE: '/etc/ca.pem' };
      const { stdout, stderr } = run(inRoot(root, 'report', 'two words', 'ß'), env);
      assert.equal(stderr, '');
      results = JSON.parse(stdout);
    });

    const expected = {
      argv: ['/app', '/app', 'report', 'two words', 'ß'],
      environment: 'a = "ü"',
      execPath: '/app',
      sea: true,
      crypto: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      gzip: 'gzip',
      brotli: 'brotli',
      intl: '€1,234,567.50',
      wasm: 42,
      worker: 42,
      dns: { address: '127.0.0.1', family: 4 },
      https: 'verified',
      child: 5,
      memfds: 0,
    };
    for (const [name, value] of Object.entries(expected)) {
      test(name, () => assert.deepEqual(results[name], value));
    }

    test('the versions are those of the locked Node', () => {
      const versions = execFileSync(LOCKED_NODE, ['-p', 'JSON.stringify(process.versions)'], {
        encoding: 'utf8',
      });
      assert.deepEqual(results.versions, JSON.parse(versions));
    });

    test('libraries appear under their names, and the native stack can be unwound', () => {
      const names = options.libraries.map(({ name }) => name);
      const shown = new Set(results.libraries as string[]);
      assert.deepEqual(
        names.filter((name) => !shown.has(name)),
        [],
      );
      assert.match(results.nativeStack[0]?.symbol ?? '', /^node::GetNodeReport\(.* \[\/app\]$/);
    });

    test('the images are unmapped, and memory that only ld.so writes to is read-only', () => {
      const [, data, rest] = segments(elf, PT.LOAD).slice(-3);
      assert.ok(data && rest);
      const own = results.maps.map((line) => line.split(/ +/)).filter((fields) => fields[5] === '/app');
      const last = own.filter(([, , offset = '']) => Number.parseInt(offset, 16) >= data.offset);
      const starts = [data.address, rest.address].map((address) => address.toString(16).padStart(8, '0'));
      assert.deepEqual(
        last.map(([range, access]) => [range?.split('-')[0], access]),
        starts.map((start) => [start, 'r--p']),
      );
      const end = Number.parseInt(last[1]?.[0]?.split('-')[1] ?? '', 16);
      assert.ok(end - rest.address < options.blob.length + 2 * PAGE_BYTES);
    });

    test('https to a server without a trusted certificate is refused', () => {
      const { stdout } = run(inRoot(root, 'report'), { PROBE_PEM: PEM });
      assert.equal(JSON.parse(stdout).https, 'DEPTH_ZERO_SELF_SIGNED_CERT');
    });

    test('handles signals as process 1', async (t) => {
      const child = await waiting(t, inRoot(root, 'wait'));
      process.kill(firstChildOf(child.pid), 'SIGTERM');
      const [said, ended] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      assert.equal(said, 'bye\n');
      assert.deepEqual(ended, [7, null]);
    });

    test('reports a missing /proc', () => {
      const { status, stderr } = run(['chroot', root, '/app', 'exit', '0']);
      assert.match(stderr, /error while loading shared libraries: \/proc\/self\/\/fd\/3: cannot open/);
      assert.equal(status, 127);
    });
  });
});

describe('a position-independent program', { skip: cannotSeal() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'seal-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const program = readFileSync('/bin/cat');
  const found = findLibraries(readElf('cat', program));
  /** Parts of glibc that cat does not need: too many for the room in its dynamic section. */
  const more = [
    'libanl.so.1',
    'libdl.so.2',
    'libm.so.6',
    'libpthread.so.0',
    'libresolv.so.2',
    'librt.so.1',
    'libutil.so.1',
  ];

  for (const count of [0, 1, more.length]) {
    test(`runs with ${count} libraries that it does not need`, () => {
      const home = dirname(found.libraries.find(({ name }) => name === 'libc.so.6')?.path ?? '');
      const others = more.slice(0, count).map((name) => ({ name, bytes: readFileSync(join(home, name)) }));
      const path = join(folder, `cat${count}`);
      const libraries = [...found.libraries, ...others];
      writeFileSync(path, seal(program, { ...found, libraries }), { mode: 0o755 });
      const { stdout, stderr } = run([path, '/proc/self/maps']);
      assert.equal(stderr, '');
      const loaded = new Set(Array.from(stdout.matchAll(/\/memfd:(\S+)/g), ([, name]) => name));
      assert.deepEqual(loaded, new Set(libraries.map(({ name }) => name)));
      // Only the original data stays writable; the slots and a relocated dynamic section do not.
      const own = stdout.split('\n').filter((line) => line.endsWith(path));
      const [, ...access] =
        own
          .join(' ')
          .match(/ ([r-][w-][x-]p) /g)
          ?.toReversed() ?? [];
      assert.deepEqual(access.slice(0, 3), [' r--p ', ' r-xp ', ' rw-p ']);
    });
  }
});

describe('files that cannot be sealed', { skip: cannotSeal() }, () => {
  const node = readFileSync(LOCKED_NODE);
  const found = findLibraries(readElf('Node', node));
  const blob = Buffer.from('blob');
  const fuseDigit = node.indexOf('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:') + 47;

  const cases: readonly (readonly [name: string, bytes: Buffer, message: RegExp])[] = [
    [
      'arm64',
      changed(node, (bytes) => bytes.writeUInt16LE(183, EHDR.machine)),
      /^Node is for arm64: .* x86-64 only so far$/,
    ],
    ['a shared library', found.loader.bytes, /^Node has no interpreter/],
    [
      'a Node with an application',
      changed(node, (bytes) => bytes.write('1', fuseDigit)),
      /fuse is missing, double or blown$/,
    ],
    [
      'a Node that accepts no application',
      changed(node, (bytes) => bytes.write('X', fuseDigit - 9)),
      /fuse is missing/,
    ],
  ];
  test('a Node for arm64, before its libraries are looked up', () => {
    const elf = { ...readElf('Node', node), machine: 'arm64' };
    assert.throws(() => findLibraries(elf), { name: 'SealError', message: /^Node is for arm64/ });
  });
  for (const [name, bytes, message] of cases) {
    test(name, () => assert.throws(() => seal(bytes, { ...found, blob }), { name: 'SealError', message }));
  }
});

describe('the command line', { skip: cannotSeal() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'seal-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const command = (...args: string[]) =>
    run([process.execPath, join(import.meta.dirname, 'seal.ts'), ...args]);

  test('seals, and lists the contents', () => {
    const out = join(folder, 'cat');
    const { status, stdout, stderr } = command('/bin/cat', out);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^\S+\/cat {2}\d+ bytes, with\n(.*\n)* {2}\/\S+\/libc\.so\.6 {2}\d+\n/);
    assert.equal(spawnSync(out, { input: 'sealed', encoding: 'utf8' }).stdout, 'sealed');
  });

  test('prints the usage', () => {
    const { status, stderr } = command('/bin/cat');
    assert.deepEqual(
      [status, stderr],
      [2, 'usage: node scripts/seal/seal.ts NODE OUT [--blob FILE] [--keep-symbols] [--keep-icu]\n'],
    );
  });

  for (const [args, message] of [
    [['/etc/hosts', join(folder, 'x')], 'seal: /etc/hosts: not an ELF file\n'],
    [
      ['/bin/cat', join(folder, 'x'), '--blob', '/nowhere'],
      "seal: ENOENT: no such file or directory, open '/nowhere'\n",
    ],
  ] as const) {
    test(message.trim(), () => {
      const { status, stderr } = command(...args);
      assert.deepEqual([status, stderr], [1, message]);
    });
  }
});
