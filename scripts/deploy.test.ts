/** What `deploy/` has, held to the tools that will read it and to mote's own tables. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { load } from '../src/config/load.ts';
import { defaults } from '../src/config/options.ts';
import { makeFolder } from '../test/support/folder.ts';
import { freePort } from '../test/support/free-port.ts';
import { eventually } from '../test/support/raw.ts';
import { noRedis } from '../test/support/redis.ts';
import { REPOSITORY } from './bundle/bundle.ts';
import { commandPath } from './command-path.ts';
import { lacking } from './test/lacking.ts';

const DEPLOY = join(REPOSITORY, 'deploy');
const KUBERNETES = join(DEPLOY, 'kubernetes');
/** Above it, `systemd-analyze security` no longer says OK. */
const MAX_EXPOSURE = 2;
const SPOOL_URL = 'redis://:secret@valkey:6379';
const NOTIFY = JSON.stringify({
  users: { ann: { tokens: [`sha256:${'0'.repeat(64)}`] } },
  channels: { hook: { kind: 'webhook', url: 'https://example.com' } },
});

type Yaml = Readonly<Record<string, unknown>>;

const read = (path: string) => readFileSync(join(DEPLOY, path), 'utf8');

/** What mote would make of a command line; fails on what it would refuse. */
function configOf(args: readonly string[], env: Readonly<Record<string, string>>) {
  const loaded = load(args, env, (path) => {
    if (path.endsWith('spool')) return SPOOL_URL;
    return path.includes('notify') ? NOTIFY : assert.fail(`it would read ${path}`);
  });
  assert.ok(loaded.ok, String(!loaded.ok && loaded.error));
  return loaded.value.config;
}

describe('Kubernetes', () => {
  const objects = readdirSync(KUBERNETES)
    .filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
    .map((name) => parse(readFileSync(join(KUBERNETES, name), 'utf8')) as Yaml);
  const deployment = objects.find(({ kind }) => kind === 'Deployment') as never as {
    spec: { template: { spec: { containers: [Container]; terminationGracePeriodSeconds: number } } };
  };
  interface Container {
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly ports: readonly { readonly containerPort: number }[];
    readonly startupProbe: Probe;
    readonly livenessProbe: Probe;
    readonly readinessProbe: Probe;
    readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  }
  interface Probe {
    readonly httpGet: { readonly path: string };
  }
  const { spec: pod } = deployment.spec.template;
  const [container] = pod.containers;

  test('knows the objects, field by field', () => {
    assert.deepEqual(typeErrors(objects), '');
    const misspelt = structuredClone(deployment) as never as { spec: { template: { spec: Yaml } } };
    Object.assign(misspelt.spec.template.spec, { enableServiceLink: false });
    assert.match(typeErrors([misspelt as never as Yaml]), /enableServiceLink/);
  });

  test('takes them together', { skip: lacking({ kubectl: 'kubernetes-client' }) }, () => {
    const rendered = execFileSync('kubectl', ['kustomize', KUBERNETES], { encoding: 'utf8' });
    assert.equal(rendered.split('\n---\n').length, objects.length + 1, 'and the site');
  });

  test('gives mote what mote takes', () => {
    const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
    const config = configOf(container.args, env);
    assert.equal(config.spool, SPOOL_URL);
    assert.deepEqual(
      container.ports.map(({ containerPort }) => containerPort),
      [config.port],
    );
    assert.equal(container.startupProbe.httpGet.path, config.healthPath);
    assert.equal(container.livenessProbe.httpGet.path, config.healthPath);
    assert.equal(container.readinessProbe.httpGet.path, config.readyPath);
    const neededMs = container.lifecycle.preStop.sleep.seconds * 1000 + config.shutdownGraceMs;
    assert.ok(neededMs < pod.terminationGracePeriodSeconds * 1000);
  });
});

const modules: Readonly<Record<string, string>> = {
  v1: 'core/v1',
  'networking.k8s.io/v1': 'networking/v1',
};

/** What the compiler says of the objects, by the published types. */
function typeErrors(objects: readonly Yaml[]): string {
  const lines = objects.map(({ apiVersion, kind, ...rest }) => {
    const path = join(
      REPOSITORY,
      'node_modules/kubernetes-types',
      modules[String(apiVersion)] ?? String(apiVersion),
    );
    const literal = JSON.stringify({ apiVersion, kind, ...rest });
    return `(${literal}) satisfies import(${JSON.stringify(path)}).${String(kind)};`;
  });
  const file = join(makeFolder(), 'objects.ts');
  writeFileSync(file, `${lines.join('\n')}\nexport {};\n`);
  const compiler = join(REPOSITORY, 'node_modules/.bin/tsc');
  const options = [
    '--noEmit',
    '--ignoreConfig',
    '--strict',
    '--module',
    'nodenext',
    '--skipLibCheck',
    '--types',
    '',
  ];
  return spawnSync(compiler, [...options, file], { encoding: 'utf8' }).stdout;
}

test('compose gives mote what mote takes, and names no secret', () => {
  const { services, secrets } = parse(read('compose.yaml')) as {
    services: { mote: { command: string[]; environment: Record<string, string>; stop_grace_period: string } };
    secrets: Record<string, unknown>;
  };
  const { command, environment, stop_grace_period: grace } = services.mote;
  const config = configOf(command, environment);
  assert.equal(config.spool, SPOOL_URL);
  assert.ok(Number.parseInt(grace, 10) * 1000 > config.shutdownGraceMs);
  assert.deepEqual(Object.keys(secrets).sort(), ['notify', 'spool', 'valkey']);
});

