/**
 * What a container is promised, held against the real image in both ways of making it: the archive that
 * `npm run image` writes of dist/mote, and Dockerfile.scratch, built from nothing but a Debian with Node.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from '../../scripts/oci/image.ts';
import { OTHER_AUTHORITY } from '../../src/http/fixtures.ts';
import { authority, certificate, key } from '../support/certificates.ts';
import { makeDebian, noCompiler, noDebian } from '../support/debian.ts';
import { folder, noEngine, podman } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { eventually, request } from '../support/raw.ts';
import { isSource } from '../support/target.ts';

/** A container that takes longer to stop was not asked but killed. */
const STOPPED_WITHIN_MS = 5000;
const START_LIMIT_MS = 10_000;
const USER = 65_532;
const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** As little as a container can be given. */
const WITHOUT_RIGHTS = ['--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges'];

const authorities = { right: join(folder, 'right.pem'), wrong: join(folder, 'wrong.pem') };
const mount = (file: string, path: string) => ['--volume', `${file}:${path}:ro`];

const verified: readonly (readonly [name: string, options: readonly string[]])[] = [
  ['at its usual place', mount(authorities.right, CA_BUNDLE)],
  ['that SSL_CERT_FILE names', [...mount(authorities.right, '/ca.pem'), '--env', 'SSL_CERT_FILE=/ca.pem']],
];
const untrusted = /^mote: unhealthy: https:\/\/localhost:\d+: no trusted TLS \(\w+\)$/m;
const refused: readonly (readonly [name: string, options: readonly string[], complaint: RegExp])[] = [
  ['with the bundle that the image has', [], untrusted],
  ['with the bundle of another authority', mount(authorities.wrong, CA_BUNDLE), untrusted],
  [
    'without a bundle, and the missing file is named',
    ['--env', 'SSL_CERT_FILE=/none.pem'],
    /^mote: unhealthy: .*no CA bundle: SSL_CERT_FILE names \/none\.pem, which does not exist$/m,
  ],
];

// The target of the suite does not matter here, so one run of it is enough.
const again = !isSource && 'tested with the sources';
const rungs = [
  { rung: 'node', executable: 'dist/mote', script: 'build' },
  { rung: 'tiny', executable: 'dist/mote-tiny', script: 'tiny' },
] as const;

for (const { rung, executable, script } of rungs) {
  const isTiny = rung === 'tiny';
  const isMissing = !existsSync(join(repository, executable));
  const noMote = isMissing && `${executable} is missing: npm run ${script} makes it`;

  describe(`the image of npm run image, ${rung}`, { skip: again || noEngine || noMote }, () => {
    const name = `mote:archive-${rung}`;
    before(async () => {
      const path = join(folder, `${rung}.tar`);
      writeFileSync(path, build(repository, { tag: name, tiny: isTiny }).bytes);
      await podman('pull', '--quiet', `docker-archive:${path}:${name}`);
    });
    keepsItsPromises(`localhost/${name}`, isTiny);
  });

  describe(`the image of Dockerfile.scratch, ${rung}`, {
    skip: again || (isTiny ? noCompiler : noDebian),
  }, () => {
    const name = `localhost/mote:built-${rung}`;
    before(async () => {
      const base = `localhost/debian-${rung}`;
      const reachRegistry = await makeDebian(base, { compiler: isTiny });
      await podman(
        'build',
        '--format',
        'docker',
        '--tag',
        name,
        '--layers=false',
        ...reachRegistry,
        '--build-arg',
        `NODE_IMAGE=${base}`,
        '--build-arg',
        `RUNG=${script}`,
        '--pull-never',
        '--file',
        join(repository, 'Dockerfile.scratch'),
        repository,
      );
    });
    keepsItsPromises(name, isTiny);
  });
}

function keepsItsPromises(image: string, isTiny: boolean): void {
  runsWithoutRights(image);
  verifiesWhomItAsks(image);
  sendsByTls(image);
  saysWhatIsInside(
    image,
    isTiny ? { quickjs: 'QuickJS', mbedtls: 'Mbed TLS', zlib: 'zlib', musl: 'musl' } : { node: 'Node.js' },
  );
}

