/**
 * The certificate authorities that images trust: those of the locked Node, which come from Mozilla. So the
 * bundle depends on the lockfile, not on the build machine. `node scripts/oci/ca-bundle.ts FILE` writes it.
 */
import { writeFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

/** Where Debian and most other systems keep the bundle, relative to the root folder. */
export const CA_BUNDLE_PATH = 'etc/ssl/certs/ca-certificates.crt';

export function trustedRoots(): Buffer {
  return Buffer.from(rootCertificates.map((certificate) => `${certificate}\n`).join(''));
}

if (import.meta.main) {
  const [file, ...rest] = process.argv.slice(2);
  if (file === undefined || rest.length > 0) {
    process.stderr.write('ca-bundle: say where to write: node scripts/oci/ca-bundle.ts FILE\n');
    process.exitCode = 2;
  } else {
    writeFileSync(file, trustedRoots());
  }
}
