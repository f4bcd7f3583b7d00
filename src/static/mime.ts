/** Media types (RFC 9110 §8.3) by file name; content is never inspected. Pure. */
import mime from 'mime-types';

const UNKNOWN = 'application/octet-stream';
const TEXT = 'text/plain; charset=utf-8';

/**
 * Overrides of registered types that are useless to a browser.
 *
 * `.ts` is deliberately absent: it remains `video/mp2t`, which players of HLS segments rely on. No browser can run
 * TypeScript whatever its type, so that the only cost is a download instead of a page of text.
 */
const BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  // With the registered application/node, browsers do not run `lib.umd.cjs`.
  ['cjs', 'text/javascript; charset=utf-8'],
  // Rust source; the registered application/rls-services+xml is not displayed by any browser.
  ['rs', TEXT],
]);

/** Names without an extension, in lower case. */
const BY_NAME: ReadonlyMap<string, string> = new Map([
  ...[
    'authors',
    'changelog',
    'changes',
    'codeowners',
    'contributing',
    'contributors',
    'copying',
    'install',
    'licence',
    'license',
    'news',
    'notice',
    'readme',
    'security',
    'todo',
    'version',
    'containerfile',
    'dockerfile',
    'gemfile',
    'jenkinsfile',
    'justfile',
    'makefile',
    'procfile',
    'md5sums',
    'rakefile',
    'sha256sums',
    'sha512sums',
    'vagrantfile',
  ].map((name) => [name, TEXT] as const),
  // Apple requires this type, and no extension.
  ['apple-app-site-association', 'application/json; charset=utf-8'],
]);

/**
 * The value of `Content-Type` for a file name without its folder.
 *
 * Text, JavaScript and JSON get `charset=utf-8`. XML and SVG do not: they declare their own encoding, UTF-8 by
 * default, which a parameter would override (RFC 7303 §3).
 */
export function contentType(fileName: string): string {
  const dot = fileName.lastIndexOf('.');
  if (dot < 0) return BY_NAME.get(fileName.toLowerCase()) ?? UNKNOWN;
  // A leading dot hides a file; it does not begin an extension.
  if (dot === 0) return UNKNOWN;
  const extension = fileName.slice(dot + 1).toLowerCase();
  return BY_EXTENSION.get(extension) ?? (mime.contentType(extension) || UNKNOWN);
}

/** `text/*`, everything based on JSON or XML, and the formats below that are neither compressed nor text. */
const COMPRESSIBLE = /^text\/|[/+](?:json5?|xml)$|^application\/(?:javascript|sql|toml|wasm|rtf|x-sh|x-tex)$/;
const COMPRESSIBLE_BINARY: ReadonlySet<string> = new Set([
  'application/vnd.ms-fontobject',
  'application/x-subrip',
  'application/vnd.apple.mpegurl',
  'font/otf',
  'font/ttf',
  'image/bmp',
  'image/vnd.microsoft.icon',
  'image/x-icon',
  'model/gltf-binary',
]);

/** Whether compression makes content of this type (with or without parameters) considerably smaller. */
export function isCompressible(contentType: string): boolean {
  const semicolon = contentType.indexOf(';');
  const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  return COMPRESSIBLE.test(type) || COMPRESSIBLE_BINARY.has(type);
}