function runsWithoutRights(image: string): void {
  test('holds mote, the CA bundle and the site, and so no shell', async () => {
    const root = (await podman('image', 'mount', image)).trim();
    const found = filesBelow(root);
    await podman('image', 'unmount', image);
    const site = filesBelow(join(repository, 'web_root')).map((path) => `/web_root${path}`);
    assert.deepEqual(found, [CA_BUNDLE, '/mote', ...site].sort());
  });

  test('serves as process 1 without rights, is healthy, and ends on SIGTERM', async (t) => {
    const port = await freePort();
    const id = await started(t, ['--network', 'slirp4netns', '--publish', `127.0.0.1:${port}:8080`, image]);
    const ask = () => request({ port }, '/').catch(() => undefined);
    const { value: response } = await eventually(START_LIMIT_MS, ask, (response) => response !== undefined);
    const site = readFileSync(join(repository, 'web_root/index.html'), 'utf8');
    assert.deepEqual([response?.status, response?.text], [200, site]);

    const { Pid } = await stateOf(id);
    assert.deepEqual(rightsOf(Pid), {
      processInside: 1,
      users: [USER, USER, USER, USER],
      groups: [USER, USER, USER, USER],
      capabilities: [0, 0, 0, 0, 0],
      noNewPrivileges: 1,
      root: 'ro',
    });
    await podman('healthcheck', 'run', id);
    assert.equal((await stateOf(id)).Health.Status, 'healthy');

    const began = performance.now();
    await podman('stop', '--time', '30', id);
    assert.ok(performance.now() - began < STOPPED_WITHIN_MS);
    assert.equal((await stateOf(id)).ExitCode, 0);
  });

  for (const flags of [
    ['/web_root', '8081'],
    ['--port', '9000', '--health-path', '/up'],
  ]) {
    test(`is healthy with ${flags.join(' ')}, and its log stays empty`, async (t) => {
      const id = await started(t, ['--network', 'none', image, ...flags]);
      await eventually(
        START_LIMIT_MS,
        () => podman('logs', id),
        (log) => / on /.test(log),
      );
      await podman('healthcheck', 'run', id);
      const lines = (await podman('logs', id)).trim().split('\n');
      // mote-tiny says what it could not give up.
      const own = lines.filter((line) => !line.startsWith('not confined'));
      assert.equal(own.length, 1, own.join('\n'));
    });
  }

  test('is not healthy where there is nothing to ask', async (t) => {
    const id = await started(t, ['--network', 'none', image, '--health-path=']);
    await assert.rejects(podman('healthcheck', 'run', id), { code: 1 });
  });
}

