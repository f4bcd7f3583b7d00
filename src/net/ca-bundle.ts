/**
 * What outgoing TLS connections trust: the CA bundle of the system and nothing else. It is read before the first
 * connection; without a bundle there is no connection, since no peer could be verified.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import { BUNDLE_PATHS } from './trust-paths.ts';

/** Names the file with the CA bundle, as it does for OpenSSL and for most other programs. */
const CERT_FILE_VARIABLE = 'SSL_CERT_FILE';

/** Options of every `tls.connect` and `https.request`. */
export interface CaTrust {
  readonly secureContext: SecureContext;
  /** Explicit, because NODE_TLS_REJECT_UNAUTHORIZED turns verification off where this is absent. */
  readonly rejectUnauthorized: true;
}

/** No usable CA bundle; the message names the file and what to do. */
export class TrustError extends Error {
  override readonly name = 'TrustError';
}

/**
 * Reads the CA bundle of the configuration, else the first one of the system. Takes some milliseconds: keep the
 * result.
 *
 * @param caFile empty for the system's
 * @param readFile throws the system's error when it cannot read
 * @throws TrustError
 */
export function readTrust(caFile: string, readFile: (path: string) => string): CaTrust {
  const { path, pem } = caFile === '' ? readFirst(readFile) : readNamed(caFile, readFile);
  // Node ignores anything that is not a certificate, and with an empty list would only report every peer as unknown.
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new TrustError(`the CA bundle ${path} holds no certificate in PEM form`);
  }
  return { secureContext: createSecureContext({ ca: pem }), rejectUnauthorized: true };
}

interface Bundle {
  readonly path: string;
  readonly pem: string;
}

function readNamed(path: string, readFile: (path: string) => string): Bundle {
  try {
    return { path, pem: readFile(path) };
  } catch (error) {
    throw new TrustError(`no CA bundle: ${CERT_FILE_VARIABLE} names ${path}, which ${failure(error)}`);
  }
}

function readFirst(readFile: (path: string) => string): Bundle {
  for (const path of BUNDLE_PATHS) {
    try {
      return { path, pem: readFile(path) };
    } catch (error) {
      if (!isAbsence(error)) throw new TrustError(`no CA bundle: ${path} ${failure(error)}`);
    }
  }
  const [usual] = BUNDLE_PATHS;
  throw new TrustError(
    `no CA bundle: ${usual} is missing; put one there, or name it in ${CERT_FILE_VARIABLE}`,
  );
}

function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function failure(error: unknown): string {
  if (isAbsence(error)) return 'does not exist';
  const { code, message } = error as NodeJS.ErrnoException;
  return `cannot be read (${code ?? message})`;
}
