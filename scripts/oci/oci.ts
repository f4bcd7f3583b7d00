/**
 * Builds container images without a container engine: an image from files and settings, and one archive that
 * is both an OCI layout and a `docker save` archive. Pure and deterministic: no clock, no file system, no
 * environment. Follows the OCI image specification 1.1 and Docker's image specification 1.3.
 */
import { createHash } from 'node:crypto';
import { gzip } from './gzip.ts';
import { parseReference } from './reference.ts';
import { type TarFile, tar } from './tar.ts';

export type { TarFile } from './tar.ts';

/** The Go toolchain's names, which images use, too. */
export type Architecture = 'amd64' | 'arm64';

/** The variant of the architecture, if the image specification defines one. */
const variants: Readonly<Record<Architecture, string | undefined>> = { amd64: undefined, arm64: 'v8' };

/** How the image is run. Omitted settings add no bytes to the image. */
export interface RunConfig {
  readonly entrypoint: readonly string[];
  readonly cmd?: readonly string[];
  /** `UID:GID`: numbers, because the image has no /etc/passwd. */
  readonly user?: string;
  /** TCP ports that the program listens on. */
  readonly exposedPorts?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  /** The signal that engines send to stop a container; SIGTERM by default. */
  readonly stopSignal?: string;
  readonly healthcheck?: Healthcheck;
}

/**
 * Docker's extension of the OCI configuration: Docker respects it in either form of the archive, podman only
 * if it reads a Docker archive (`podman pull docker-archive:FILE`).
 */
export interface Healthcheck {
  readonly command: readonly string[];
  /** Failures within this time after the start do not count. */
  readonly startPeriodSeconds?: number;
}

export interface LayerSource {
  readonly files: readonly TarFile[];
  /**
   * The text in `docker history`. If no layer has one, the image has no history: it is smaller and runs, but
   * older versions of buildah and podman cannot build on it.
   */
  readonly createdBy?: string;
}

export interface ImageOptions {
  readonly architecture: Architecture;
  /** The lowest first. Engines pull and store each layer separately. */
  readonly layers: readonly LayerSource[];
  readonly config: RunConfig;
  /** The creation time of the image and its files, in seconds since 1970 (SOURCE_DATE_EPOCH). */
  readonly epochSeconds?: number | undefined;
}

/** Content and its address. */
export interface Blob {
  readonly bytes: Uint8Array;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
}

export interface Layer extends Blob {
  readonly uncompressedBytes: number;
  /** The total size of its files. */
  readonly fileBytes: number;
}

export interface Image {
  readonly architecture: Architecture;
  readonly layers: readonly Layer[];
  readonly config: Blob;
  readonly manifest: Blob;
}

/** Three measures of the size of an image. */
export interface Sizes {
  /** The size of a pull: compressed layers, configuration and manifest. */
  readonly pullBytes: number;
  /** The total size of the files, as Docker's overlay store and `docker images` count it. */
  readonly fileBytes: number;
  /** The size of the layers as uncompressed tar archives. */
  readonly uncompressedBytes: number;
}

const media = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;
const NANOSECONDS_PER_SECOND = 1e9;

export function image({ architecture, layers, config, epochSeconds }: ImageOptions): Image {
  const packed = layers.map(({ files }) => packLayer(files, epochSeconds));
  const created = epochSeconds === undefined ? undefined : isoTime(epochSeconds);
  const configBlob = jsonBlob({
    created,
    architecture,
    variant: variants[architecture],
    os: 'linux',
    config: dockerNames(config),
    rootfs: { type: 'layers', diff_ids: packed.map(({ diffId }) => diffId) },
    history: layers.some(({ createdBy }) => createdBy)
      ? layers.map(({ createdBy }) => ({ created, created_by: createdBy }))
      : undefined,
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: media.manifest,
    config: descriptor(media.config, configBlob),
    layers: packed.map(({ layer }) => descriptor(media.layer, layer)),
  });
  return { architecture, layers: packed.map(({ layer }) => layer), config: configBlob, manifest };
}

/** The figures of one architecture's image. */
export function sizes({ layers, config, manifest }: Image): Sizes {
  const blobs: readonly Blob[] = [...layers, config, manifest];
  return {
    pullBytes: sum(blobs.map(({ bytes }) => bytes.length)),
    fileBytes: sum(layers.map(({ fileBytes }) => fileBytes)),
    uncompressedBytes: sum(layers.map(({ uncompressedBytes }) => uncompressedBytes)),
  };
}

