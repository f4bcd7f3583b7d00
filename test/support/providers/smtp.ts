/** Stands in for a submission server: a real one (npm smtp-server) with one account, on loopback. */
import type { AddressInfo } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { authority, certificate, key } from '../certificates.ts';

export const account = { user: 'monitor@mote.example', password: 'smtp p4ss/w+rd "ü"' };

/** Trusts the authority of the tests and nobody else. */
export const trust = (): { secureContext: SecureContext; rejectUnauthorized: true } => ({
  secureContext: createSecureContext({ ca: authority }),
  rejectUnauthorized: true,
});

export interface SmtpStandInOptions {
  /** `tls` from the start, `starttls` offered and demanded before login, or `none` at all. Default `tls`. */
  readonly security?: 'tls' | 'starttls' | 'none';
  /** For the key of the tests. Default: the one of localhost. */
  readonly certificate?: string;
}

/** A message that was taken. */
export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** The content, without the dots that were for the way only. */
  readonly content: string;
  readonly isSecure: boolean;
  readonly user: string | undefined;
}

/** A reply instead of the usual one, for example `550 5.1.1 No such user`. */
export type Refusal = `${4 | 5}${string}`;

export interface SmtpStandIn {
  readonly port: number;
  readonly taken: Mail[];
  /** Refusals of recipients by address. */
  readonly recipients: Map<string, Refusal>;
  /** Replies to the next contents, first come first served. */
  readonly contents: Refusal[];
  readonly connections: () => number;
  /** Those that are open now. */
  readonly open: () => number;
  close(): Promise<void>;
}

export async function startSmtp(options: SmtpStandInOptions = {}): Promise<SmtpStandIn> {
  const { security = 'tls', certificate: cert = certificate } = options;
  const taken: Mail[] = [];
  const recipients = new Map<string, Refusal>();
  const contents: Refusal[] = [];
  let connections = 0;
  const server = new SMTPServer({
    key,
    cert,
    secure: security === 'tls',
    authOptional: security === 'none',
    logger: false,
    // To look up who connects would ask the network.
    disableReverseLookup: true,
    disabledCommands: security === 'none' ? ['STARTTLS', 'AUTH'] : [],
    onConnect(_session, done) {
      connections++;
      done();
    },
    onAuth({ username, password }, _session, done) {
      if (username === account.user && password === account.password) return done(null, { user: username });
      done(failure(`535 5.7.8 Not the password of ${username}: ${password}`));
    },
    onRcptTo({ address }, _session, done) {
      const refusal = recipients.get(address);
      done(refusal ? failure(refusal) : null);
    },
    onData(stream, session, done) {
      read(stream).then((content) => {
        const refusal = contents.shift();
        if (refusal) return done(failure(refusal));
        taken.push(mailOf(session, content));
        done(null, `2.0.0 Ok: queued as Q${taken.length}`);
      }, done);
    },
  });
  // Clients that hang up in the middle are part of the tests.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    taken,
    recipients,
    contents,
    connections: () => connections,
    open: () => server.connections.size,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function failure(reply: string): Error {
  return Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) });
}

async function read(stream: SMTPServerDataStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function mailOf({ envelope, secure, user }: SMTPServerSession, content: string): Mail {
  const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
  return { from, to: envelope.rcptTo.map(({ address }) => address), content, isSecure: secure, user };
}
