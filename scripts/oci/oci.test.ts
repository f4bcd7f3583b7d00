import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { untar } from './fixtures.ts';
import { type Architecture, archive, type Image, image, type RunConfig, sizes } from './oci.ts';

const program = { path: 'mote', mode: 0o755, bytes: Buffer.from('x'.repeat(872)) };
const page = { path: 'web_root/index.html', mode: 0o644, bytes: Buffer.from('<p>hello\n') };
const minimal = image({
  architecture: 'amd64',
  layers: [{ files: [program] }],
  config: { entrypoint: ['/mote'] },
});

const everything: RunConfig = {
  entrypoint: ['/mote'],
  cmd: ['web_root'],
  user: '65532:65532',
  exposedPorts: [8080, 9090],
  env: { A: 'b', C: 'd=e' },
  labels: { title: 'mote' },
  workingDir: '/',
  stopSignal: 'SIGINT',
  healthcheck: { command: ['/mote', 'healthcheck'], startPeriodSeconds: 10 },
};

const twoLayers = (architecture: Architecture, epochSeconds?: number) =>
  image({
    architecture,
    layers: [
      { files: [{ ...program, bytes: Buffer.from(architecture) }], createdBy: 'program' },
      { files: [page], createdBy: 'site' },
    ],
    config: everything,
    epochSeconds,
  });

const parse = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString());
const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const diffIds = ({ layers }: Image) => layers.map(({ bytes }) => sha256(gunzipSync(bytes)));

describe('an image', () => {
  test('with one file contains exactly the expected bytes', () => {
    assert.equal(
      Buffer.from(minimal.config.bytes).toString(),
      `{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/mote"]},"rootfs":{"type":"layers","diff_ids":["${diffIds(minimal)[0]}"]}}`,
    );
    const [layer] = minimal.layers;
    assert.equal(
      Buffer.from(minimal.manifest.bytes).toString(),
      `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"${minimal.config.digest}","size":185},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"${layer?.digest}","size":${layer?.bytes.length}}]}`,
    );
  });

  test('has three sizes', () => {
    const layerBytes = minimal.layers[0]?.bytes.length ?? 0;
    assert.deepEqual(sizes(minimal), {
      pullBytes: layerBytes + 185 + minimal.manifest.bytes.length,
      fileBytes: 872,
      uncompressedBytes: 2560,
    });
  });

  test('names every setting as Docker does', () => {
    assert.deepEqual(parse(twoLayers('arm64').config.bytes), {
      architecture: 'arm64',
      variant: 'v8',
      os: 'linux',
      config: {
        User: '65532:65532',
        ExposedPorts: { '8080/tcp': {}, '9090/tcp': {} },
        Env: ['A=b', 'C=d=e'],
        Entrypoint: ['/mote'],
        Cmd: ['web_root'],
        Healthcheck: { Test: ['CMD', '/mote', 'healthcheck'], StartPeriod: 10_000_000_000 },
        WorkingDir: '/',
        Labels: { title: 'mote' },
        StopSignal: 'SIGINT',
      },
      rootfs: { type: 'layers', diff_ids: diffIds(twoLayers('arm64')) },
      history: [{ created_by: 'program' }, { created_by: 'site' }],
    });
  });

  test('contains the given time everywhere, or no time at all', () => {
    const timed = twoLayers('amd64', 1_700_000_000);
    const { created, history } = parse(timed.config.bytes);
    const times = [created, ...history.map((entry: { created: string }) => entry.created)];
    assert.deepEqual([...new Set(times)], ['2023-11-14T22:13:20Z']);
    const mtimes = ({ layers }: Image) =>
      layers.flatMap(({ bytes }) => untar(gunzipSync(bytes)).map(({ mtime }) => mtime));
    assert.deepEqual([...new Set(mtimes(timed))], [1_700_000_000]);
    assert.deepEqual([...new Set(mtimes(twoLayers('amd64')))], [0]);
  });

  test('is the same for the same input', () => {
    assert.deepEqual(twoLayers('amd64'), twoLayers('amd64'));
    assert.notEqual(twoLayers('amd64').manifest.digest, twoLayers('arm64').manifest.digest);
  });
});

/** The files of an archive by path. */
function read(images: readonly Image[], reference = 'mote'): Map<string, Buffer> {
  const entries = untar(archive(images, reference)).filter(({ type }) => type === 'file');
  return new Map(entries.map(({ path, bytes }) => [path, bytes]));
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: object;
  readonly platform?: object;
}