test('compose knows every word', { skip: lacking({ 'docker-compose': 'docker-compose' }) }, () => {
  // Debian's does not know the name of a project yet.
  const text = read('compose.yaml').replace(/^name: .*$/m, '');
  const check = (compose: string) => {
    const folder = makeFolder({ 'compose.yaml': compose });
    return spawnSync('docker-compose', ['-f', 'compose.yaml', 'config', '--quiet'], {
      cwd: folder,
      encoding: 'utf8',
    });
  };
  assert.deepEqual(check(text).stderr, '');
  assert.match(check(text.replace('read_only', 'read_olny')).stderr, /read_olny/);
});

test('the server of compose starts, and is healthy with its password', { skip: noRedis }, async (t) => {
  const { services } = parse(read('compose.yaml')) as {
    services: { valkey: { command: string[]; healthcheck: { test: [string, string] } } };
  };
  const port = await freePort();
  // Valkey is Redis under other names here.
  const folder = makeFolder({ secret: 'the password' });
  for (const [name, program] of [
    ['valkey-server', 'redis-server'],
    ['valkey-cli', 'redis-cli'],
  ] as const) {
    symlinkSync(commandPath(program) ?? '', join(folder, name));
  }
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const inFolder = (line: string) =>
    line
      .replaceAll('$$', '$')
      .replaceAll('/run/secrets/valkey', join(folder, 'secret'))
      .replace('valkey-server', `valkey-server --port ${port} --bind 127.0.0.1`)
      .replace('valkey-cli', `valkey-cli -p ${port}`);
  const [program = '', ...args] = services.valkey.command.map(inFolder);
  const server = spawn(program, args, { cwd: folder, env, stdio: 'ignore' });
  t.after(() => server.kill('SIGKILL'));
  const [kind, line] = services.valkey.healthcheck.test;
  assert.equal(kind, 'CMD-SHELL');
  const check = () => spawnSync('sh', ['-c', inFolder(line)], { cwd: folder, env }).status;
  await eventually(10_000, check, (status) => status === 0);
  const setting = (name: string) =>
    execFileSync('redis-cli', ['-p', `${port}`, 'config', 'get', name], {
      env: { ...env, REDISCLI_AUTH: 'the password' },
      encoding: 'utf8',
    }).split('\n')[1];
  assert.deepEqual(['appendonly', 'appendfsync', 'maxmemory-policy'].map(setting), [
    'yes',
    'always',
    'noeviction',
  ]);
  writeFileSync(join(folder, 'secret'), 'another password');
  assert.notEqual(check(), 0);
});

describe('systemd', () => {
  const skip = lacking({ 'systemd-analyze': 'systemd' });
  const service = read('systemd/mote.service');

  /** With a program that exists. */
  const unitFor = (text: string): string => {
    const folder = makeFolder({ 'mote.service': text.replace('/usr/local/bin/mote', '/bin/true') });
    return join(folder, 'mote.service');
  };
  const analyze = (...args: string[]) => {
    const { stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    return stdout + stderr;
  };

  test('knows every word of the service', { skip }, () => {
    assert.equal(analyze('verify', unitFor(service)), '');
    assert.match(analyze('verify', unitFor(service.replace('PrivateTmp', 'PrivateTemp'))), /PrivateTemp/);
  });

  test('finds it well confined', { skip }, () => {
    const [, exposure] = /exposure level for mote\.service: ([\d.]+)/.exec(
      analyze('security', '--offline=true', unitFor(service)),
    ) ?? [undefined, 'none'];
    assert.ok(Number(exposure) <= MAX_EXPOSURE, exposure);
  });

  test('gives mote what mote takes, and time to end', () => {
    const [, line = ''] = /^ExecStart=\S+ (.*)$/m.exec(service) ?? [];
    const config = configOf(line.split(' '), {});
    assert.equal(config.port, defaults.port);
    const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(service) ?? [];
    assert.ok(Number(seconds) * 1000 > config.shutdownGraceMs);
  });

  test('opens the port of the socket', { skip }, () => {
    const folder = makeFolder({
      'mote.service': service.replace('/usr/local/bin/mote', '/bin/true'),
      'mote.socket': read('systemd/mote.socket'),
    });
    assert.equal(analyze('verify', join(folder, 'mote.socket')), '');
  });
});

test('Caddy takes its file', { skip: lacking({ caddy: 'caddy' }) }, () => {
  const args = ['adapt', '--config', join(DEPLOY, 'Caddyfile'), '--adapter', 'caddyfile'];
  const { status, stdout, stderr } = spawnSync('caddy', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /127\.0\.0\.1:8080/);
});

test('nginx takes the file for replicas', { skip: lacking({ nginx: 'nginx-light' }) }, () => {
  const folder = makeFolder({
    'site.conf': read('nginx-replicas.conf').replace('listen 80;', 'listen 18080;'),
  });
  const main = `pid ${folder}/pid; error_log stderr; events {} http { access_log off; include ${folder}/site.conf; }`;
  writeFileSync(join(folder, 'nginx.conf'), main);
  const { status, stderr } = spawnSync('nginx', ['-t', '-c', join(folder, 'nginx.conf')], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});
