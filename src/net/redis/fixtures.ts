/** A scripted server for the tests of the client: it reads commands, and says what it is told to. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after } from 'node:test';
import { parseRedisUrl, type RedisTarget } from '../../util/redis-url.ts';
import { RedisClient, type RedisClientOptions } from './client.ts';

/** Bytes to say; nothing; or something else to be done with the connection. */
export type Saying = string | undefined | ((socket: Socket) => void);
export type Script = (words: readonly string[], connection: number) => Saying;

export interface FakeServer {
  readonly port: number;
  /** Commands of all connections, as they came. */
  readonly heard: string[];
  readonly connections: () => number;
  /** Says something unasked on all connections. */
  push(text: string): void;
  cut(): void;
}

/** What a server that can be used answers to a client that comes. */
export const usual: Script = ([name]) => {
  switch (name) {
    case 'HELLO':
      return '%2\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n';
    case 'ROLE':
      return '*3\r\n+master\r\n:0\r\n*0\r\n';
    case 'EXISTS':
      return ':0\r\n';
    case 'SUBSCRIBE':
      return '>3\r\n+subscribe\r\n+c\r\n:1\r\n';
    default:
      return '+OK\r\n';
  }
};

export async function startFake(script: Script): Promise<FakeServer> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      for (let found = takeCommand(text); found; found = takeCommand(text)) {
        text = text.slice(found.length);
        heard.push(found.words.join(' '));
        const saying = script(found.words, connection);
        if (typeof saying === 'function') saying(socket);
        else if (saying !== undefined) socket.write(saying);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  after(() => {
    server.close();
    cut();
  });
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    connections: () => connections,
    push: (said) => {
      for (const socket of sockets) socket.write(said);
    },
    cut,
  };
}

function takeCommand(text: string): { readonly words: string[]; readonly length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (!head) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let left = Number(head[1]); left > 0; left--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 16));
    if (!size) return undefined;
    const start = at + size[0].length;
    at = start + Number(size[1]) + 2;
    if (text.length < at) return undefined;
    words.push(text.slice(start, at - 2));
  }
  return { words, length: at };
}

/** What a client told. */
export interface Told {
  readonly client: RedisClient;
  readonly downs: string[];
  readonly messages: string[];
  /** Resolves when it has been connected so often. */
  ups(count: number): Promise<void>;
}

export function clientFor(url: string, over: Partial<RedisClientOptions> = {}): Told {
  const downs: string[] = [];
  const messages: string[] = [];
  const waiting: { readonly count: number; readonly go: () => void }[] = [];
  let upCount = 0;
  const client = new RedisClient({
    target: targetOf(url),
    trust: () => {
      throw new Error('no TLS here');
    },
    probeKey: '{mote}:messages',
    channel: 'c',
    onMessage: (text) => messages.push(text),
    onUp: () => {
      upCount += 1;
      for (const { count, go } of waiting) if (upCount >= count) go();
    },
    onDown: (reason) => downs.push(reason),
    ...over,
  });
  after(() => client.close());
  const ups = (count: number): Promise<void> =>
    new Promise((go) => (upCount >= count ? go() : waiting.push({ count, go })));
  return { client, downs, messages, ups };
}

export function targetOf(url: string): RedisTarget {
  const target = parseRedisUrl(url);
  if (!target.ok) throw new Error(target.error);
  return target.value;
}
