/** The Deployment of deploy/kubernetes with the real image, played by podman, beside a real Redis. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';
import { build } from '../../scripts/oci/image.ts';
import { lacking } from '../../scripts/test/lacking.ts';
import { folder, noEngine, podman } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { notifyFile, send } from '../support/notify.ts';
import { eventually, request } from '../support/raw.ts';
import { noRedis, startRedis } from '../support/redis.ts';
import { aliveIn, countsIn } from '../support/replicas.ts';
import { isSource } from '../support/target.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const kubernetes = join(repository, 'deploy/kubernetes');
const START_LIMIT_MS = 60_000;
/** Of a container of slirp4netns: the host's loopback. */
const HOST = '10.0.2.2';
const nowhere = { kind: 'webhook', url: 'http://127.0.0.1:9/', allowAddresses: ['127.0.0.1'] };

const skip =
  (!isSource && 'tested with the sources') ||
  noEngine ||
  noRedis ||
  lacking({ kubectl: 'kubernetes-client', catatonit: 'catatonit' }) ||
  (!existsSync(join(repository, 'dist/mote')) && 'dist/mote is missing: npm run build makes it');

interface PodSpec {
  readonly containers: [{ readonly image: string; readonly ports: [{ hostPort?: number }] }];
  readonly volumes: readonly { readonly secret?: { optional?: boolean } }[];
}

interface Deployment {
  readonly spec: { replicas: number; readonly template: { readonly spec: PodSpec } };
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The objects of a kind, as `kubectl apply -k` would take them. */
function objectsOf(kind: string): unknown[] {
  const rendered = execFileSync('kubectl', ['kustomize', kubernetes], { encoding: 'utf8' });
  return parseAllDocuments(rendered)
    .map((document) => document.toJS())
    .filter((object) => object.kind === kind);
}

/** As podman 4.3 can take it: it gives each port of each replica to the host, and wants what is optional spelt out. */
function playable(port: number): string {
  const [deployment] = objectsOf('Deployment') as [Deployment];
  const { spec } = deployment.spec.template;
  deployment.spec.replicas = 1;
  spec.containers[0].ports[0].hostPort = port;
  for (const { secret } of spec.volumes) if (secret) secret.optional = false;
  return write('deployment.yaml', stringify(deployment));
}

test('podman plays the Deployment: files, messages and their queue, without rights', { skip }, async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const port = await freePort();
  const path = playable(port);
  const [{ spec }] = objectsOf('Deployment') as [Deployment];
  const image = spec.template.spec.containers[0].image;
  const archive = join(folder, 'kubernetes.tar');
  writeFileSync(archive, build(repository, { tag: image, tiny: false }).bytes);
  await podman('load', '--quiet', '--input', archive);
  const configMap = write(
    'site.yaml',
    objectsOf('ConfigMap')
      .map((object) => stringify(object))
      .join('---\n'),
  );
  // podman 4.3 takes the values of a Secret as they are written, without decoding them.
  const data = {
    'notify.json': readFileSync(notifyFile({ nowhere }), 'utf8'),
    spool: `redis://${HOST}:${redis.port}`,
  };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mote' }, data };
  await podman('secret', 'create', 'mote', write('secret.yaml', stringify(secret)));
  const network = ['--network', 'slirp4netns:allow_host_loopback=true'];
  await podman('kube', 'play', '--configmap', configMap, ...network, path);
  t.after(() => podman('pod', 'rm', '--all', '--force', '--time', '0'));

  const ready = () => request({ port }, '/readyz').catch(() => undefined);
  await eventually(START_LIMIT_MS, ready, (response) => response?.status === 200);
  const site = readFileSync(join(kubernetes, 'site/index.html'), 'utf8');
  assert.equal((await request({ port }, '/')).text, site);
  assert.equal((await send({ port }, { title: 'x' })).http, 202);
  assert.equal(countsIn(redis).messages, 1);
  const [name = ''] = (await podman('ps', '--format', '{{.Names}}'))
    .split('\n')
    .filter((one) => /mote$/.test(one));
  await podman('exec', name, '/mote', 'healthcheck');
  const [state] = JSON.parse(await podman('inspect', name));
  assert.equal(state.HostConfig.ReadonlyRootfs, true);
  assert.deepEqual(
    state.Mounts.map(({ RW }: { RW: boolean }) => RW),
    [false, false],
  );
  const status = readFileSync(`/proc/${state.State.Pid}/status`, 'latin1');
  assert.match(status, /^Uid:\t65532\t/m);
  for (const line of [/^CapEff:\t0+$/m, /^CapBnd:\t0+$/m, /^NoNewPrivs:\t1$/m, /^Seccomp:\t2$/m]) {
    assert.match(status, line);
  }
  await podman('stop', '--time', '30', name);
  assert.deepEqual(aliveIn(redis), [], 'it left its messages to others');
});
