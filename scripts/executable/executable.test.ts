/** Tests of the built executable: its bytes, and its behaviour in an empty root. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { VERSION } from '../../src/build/version.ts';
import { OTHER_AUTHORITY, PEM } from '../../src/http/fixtures.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { copyOfRepository, temporaryFolder } from '../bundle/fixtures.ts';
import { licensesFor } from '../bundle/licenses.ts';
import { cannotSeal, inRoot, LOCKED_NODE, makeRoot, noEmptyRoot } from '../seal/fixtures.ts';
import { build, fakeBase, offline, run } from './fixtures.ts';

const folder = temporaryFolder();
const USUAL_BUNDLE = 'etc/ssl/certs/ca-certificates.crt';

function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Variables that affect Node, OpenSSL or ld.so. `LOOT` stands for an empty folder. */
const steering: readonly (readonly [variable: string, value: string])[] = [
  ['NODE_OPTIONS', '--require LOOT/../evil.cjs'],
  ['NODE_OPTIONS', '--inspect=127.0.0.1:0'],
  ['NODE_OPTIONS', '--bogus'],
  ['NODE_DEBUG', 'http,net,tls'],
  ['NODE_V8_COVERAGE', 'LOOT'],
  ['NODE_COMPILE_CACHE', 'LOOT'],
  ['OPENSSL_CONF', 'LOOT/../evil.cnf'],
  ['LD_PRELOAD', 'LOOT/missing.so'],
  ['LD_DEBUG', 'libs'],
  ['LD_SHOW_AUXV', '1'],
];

