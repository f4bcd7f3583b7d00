/** A certificate for servers under test, in files. */
import { certificate, key } from './certificates.ts';
import { makeFolder } from './folder.ts';

export const certificates = makeFolder({ 'cert.pem': certificate, 'key.pem': key });

/** The options with which a server speaks HTTPS. */
export const secure: readonly string[] = [
  '--tls-cert',
  `${certificates}/cert.pem`,
  '--tls-key',
  `${certificates}/key.pem`,
];
