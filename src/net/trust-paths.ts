/** Where systems keep theirs: Debian, Ubuntu, Alpine and most images; Fedora; openSUSE; macOS and the BSDs. */
export const BUNDLE_PATHS: readonly [string, ...string[]] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The files that the CA bundle may be read from; `caFile` is that of the configuration, empty for the system's. */
export function trustPaths(caFile = ''): readonly string[] {
  return caFile === '' ? BUNDLE_PATHS : [caFile];
}