describe('the sealed executable', { skip: cannotSeal() }, () => {
  const executable = join(folder, 'mote');
  let report = '';
  before(async () => {
    // With a strict umask, only the owner may read new files.
    const umask = process.umask(0o077);
    const { status, stdout, stderr } = await build(['--base', 'seal', '-o', executable]).finally(() =>
      process.umask(umask),
    );
    assert.deepEqual([status, stderr], [0, '']);
    report = stdout;
  });

  test('is one file that everybody may run, next to its source map', () => {
    assert.equal(statSync(executable).mode & 0o777, 0o755);
    const { sources } = JSON.parse(readFileSync(`${executable}.map`, 'utf8'));
    assert.ok(sources.includes('../src/static/plan.ts'));
    assert.ok(!existsSync(`${executable}.part`));
  });

  test('is described in the same way by the build and by itself', async () => {
    const { stdout } = await run([executable, '--version', '--json']);
    const about = JSON.parse(stdout);
    const { node, v8, openssl } = JSON.parse(
      (await run([LOCKED_NODE, '-p', 'JSON.stringify(process.versions)'])).stdout,
    );
    const [size, sha256] = [statSync(executable).size, sha256Of(executable)];
    const { glibc, leftOut } = about;
    assert.match(glibc, /^2\.\d+$/);
    assert.deepEqual(about, {
      name: 'mote',
      version: VERSION,
      base: 'seal',
      node,
      v8,
      openssl,
      glibc,
      leftOut,
      embeddedSite: false,
      size,
      sha256,
    });
    const versions = `mote ${VERSION}, Node ${node}, V8 ${v8}, OpenSSL ${openssl}, glibc ${glibc}`;
    const data = `${leftOut.icu.bytes} bytes of ICU's data, which mote never asks for`;
    const lines = [executable, `  size     ${size} bytes`, `  sha256   ${sha256}`, '  base     seal'];
    lines.push(`  versions ${versions}`, `  left out ${data}`);
    assert.ok(report.endsWith([...lines, ''].join('\n')), report);
  });

  test('contains the licenses of all its parts', async () => {
    assert.equal((await run([executable, '--licenses'])).stdout, licensesFor('seal', REPOSITORY));
  });

  test('does not depend on the folders of the source and the output, nor name them', async () => {
    const other = join(folder, 'other name');
    const root = copyOfRepository(folder);
    const { status, stderr } = await build(['--base', 'seal', '-o', other], { TZ: 'Asia/Tokyo' }, root);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(sha256Of(other), sha256Of(executable));
    const bytes = readFileSync(other);
    for (const path of [folder, REPOSITORY, 'mote-build-']) assert.ok(!bytes.includes(path), path);
  });

  for (const [variable, value] of steering) {
    test(`is not steered by ${variable}=${value}`, async () => {
      const loot = join(temporaryFolder(), 'loot');
      mkdirSync(loot);
      writeFileSync(join(loot, '..', 'evil.cjs'), `require('node:fs').writeFileSync('${loot}/evil', '')`);
      writeFileSync(
        join(loot, '..', 'evil.cnf'),
        'nodejs_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n',
      );
      // Nothing listens on this port.
      const command = [executable, 'healthcheck', 'http://127.0.0.1:1/'];
      const env = { [variable]: value.replaceAll('LOOT', loot), HTTP_PROXY: 'http://127.0.0.1:9' };
      const { status, stdout, stderr } = await run(command, env);
      const complaint = 'mote: unhealthy: http://127.0.0.1:1: cannot connect (ECONNREFUSED)\n';
      assert.deepEqual([status, stdout, stderr], [1, '', complaint]);
      assert.deepEqual(readdirSync(loot), []);
    });
  }

  test('has no thread that waits for SIGUSR1 to open the inspector', async (t) => {
    const child = spawn(executable, [folder, '0'], { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const threads = readdirSync(`/proc/${child.pid}/task`);
    const names = threads.map((id) => readFileSync(`/proc/${child.pid}/task/${id}/comm`, 'utf8').trim());
    assert.ok(names.length > 1);
    assert.deepEqual(
      names.filter((name) => /inspector/i.test(name)),
      [],
    );
  });

  test('can be replaced while it runs', async (t) => {
    const child = await serving(t, [executable, folder]);
    const { status, stderr } = await build(['--base', 'seal', '--keep-symbols', '-o', executable]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.ok(statSync(executable).size > 120_000_000);
    assert.equal((await run([executable, '--version'])).stdout, `mote ${VERSION}\n`);
    assert.equal((await fetch(child.url)).status, 404);
  });
});

/** Starts a server on a free port and stops it after the test. */
async function serving(t: TestContext, [command = '', ...args]: readonly string[], env = {}) {
  const child = spawn(command, [...args, '--port', '0', '--host', '127.0.0.1'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { child, line, url: /http:\S+/.exec(line)?.[0] ?? '' };
}

describe('in an empty root', { skip: cannotSeal() || noEmptyRoot() }, () => {
  const site = join(folder, 'site');
  const executable = join(folder, 'with-site');
  let root = '';
  let report = '';
  before(async () => {
    cpSync(join(REPOSITORY, 'web_root'), site, { recursive: true });
    writeFileSync(join(site, '.secret'), 'nobody may read this');
    const { stdout, stderr } = await build(['--base', 'seal', '--embed', site, '-o', executable]);
    assert.equal(stderr, '');
    report = stdout;
    root = makeRoot(folder, readFileSync(executable));
    mkdirSync(join(root, 'etc/ssl/certs'), { recursive: true });
  });

  test('the build lists the embedded files and the ones left out', () => {
    const count = readdirSync(site).length - 1;
    assert.match(report, new RegExp(`^embedded: ${count} files with \\d+ bytes from ${site}\n`));
    assert.match(report, /^ {2}left out: \.secret: its name begins with a dot$/m);
    assert.ok(!readFileSync(executable).includes('nobody may read this'));
  });

  test('serves its site as process 1, and ends on SIGTERM', async (t) => {
    const { child, line, url } = await serving(t, inRoot(root));
    assert.match(line, /^mote serves the embedded site on http:\/\/127\.0\.0\.1:\d+\n$/);
    const index = await fetch(url);
    assert.deepEqual(
      [index.status, await index.text()],
      [200, readFileSync(join(site, 'index.html'), 'utf8')],
    );
    assert.equal(index.headers.get('last-modified'), null);
    const tag = index.headers.get('etag') ?? '';
    assert.equal((await fetch(url, { headers: { 'if-none-match': tag } })).status, 304);
    assert.equal((await fetch(`${url}/.secret`)).status, 404);
    const pid = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    process.kill(Number.parseInt(pid, 10), 'SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  test('a path on the command line is served instead', async (t) => {
    const { line, url } = await serving(t, inRoot(root, '/etc'));
    assert.match(line, /^mote serves \/etc on /);
    assert.equal(await (await fetch(`${url}/hosts`)).text(), '127.0.0.1 localhost\n');
  });

  describe('an outgoing https request', () => {
    const requests: (string | undefined)[] = [];
    const server = createServer({ key: PEM, cert: PEM }, (request, response) => {
      requests.push(request.url);
      response.end();
    });
    const health = (env: Readonly<Record<string, string>>, ...flags: string[]) => {
      const { port } = server.address() as AddressInfo;
      return run(inRoot(root, 'healthcheck', `https://localhost:${port}/health`, ...flags), env);
    };
    before(() => once(server.listen(0, '127.0.0.1'), 'listening'));
    after(() => server.close());

    /** Installs a CA bundle in its usual place for one test. */
    function putBundle(t: TestContext, pem: string): void {
      writeFileSync(join(root, USUAL_BUNDLE), pem);
      t.after(() => rmSync(join(root, USUAL_BUNDLE)));
    }

    test('is verified with the bundle in its usual place', async (t) => {
      putBundle(t, `${OTHER_AUTHORITY}${PEM}`);
      assert.deepEqual(await health({}), { status: 0, stdout: '', stderr: '' });
      assert.deepEqual(requests.splice(0), ['/health']);
    });

    test('is verified with the bundle that SSL_CERT_FILE names', async (t) => {
      putBundle(t, OTHER_AUTHORITY);
      assert.deepEqual(await health({ SSL_CERT_FILE: '/etc/ca.pem' }), { status: 0, stdout: '', stderr: '' });
      assert.deepEqual(requests.splice(0), ['/health']);
    });

    const refusals: readonly (readonly [
      name: string,
      bundle: string,
      env: Readonly<Record<string, string>>,
    ])[] = [
      ['another authority', OTHER_AUTHORITY, {}],
      ['another authority, with verification off', OTHER_AUTHORITY, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
      ['another authority, with an extra CA file', OTHER_AUTHORITY, { NODE_EXTRA_CA_CERTS: '/etc/ca.pem' }],
    ];
    for (const [name, bundle, env] of refusals) {
      test(`is refused with the bundle of ${name}`, async (t) => {
        putBundle(t, bundle);
        const { status, stderr } = await health(env);
        assert.equal(status, 1);
        assert.match(stderr, /^mote: unhealthy: https:\/\/localhost:\d+: no trusted TLS \(\w+\)$/m);
        assert.deepEqual(requests, []);
      });
    }

    test('fails without a bundle, and the error names the missing file', async () => {
      const missing: readonly (readonly [env: Readonly<Record<string, string>>, message: RegExp])[] = [
        [{}, /: no CA bundle: \/etc\/ssl\/certs\/ca-certificates\.crt is missing; put one there, /],
        [
          { SSL_CERT_FILE: '/none.pem' },
          /: no CA bundle: SSL_CERT_FILE names \/none\.pem, which does not exist$/m,
        ],
      ];
      for (const [env, message] of missing) {
        const { status, stderr } = await health(env);
        assert.equal(status, 1);
        assert.match(stderr, message);
      }
      assert.deepEqual(requests, []);
    });
  });
});

describe('the executable of pkg', () => {
  const base = { PKG_NODE_PATH: fakeBase(folder) };
  const args = ['--base', 'pkg', '--arch', process.arch];

  test('has the bundle and the site after its base, and is reproducible in any folder', async () => {
    const [first, second] = [join(folder, 'pkg1'), join(folder, 'elsewhere', 'pkg2')];
    mkdirSync(join(folder, 'elsewhere'));
    const site = join(REPOSITORY, 'web_root');
    const one = await build([...args, '--embed', site, '-o', first], base);
    assert.deepEqual([one.status, one.stderr], [0, '']);
    assert.match(
      one.stdout,
      /\n {2}base {5}pkg\n {2}versions mote 1\.2\.3, Node 24\.0\.0, V8 13, OpenSSL 3\n$/,
    );
    const two = await build([...args, '--embed', site, '-o', second], {
      ...base,
      TMPDIR: join(folder, 'elsewhere'),
    });
    assert.deepEqual([two.status, two.stderr], [0, '']);
    assert.equal(sha256Of(second), sha256Of(first));
    const bytes = readFileSync(first);
    const index = readFileSync(join(site, 'index.html'));
    for (const part of ['--use-openssl-ca', 'mote serves ', index]) assert.ok(bytes.includes(part));
    for (const path of [folder, REPOSITORY, 'mote-build-']) assert.ok(!bytes.includes(path), path);
    assert.equal(statSync(first).mode & 0o777, 0o755);
  });

  test('without its base fails with one line that names the alternatives, and leaves no file', async () => {
    const cache = join(folder, 'empty-cache');
    const out = join(folder, 'never');
    const { status, stdout, stderr } = await build([...args, '-o', out], {
      ...offline,
      PKG_CACHE_PATH: cache,
    });
    assert.equal(status, 1);
    const name = `node-v24\\.\\d+\\.\\d+-linuxstatic-${process.arch}`;
    assert.equal(stdout, '');
    assert.match(
      stderr,
      new RegExp(
        `^build: the base of pkg, ${name}, is not in ${cache}, and it cannot be downloaded: .*--base seal.*--base PATH.*\n$`,
      ),
    );
    assert.deepEqual(
      readdirSync(folder).filter((file) => file.startsWith('never')),
      [],
    );
  });

  test('is not kept if it does not start', async () => {
    const broken = join(folder, 'broken-base');
    writeFileSync(broken, readFileSync(base.PKG_NODE_PATH, 'latin1').replace('HASH"', 'HUSH"'), {
      mode: 0o755,
    });
    const { status, stderr } = await build([...args, '-o', join(folder, 'broken')], {
      PKG_NODE_PATH: broken,
    });
    assert.deepEqual([status, stderr], [1, 'build: the executable says that its SHA-256 is HUSH\n']);
    assert.ok(!existsSync(join(folder, 'broken')) && !existsSync(join(folder, 'broken.part')));
  });
});

describe('the default base', () => {
  test('is pkg if its base is cached', async () => {
    const { stdout } = await build(['--arch', process.arch, '-o', join(folder, 'chosen')], {
      PKG_NODE_PATH: fakeBase(folder),
    });
    assert.match(stdout, /^base: pkg, because that is cached\n/);
  });

  test('is seal if that of pkg is neither cached nor reachable', {
    skip: cannotSeal(),
  }, async () => {
    const env = { ...offline, PKG_CACHE_PATH: join(folder, 'empty-cache') };
    const { status, stdout } = await build(['-o', join(folder, 'chosen')], env);
    assert.equal(status, 0);
    assert.match(
      stdout,
      /^base: seal, because that of pkg is not cached and github\.com cannot be reached \(\w+\)\n/,
    );
    assert.match(stdout, /\n {2}base {5}seal\n/);
  });

  const refused: readonly (readonly [name: string, args: readonly string[], message: RegExp])[] = [
    [
      'sealing for arm64',
      ['--base', 'seal', '--arch', 'arm64'],
      /sealing works for x64 only so far; other choices: --base pkg/,
    ],
    ['a program that is not Node', ['--base', '/bin/cat'], /this Node cannot take an application/],
    [
      'a file that is not a program',
      ['--base', join(REPOSITORY, 'package.json')],
      /package\.json: not an ELF file$/m,
    ],
    [
      'a site that does not exist',
      ['--base', 'seal', '--embed', '/nowhere'],
      /^build: cannot embed \/nowhere: ENOENT/,
    ],
  ];
  for (const [name, args, message] of refused) {
    test(`${name} is refused`, { skip: cannotSeal() }, async () => {
      const { status, stderr } = await build([...args, '-o', join(folder, 'refused')]);
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.equal(stderr.split('\n').length, 2);
      assert.deepEqual(
        readdirSync(folder).filter((file) => file.startsWith('refused')),
        [],
      );
    });
  }

  test('an invalid command line prints the usage', async () => {
    const { status, stderr } = await build(['--base', 'nothing']);
    assert.equal(status, 2);
    assert.match(stderr, /^build: --base: nothing; allowed: .*\nusage: npm run build /);
  });
});
