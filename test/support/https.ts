/** A certificate for servers under test, in files. */
import { once } from 'node:events';
import { type ConnectionOptions, connect } from 'node:tls';
import { certificate, key } from './certificates.ts';
import { makeFolder } from './folder.ts';
import { Client } from './raw.ts';

export const certificates = makeFolder({ 'cert.pem': certificate, 'key.pem': key });

/** The options with which a server speaks HTTPS. */
export const secure: readonly string[] = [
  '--tls-cert',
  `${certificates}/cert.pem`,
  '--tls-key',
  `${certificates}/key.pem`,
];

/** A client of HTTP/1.1 over TLS. Nothing is verified. */
export async function connectSecurely(
  { port }: { readonly port: number },
  options: ConnectionOptions = {},
): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  const client = new Client(socket);
  await once(socket, 'secureConnect');
  return client;
}
