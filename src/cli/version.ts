/** `mote --version --json`: the parts of this program, for inventories and bug reports. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Features, features as ownFeatures } from '../build/features.ts';
import { type BuildInfo, buildInfo } from '../build/info.ts';
import { VERSION } from '../build/version.ts';

/** One line of JSON. The size in bytes and the SHA-256 are those of the executable, if there is one. */
export async function describeVersion(
  build: BuildInfo = buildInfo,
  execPath: string = process.execPath,
  features: Features = ownFeatures,
): Promise<string> {
  const { base, glibc, leftOut, quickjs, mbedtls, zlib, musl, embeddedSite } = build;
  const { node, v8, openssl } = process.versions;
  const packaged = base === 'pkg' || base === 'seal' || base === 'tiny';
  const lacking = Object.entries(features).flatMap(([name, isThere]) => (isThere ? [] : [name]));
  return JSON.stringify({
    name: 'mote',
    version: VERSION,
    base,
    node,
    v8,
    openssl,
    glibc,
    quickjs,
    mbedtls,
    zlib,
    musl,
    leftOut,
    embeddedSite,
    // Only where something is.
    lacks: lacking.length > 0 ? lacking : undefined,
    ...(packaged && { size: (await stat(execPath)).size, sha256: await sha256Of(execPath) }),
  });
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return hash.digest('hex');
}