/** The blob of a descriptor, looked up and checked as engines do. */
function follow(files: ReadonlyMap<string, Buffer>, { digest, size }: Descriptor): Buffer {
  const bytes = files.get(`blobs/${digest.replace(':', '/')}`);
  assert.ok(bytes, `${digest} is there`);
  assert.equal(bytes.length, size);
  assert.equal(sha256(bytes), digest);
  return bytes;
}

const jsonAt = (files: ReadonlyMap<string, Buffer>, path: string) =>
  parse(files.get(path) ?? Buffer.from(''));

const names = {
  'io.containerd.image.name': 'docker.io/library/mote:latest',
  'org.opencontainers.image.ref.name': 'latest',
};

describe('an archive', () => {
  test('of one image is an OCI layout', () => {
    const files = read([twoLayers('amd64')]);
    assert.deepEqual(jsonAt(files, 'oci-layout'), { imageLayoutVersion: '1.0.0' });
    const { manifests, ...index } = jsonAt(files, 'index.json');
    assert.deepEqual(index, {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
    });
    const [descriptor] = manifests as Descriptor[];
    assert.ok(descriptor && manifests.length === 1);
    assert.equal(descriptor.mediaType, 'application/vnd.oci.image.manifest.v1+json');
    assert.deepEqual(descriptor.annotations, names);
    assert.deepEqual(descriptor.platform, { architecture: 'amd64', os: 'linux' });
    const manifest = parse(follow(files, descriptor));
    const config = parse(follow(files, manifest.config));
    const layers = manifest.layers.map((layer: Descriptor) => gunzipSync(follow(files, layer)));
    assert.deepEqual(config.rootfs.diff_ids, layers.map(sha256));
    const paths = layers.map((layer: Buffer) => untar(layer).map(({ path }) => path));
    assert.deepEqual(paths, [['mote'], ['web_root/', 'web_root/index.html']]);
  });

  test('of one image is also a docker save archive', () => {
    const made = twoLayers('amd64');
    const files = read([made], 'ghcr.io/someone/mote:1');
    const [entry, ...more] = jsonAt(files, 'manifest.json');
    assert.deepEqual(more, []);
    assert.deepEqual(entry.RepoTags, ['ghcr.io/someone/mote:1']);
    assert.deepEqual(files.get(entry.Config), made.config.bytes);
    assert.deepEqual(
      entry.Layers.map((path: string) => files.get(path)),
      made.layers.map(({ bytes }) => bytes),
    );
  });

  test('of two architectures has one name for both', () => {
    const files = read([twoLayers('amd64'), twoLayers('arm64')]);
    const { manifests } = jsonAt(files, 'index.json');
    const [descriptor] = manifests as Descriptor[];
    assert.ok(descriptor && manifests.length === 1);
    assert.equal(descriptor.mediaType, 'application/vnd.oci.image.index.v1+json');
    assert.deepEqual(descriptor.annotations, names);
    const inner: Descriptor[] = parse(follow(files, descriptor)).manifests;
    const platforms = inner.map((one) => [one.platform, parse(follow(files, one)).config.digest]);
    assert.deepEqual(platforms, [
      [{ architecture: 'amd64', os: 'linux' }, twoLayers('amd64').config.digest],
      [{ architecture: 'arm64', variant: 'v8', os: 'linux' }, twoLayers('arm64').config.digest],
    ]);
    const tags = jsonAt(files, 'manifest.json').map(({ RepoTags }: { RepoTags: string[] }) => RepoTags);
    assert.deepEqual(tags, [['mote:latest'], ['mote:latest-arm64']]);
  });

  test('contains blobs that images share only once', () => {
    const blobs = [...read([twoLayers('amd64'), twoLayers('arm64')]).keys()].filter((path) =>
      path.startsWith('blobs/'),
    );
    // The inner index; a manifest, a configuration and the program for each image; the site for both.
    assert.equal(blobs.length, 1 + 2 * 3 + 1);
  });

  test('is the same for the same input', () => {
    const make = () => archive([twoLayers('amd64'), twoLayers('arm64')], 'mote');
    assert.ok(make().equals(make()));
  });

  test('without an image is refused', () => {
    assert.throws(() => archive([], 'mote'), { message: 'an archive needs an image' });
  });

  test('of one architecture twice is refused', () => {
    const twice = [minimal, twoLayers('amd64')];
    assert.throws(() => archive(twice, 'mote'), {
      message: /^two images for one architecture: amd64, amd64$/,
    });
  });
});
