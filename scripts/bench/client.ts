/**
 * Load over raw sockets that costs less than the server does: responses are counted by their length, which is that
 * of the first one. It sends what wrk cannot: HEAD, heads that all differ, and a connection for each request.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HOST = '127.0.0.1';
/** Servers close connections after some requests, and the last response is not as long as the others. */
const REQUESTS_PER_CONNECTION = 200;
const HEAD_END = Buffer.from('\r\n\r\n');

export interface Load {
  readonly head: string;
  /** A part of `head` to replace by the number of the request, padded to its length. */
  readonly counter?: string;
}

export interface Response {
  readonly status: number;
  readonly head: string;
  /** Of head and body together. */
  readonly bytes: number;
}

/** One request on a connection of its own. Rejects without a complete response. */
export async function exchange(port: number, head: string): Promise<Response> {
  const socket = connect({ host: HOST, port, noDelay: true });
  try {
    socket.write(head);
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk]);
      const response = responseIn(received, head.startsWith('HEAD'));
      if (response && received.length >= response.bytes) return response;
    }
    throw new Error('the connection ended before the response did');
  } finally {
    socket.destroy();
  }
}

function responseIn(received: Buffer, isHead: boolean): Response | undefined {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return { status, head, bytes: end + HEAD_END.length + (isHead || status === 304 ? 0 : length) };
}

class Textual {
  readonly #parts: readonly string[];
  readonly #width: number;
  #number = 0;

  constructor({ head, counter }: Load) {
    this.#parts = counter === undefined ? [head] : head.split(counter);
    this.#width = counter?.length ?? 0;
  }

  next(): string {
    const [before = '', after] = this.#parts;
    if (after === undefined) return before;
    this.#number += 1;
    return before + String(this.#number).padStart(this.#width, '0') + after;
  }
}

/** Sends `requests` over keep-alive connections, one at a time on each; resolves when all are answered. */
export async function runRequests(
  port: number,
  load: Load,
  requests: number,
  connections: number,
  perConnection = REQUESTS_PER_CONNECTION,
): Promise<void> {
  const { bytes } = await exchange(port, load.head);
  const text = new Textual(load);
  let left = requests;
  const worker = async () => {
    while (left > 0) {
      const count = Math.min(left, perConnection);
      left -= count;
      await runConnection(port, text, count, bytes);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

/** Sends `count` requests, each when the response before it is there; `bytes` is the length of a response. */
function runConnection(port: number, text: Textual, count: number, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, port, noDelay: true });
    let left = count;
    let missing = 0;
    const next = () => {
      if (left === 0) {
        resolve();
        return socket.destroy();
      }
      left -= 1;
      missing = bytes;
      return socket.write(text.next(), 'latin1');
    };
    socket.on('connect', next);
    socket.on('data', (chunk: Buffer) => {
      missing -= chunk.length;
      if (missing === 0) next();
      else if (missing < 0) reject(new Error('a response was longer than the first one'));
    });
    socket.on('error', reject);
    socket.on('close', () =>
      reject(new Error(`the server closed a connection after ${count - left} of ${count} requests`)),
    );
  });
}

/** Sends each of `requests` on a connection of its own, which the server closes. */
export async function runConnections(
  port: number,
  load: Load,
  requests: number,
  connections: number,
): Promise<void> {
  const { bytes } = await exchange(port, load.head);
  const text = new Textual(load);
  let left = requests;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      let missing = bytes;
      const socket = connect({ host: HOST, port, noDelay: true });
      socket.write(text.next(), 'latin1');
      socket.on('data', (chunk: Buffer) => {
        missing -= chunk.length;
      });
      socket.on('error', reject);
      socket.on('close', () => (missing === 0 ? resolve() : reject(new Error('a response was incomplete'))));
    });
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

/** Open connections that have sent nothing. */
export async function connectIdly(port: number, connections: number): Promise<Socket[]> {
  const sockets = Array.from({ length: connections }, () => connect({ host: HOST, port, noDelay: true }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}
