/**
 * A server with all that it meets in its life, for what looks for leaks: files, messages to a webhook by TLS, and peers
 * whose handshakes fail. `MOTE_TARGET` names the program, as for the tests; the default is the source.
 */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { authority, certificateForOther, expiredCertificate, key } from '../../test/support/certificates.ts';
import { makeFolder } from '../../test/support/folder.ts';
import { ann, hashOf, type NotifyResult, notifyFile, send } from '../../test/support/notify.ts';
import { type StandIn, startStandIn } from '../../test/support/stand-in.ts';
import { type Server, start } from '../../test/support/target.ts';
import { rssKiB } from './process.ts';

export const SMALL_FILE = '/small.txt';
export const LARGE_FILE = '/large.bin';
const SMALL_BYTES = 1024;
/** More than the buffers of a connection take. */
const LARGE_BYTES = 20_000_000;
/** Whose messages go to a peer that fails. */
const FAILING_TOKEN = 'the-token-whose-channel-fails';
/** So that what cannot be delivered does not fill the queue. */
const MAX_AGE = '20s';
const SETTLE_LIMIT_MS = 30_000;
const SETTLE_EVERY_MS = 250;

/** What a process holds. */
export interface Held {
  readonly rssKiB: number;
  readonly descriptors: number;
}

/** Peers whose handshake fails, each connection in another way. */
interface FailingPeer {
  readonly port: number;
  readonly failures: () => number;
  close(): void;
}

/** A proxy in front of servers that fail by their certificate; others answer without TLS, cut, or reset. */
async function startFailingPeer(): Promise<FailingPeer> {
  const byCertificate = [certificateForOther, expiredCertificate].map((cert) =>
    createTlsServer({ key, cert }),
  );
  for (const server of byCertificate)
    server.on('tlsClientError', ignore).on('secureConnection', (one) => one.destroy());
  let count = 0;
  const ways: readonly ((socket: Socket) => void)[] = [
    ...byCertificate.map((server) => (socket: Socket) => void server.emit('connection', socket)),
    (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    (socket) => socket.once('data', () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 40]))),
    (socket) => socket.once('data', () => socket.end(Buffer.from([0x16, 3, 3, 0, 100, 2, 0, 0, 80, 3, 3]))),
    (socket) => socket.once('data', () => socket.resetAndDestroy()),
    (socket) => socket.end(),
  ];
  const server = createServer((socket) => {
    socket.on('error', ignore);
    ways[count % ways.length]?.(socket);
    count += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, failures: () => count, close: () => server.close() };
}

function ignore(): void {}

export class ProvingGround {
  readonly server: Server;
  readonly #webhook: StandIn;
  readonly #peer: FailingPeer;
  readonly #arrived: Map<string, number>;

  static async open(args: readonly string[] = []): Promise<ProvingGround> {
    const arrived = new Map<string, number>();
    const webhook = await startStandIn(
      ({ body }) => {
        const { title } = JSON.parse(String(body));
        arrived.set(title, (arrived.get(title) ?? 0) + 1);
        webhook.received.length = 0;
        return { status: 204 };
      },
      { tls: true },
    );
    const peer = await startFailingPeer();
    const root = makeFolder({
      [SMALL_FILE]: 'x'.repeat(SMALL_BYTES),
      [LARGE_FILE]: Buffer.alloc(LARGE_BYTES),
    });
    const hook = { kind: 'webhook', allowAddresses: ['127.0.0.1'], json: { title: '{{title}}' } };
    const file = notifyFile(
      {
        hook: { ...hook, url: webhook.origin },
        failing: { ...hook, url: `https://localhost:${peer.port}` },
      },
      {
        ann: { ...ann, channels: ['hook'] },
        bob: { ...ann, tokens: [hashOf(FAILING_TOKEN)], channels: ['failing'] },
      },
    );
    const server = await start({
      root,
      args: [
        '--notify',
        file,
        '--notify-wait',
        '5s',
        '--notify-max-age',
        MAX_AGE,
        '--log-format',
        'off',
        ...args,
      ],
      env: { SSL_CERT_FILE: join(makeFolder({ 'ca.pem': authority }), 'ca.pem') },
    });
    return new ProvingGround(server, webhook, peer, arrived);
  }

  private constructor(server: Server, webhook: StandIn, peer: FailingPeer, arrived: Map<string, number>) {
    this.server = server;
    this.#webhook = webhook;
    this.#peer = peer;
    this.#arrived = arrived;
  }

  /** Handshakes that were begun with the peers that fail. */
  get failedHandshakes(): number {
    return this.#peer.failures();
  }

  /** How often each message arrived, by its title. */
  get arrived(): ReadonlyMap<string, number> {
    return this.#arrived;
  }

  notify(title: string): Promise<NotifyResult> {
    return send(this.server, { title });
  }

  /** A message to a peer whose handshake fails. */
  notifyFailing(title: string): Promise<NotifyResult> {
    return send(this.server, { title }, { Authorization: `Bearer ${FAILING_TOKEN}` });
  }

  /** The bytes of `count` responses on one connection, requests pipelined by `batch`; the server may close it. */
  async download(path: string, count: number, batch = 1): Promise<Buffer[]> {
    const socket = connect({ port: this.server.port, host: '127.0.0.1' });
    const request = `GET ${path} HTTP/1.1\r\nHost: a\r\n`;
    const chunks: Buffer[] = [];
    const ended = once(socket, 'end');
    socket.on('data', (chunk) => chunks.push(chunk));
    for (let sent = 0; sent < count; sent += batch) {
      const isLast = sent + batch >= count;
      const few = `${request}\r\n`.repeat(Math.min(batch, count - sent) - (isLast ? 1 : 0));
      socket.write(isLast ? `${few}${request}Connection: close\r\n\r\n` : few);
    }
    await ended;
    socket.destroy();
    return chunks;
  }

  /** Begins a large download and leaves in the middle of it. */
  async abandon(): Promise<void> {
    const socket = connect({ port: this.server.port, host: '127.0.0.1' });
    socket.write(`GET ${LARGE_FILE} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await once(socket, 'data');
    socket.resetAndDestroy();
  }

  held(): Held {
    const { pid } = this.server;
    return { rssKiB: rssKiB(pid), descriptors: readdirSync(`/proc/${pid}/fd`).length };
  }

  /** Waits until no more descriptors are held than `before`; what was idle is closed after a while. */
  async settled(before: number): Promise<Held> {
    const endMs = Date.now() + SETTLE_LIMIT_MS;
    while (this.held().descriptors > before && Date.now() < endMs) await delay(SETTLE_EVERY_MS);
    return this.held();
  }

  async close(): Promise<void> {
    await this.server.stop();
    this.#peer.close();
    await this.#webhook.close();
  }
}