/**
 * One tar archive with an image for each architecture, for `docker load`, `podman load` and skopeo.
 * `reference` is the name to load it under. Readers of OCI layouts choose by architecture. Docker's older
 * store cannot, so there the first image becomes `NAME:TAG` and every other one `NAME:TAG-ARCHITECTURE`.
 */
export function archive(images: readonly Image[], reference: string): Buffer {
  checkArchitectures(images);
  const { index, blobs } = indexOf(images);
  const { canonical, tag } = parseReference(reference);
  const annotations = {
    'io.containerd.image.name': canonical,
    'org.opencontainers.image.ref.name': tag,
  };
  const files = new Map<string, Uint8Array>([
    ['oci-layout', jsonBytes({ imageLayoutVersion: '1.0.0' })],
    [
      'index.json',
      jsonBytes({ schemaVersion: 2, mediaType: media.index, manifests: [{ ...index, annotations }] }),
    ],
    ['manifest.json', jsonBytes(dockerManifests(images, reference))],
    // Images for several architectures share layers.
    ...blobs.map(({ digest, bytes }): [string, Uint8Array] => [blobPath(digest), bytes]),
  ]);
  return tar([...files].map(([path, bytes]) => ({ path, mode: 0o644, bytes })));
}

function packLayer(files: readonly TarFile[], mtime: number | undefined): { layer: Layer; diffId: string } {
  const plain = tar(files, mtime);
  const layer: Layer = {
    ...blob(gzip(plain)),
    uncompressedBytes: plain.length,
    fileBytes: sum(files.map(({ bytes }) => bytes.length)),
  };
  return { layer, diffId: sha256(plain) };
}

/** Docker's names of the fields, which OCI adopted. */
function dockerNames(config: RunConfig): object {
  const { exposedPorts, env, healthcheck } = config;
  return {
    User: config.user,
    ExposedPorts: exposedPorts && Object.fromEntries(exposedPorts.map((port) => [`${port}/tcp`, {}])),
    Env: env && Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Entrypoint: config.entrypoint,
    Cmd: config.cmd,
    Healthcheck: healthcheck && {
      Test: ['CMD', ...healthcheck.command],
      StartPeriod: healthcheck.startPeriodSeconds && healthcheck.startPeriodSeconds * NANOSECONDS_PER_SECOND,
    },
    WorkingDir: config.workingDir,
    Labels: config.labels,
    StopSignal: config.stopSignal,
  };
}

function checkArchitectures(images: readonly Image[]): void {
  const architectures = images.map(({ architecture }) => architecture);
  if (images.length === 0) throw new Error('an archive needs an image');
  if (new Set(architectures).size < images.length) {
    throw new Error(`two images for one architecture: ${architectures.join(', ')}`);
  }
}

/** The descriptor for all images, and every blob that can be reached from it. */
function indexOf(images: readonly Image[]): { index: object; blobs: readonly Blob[] } {
  const descriptors = images.map(({ architecture, manifest }) => ({
    ...descriptor(media.manifest, manifest),
    platform: { architecture, variant: variants[architecture], os: 'linux' },
  }));
  const blobs = images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]);
  const [only, ...others] = descriptors;
  if (only && others.length === 0) return { index: only, blobs };
  // One descriptor for one name: engines would treat several descriptors in index.json as several images.
  const nested = jsonBlob({ schemaVersion: 2, mediaType: media.index, manifests: descriptors });
  return { index: descriptor(media.index, nested), blobs: [nested, ...blobs] };
}

function dockerManifests(images: readonly Image[], reference: string): object {
  const { familiar } = parseReference(reference);
  return images.map(({ architecture, config, layers }, position) => ({
    Config: blobPath(config.digest),
    RepoTags: [position === 0 ? familiar : `${familiar}-${architecture}`],
    Layers: layers.map(({ digest }) => blobPath(digest)),
  }));
}

function descriptor(mediaType: string, { digest, bytes }: Blob): object {
  return { mediaType, digest, size: bytes.length };
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function jsonBlob(value: object): Blob {
  return blob(jsonBytes(value));
}

function blob(bytes: Uint8Array): Blob {
  return { bytes, digest: sha256(bytes) };
}

function jsonBytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function isoTime(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
