/**
 * Connections that are kept for the next message: the library's pool without its mailer, which would double the code and
 * could be made to open files and URLs. Messages are passed as finished bytes.
 */
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import SMTPPool, { type SMTPPoolOptions } from 'nodemailer/lib/smtp-pool';
import type { CaTrust } from '../../../net/ca-bundle.ts';
import type { FailedDelivery } from '../failure.ts';
import type { RecipientFailures } from './recipients.ts';
import { failureOfReply, PUBLIC_SERVER, queueIdIn, type SmtpError } from './replies.ts';
import { DEFAULT_PORTS, type SmtpServer } from './server.ts';

export interface SmtpLimits {
  /** For lookup, connection, greeting and STARTTLS together. */
  readonly connectTimeoutMs: number;
  readonly greetingTimeoutMs: number;
  /** How long the server may be silent; after the content it may need time for checks (RFC 5321 §4.5.3.2.6). */
  readonly silenceTimeoutMs: number;
  /** Below the 5 minutes that servers wait (RFC 5321 §4.5.3.2.7), so that the client closes first. */
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
  /** Servers count too, and 100 is a usual limit. */
  readonly maxMessagesPerConnection: number;
}

export const DEFAULT_LIMITS: SmtpLimits = {
  connectTimeoutMs: 20_000,
  greetingTimeoutMs: 15_000,
  silenceTimeoutMs: 90_000,
  idleTimeoutMs: 60_000,
  maxConnections: 4,
  maxMessagesPerConnection: 50,
};

/**
 * A kept connection that turns out to be closed is replaced once, before anything of the message was sent;
 * what fails later is for the queue to repeat.
 */
const MAX_REQUEUES = 1;

/** Without `trust` there is no TLS, and addresses that `isPublic` are not talked to. */
export function createPool(
  { host, port, security, credentials }: SmtpServer,
  trust: CaTrust | undefined,
  limits: SmtpLimits,
  isPublic: (address: string) => boolean,
): SMTPPool {
  const options: SMTPPoolOptions = {
    host,
    port: port ?? DEFAULT_PORTS[security],
    secure: security === 'tls',
    getSocket: dialer(trust ? () => false : isPublic),
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(trust && { tls: { ...trust } }),
    // Without forceAuth, a server that offers no login would get the message without one.
    ...(credentials && { auth: { user: credentials.user, pass: credentials.password }, forceAuth: true }),
    connectionTimeout: limits.connectTimeoutMs,
    greetingTimeout: limits.greetingTimeoutMs,
    socketTimeout: limits.silenceTimeoutMs,
    idleTimeout: limits.idleTimeoutMs,
    maxConnections: limits.maxConnections,
    maxMessages: limits.maxMessagesPerConnection,
    maxRequeues: MAX_REQUEUES,
  };
  return new SMTPPool(options);
}

type Dial = NonNullable<SMTPPoolOptions['getSocket']>;

/**
 * Connects as everything else does. The library by itself asks name servers before it looks at the hosts file,
 * and waits for them where there are none.
 */
const dialer =
  (isRefused: (address: string) => boolean): Dial =>
  ({ host = '', port, connectionTimeout }, callback) => {
    const socket = connect({ host, port: Number(port) });
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      // Later errors of a socket that is given up do not matter.
      if (error) socket.once('error', () => undefined).destroy();
      callback(error ?? null, error ? undefined : { connection: socket });
    };
    const timer = setTimeout(
      () => finish(Object.assign(new Error('connecting took too long'), { code: 'ETIMEDOUT' })),
      connectionTimeout,
    );
    socket.once('connect', () => {
      const isAllowed = !isRefused(socket.remoteAddress ?? '');
      finish(isAllowed ? undefined : Object.assign(new Error('a public address'), { code: PUBLIC_SERVER }));
    });
    socket.once('error', finish);
  };

export interface MailEnvelope {
  readonly from: string;
  readonly to: readonly string[];
}

export interface SubmissionResult {
  readonly failures: RecipientFailures;
  readonly providerId: string | undefined;
}

/** Never rejects. */
export function submit(
  pool: SMTPPool,
  envelope: MailEnvelope,
  mail: string,
  signal: AbortSignal,
): Promise<SubmissionResult> {
  return new Promise((resolve) => {
    pool.send(handOver(envelope, mail, signal), (error, info) => {
      const refused = (error ?? info)?.rejectedErrors as readonly RecipientError[] | undefined;
      const failures = refused
        ? failuresOf(refused)
        : error
          ? failuresOfAll(envelope, failureOfReply(error as SmtpError))
          : new Map();
      resolve({ failures, providerId: error ? undefined : queueIdIn(info?.response ?? '') });
    });
  });
}

type RecipientError = SmtpError & { readonly recipient?: string };

function failuresOf(refused: readonly RecipientError[]): RecipientFailures {
  return new Map(refused.map((error) => [error.recipient ?? '', failureOfReply(error)]));
}

function failuresOfAll({ to }: MailEnvelope, failure: FailedDelivery): RecipientFailures {
  return new Map(to.map((address) => [address, failure]));
}

/** The parts of the mailer's message that the pool uses. */
function handOver(
  envelope: MailEnvelope,
  mail: string,
  signal: AbortSignal,
): Parameters<SMTPPool['send']>[0] {
  const message = {
    // The library modifies it.
    getEnvelope: () => ({ ...envelope }),
    createReadStream: () => Readable.from(Buffer.from(mail)),
    messageId: () => '',
    getHeader: () => '',
  };
  return { data: { signal }, message } as unknown as Parameters<SMTPPool['send']>[0];
}