function verifiesWhomItAsks(image: string): void {
  let requests = 0;
  const server = createServer({ key, cert: certificate }, (_request, response) => {
    requests++;
    response.end();
  });
  before(async () => {
    writeFileSync(authorities.right, authority);
    writeFileSync(authorities.wrong, OTHER_AUTHORITY);
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  after(() => server.close());

  /** How mote ends that asks the server from a container without rights, and how often the server was asked. */
  async function healthcheck(...options: string[]) {
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    const flags = [...WITHOUT_RIGHTS, '--no-healthcheck', '--network', 'host', ...options];
    requests = 0;
    const { code, stderr } = await podman('run', '--rm', ...flags, image, 'healthcheck', url).then(
      () => ({ code: 0, stderr: '' }),
      (error) => error,
    );
    return { code, stderr, requests };
  }

  for (const [name, options] of verified) {
    test(`an https request out is verified by the bundle ${name}`, async () => {
      assert.deepEqual(await healthcheck(...options), { code: 0, stderr: '', requests: 1 });
    });
  }
  for (const [name, options, message] of refused) {
    test(`an https request out is refused ${name}`, async () => {
      const { stderr, ...outcome } = await healthcheck(...options);
      assert.match(stderr, message);
      assert.deepEqual(outcome, { code: 1, requests: 0 });
    });
  }
}

const TOKEN = 'a-token-for-the-container-0123456789';

/** A message leaves by TLS: to whom the bundle vouches for, and to nobody else. */
function sendsByTls(image: string): void {
  const bodies: string[] = [];
  const receiver = createServer({ key, cert: certificate }, async (message, response) => {
    bodies.push(await text(message));
    response.end();
  });
  before(async () => {
    await once(receiver.listen(0, '127.0.0.1'), 'listening');
  });
  after(() => receiver.close());

  /** What the sender of a message is told, with that bundle in the image. */
  async function notify(t: TestContext, bundle: string) {
    const port = await freePort();
    const variables = [
      `MOTE_NOTIFY_TOKEN=${TOKEN}`,
      `WEBHOOK_URL=https://localhost:${(receiver.address() as AddressInfo).port}/`,
      'WEBHOOK_ALLOW_ADDRESSES=127.0.0.1',
    ].flatMap((variable) => ['--env', variable]);
    const flags = [...mount(bundle, CA_BUNDLE), '--network', 'host', '--no-healthcheck', ...variables];
    await started(t, [...flags, image, '--port', `${port}`, '--host', '127.0.0.1']);
    const ask = () => request({ port }, '/').catch(() => undefined);
    await eventually(START_LIMIT_MS, ask, (response) => response !== undefined);
    const response = await fetch(`http://127.0.0.1:${port}/notify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: new URLSearchParams({ text: 'from a container' }),
    });
    return { status: response.status, answer: await response.text() };
  }

  test('a message goes to a receiver whom the bundle vouches for', async (t) => {
    bodies.length = 0;
    const { status, answer } = await notify(t, authorities.right);
    assert.equal(status, 200, answer);
    assert.equal(bodies.length, 1);
    assert.match(bodies[0] ?? '', /from a container/);
  });

  test('a message does not go to others, and the sender is told why', async (t) => {
    bodies.length = 0;
    const { answer } = await notify(t, authorities.wrong);
    assert.match(answer, /the certificate is from an authority that is not trusted/);
    assert.deepEqual(bodies, []);
  });
}

/** `parts`: a key of `--version --json`, and its title in the licenses. */
function saysWhatIsInside(image: string, parts: Readonly<Record<string, string>>): void {
  test('says what is inside, with versions and licenses', async () => {
    const ask = (...flags: string[]) => podman('run', '--rm', ...WITHOUT_RIGHTS, image, ...flags);
    const about = JSON.parse(await ask('--version', '--json'));
    const licenses = await ask('--licenses');
    for (const [key, title] of Object.entries(parts)) {
      assert.match(about[key], /^v?\d+[.-]\d+/, key);
      assert.match(licenses, new RegExp(`^${title}\n=+\n`, 'm'));
    }
  });
}

/** All that is no folder, as paths from `root`. */
function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length))
    .sort();
}

/** Starts a container without rights, which is gone after the test; returns its identifier. */
async function started(t: TestContext, args: readonly string[]): Promise<string> {
  const id = (await podman('run', '--detach', ...WITHOUT_RIGHTS, ...args)).trim();
  t.after(() => podman('rm', '--force', '--time', '0', id));
  return id;
}

interface State {
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Health: { readonly Status: string };
}

async function stateOf(id: string): Promise<State> {
  return JSON.parse(await podman('inspect', '--format', '{{json .State}}', id));
}

/** What the kernel lets a process do, whatever the engine was told. */
function rightsOf(pid: number) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const numbers = (field: string, base = 10) => {
    const text = new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
    return text.split(/\s+/).map((number) => Number.parseInt(number, base));
  };
  const mounts = readFileSync(`/proc/${pid}/mounts`, 'utf8').split('\n');
  const [, , , options = ''] = mounts.find((line) => line.split(' ')[1] === '/')?.split(' ') ?? [];
  return {
    processInside: numbers('NSpid').at(-1),
    users: numbers('Uid'),
    groups: numbers('Gid'),
    capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].flatMap((set) => numbers(set, 16)),
    noNewPrivileges: numbers('NoNewPrivs')[0],
    root: options.split(',')[0],
  };
}
