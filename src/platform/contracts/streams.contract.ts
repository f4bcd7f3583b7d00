/** Sockets and servers over loopback: what each end sees of flow, half-close, destruction and failure, in order. */
import { once } from 'node:events';
import { connect, Server, type Socket } from 'node:net';
import { line } from './fixtures.ts';

type Log = unknown[];

/** Notes the events of a socket; names of data only with their text. */
function note(
  socket: Socket,
  log: Log,
  events = ['end', 'finish', 'close', 'error', 'timeout', 'drain'],
): void {
  for (const event of events) {
    socket.on(event, (value: unknown) => {
      const shown =
        value instanceof Error ? (value as NodeJS.ErrnoException).code : event === 'close' ? value : '';
      log.push(`${event} ${shown}`.trim());
    });
  }
}

function readAll(socket: Socket, log: Log): void {
  socket.on('data', (chunk: Buffer) => log.push(`data ${chunk.toString('latin1')}`));
}

type Ends = { readonly client: Socket; readonly peer: Socket; readonly close: () => Promise<void> };

async function ends(options: { allowHalfOpen?: boolean } = {}): Promise<Ends> {
  const server = new Server(options);
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connect({ host: '127.0.0.1', port, ...options });
  const [peer] = (await once(server, 'connection')) as [Socket];
  if (client.connecting) await once(client, 'connect');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  };
  return { client, peer, close };
}

const pause = (ms = 20): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const closed = async (...sockets: Socket[]): Promise<void> => {
  await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close').catch(() => undefined)));
};

const scenarios: Readonly<Record<string, () => Promise<Log>>> = {
  async 'echo, then the client ends'() {
    const { client, peer, close } = await ends();
    const [mine, theirs]: Log[] = [[], []];
    note(client, mine as Log);
    note(peer, theirs as Log);
    readAll(client, mine as Log);
    peer.on('data', (chunk: Buffer) => peer.write(chunk));
    client.write('hello', () => (mine as Log).push('written'));
    await once(client, 'data');
    client.end('bye', () => (mine as Log).push('ended'));
    const done = closed(client, peer);
    await done;
    await close();
    return [mine, theirs, client.destroyed, client.readableEnded];
  },
  async 'half-open: the answer follows the end of the request'() {
    const { client, peer, close } = await ends({ allowHalfOpen: true });
    const [mine, theirs]: Log[] = [[], []];
    note(client, mine as Log);
    note(peer, theirs as Log);
    readAll(client, mine as Log);
    readAll(peer, theirs as Log);
    client.end('request');
    await once(peer, 'end');
    (theirs as Log).push(peer.writable, peer.readable, client.writable, client.readable);
    peer.end('answer');
    await closed(client, peer);
    await close();
    return [mine, theirs, client.writable, client.readable];
  },
  async 'without half-open an end of the peer ends the socket'() {
    const { client, peer, close } = await ends();
    const theirs: Log = [];
    note(peer, theirs);
    readAll(peer, theirs);
    client.end('x');
    client.resume();
    await closed(peer, client);
    await close();
    return [theirs, peer.writableEnded];
  },
  async 'nothing flows before somebody listens; pause, resume, unshift'() {
    const { client, peer, close } = await ends();
    const log: Log = [];
    client.write('one');
    await pause();
    readAll(peer, log);
    await once(peer, 'data');
    peer.pause();
    client.write('two');
    await pause();
    log.push('paused');
    peer.unshift(Buffer.from('zero'));
    peer.resume();
    log.push('resumed');
    await pause();
    peer.unshift(Buffer.from('back'));
    await pause();
    client.destroy();
    await closed(peer, client);
    await close();
    return log;
  },
  async 'an end while paused waits for resume'() {
    const { client, peer, close } = await ends();
    const log: Log = [];
    note(peer, log, ['end']);
    peer.pause();
    client.end('late');
    await pause(40);
    log.push('nothing yet');
    readAll(peer, log);
    await pause();
    peer.resume();
    await closed(peer, client);
    await close();
    return log;
  },
  async 'what a socket says of itself, stage by stage'() {
    const { client, peer, close } = await ends({ allowHalfOpen: true });
    const log: Log = [];
    const note = () =>
      log.push([
        peer.readable,
        peer.writable,
        peer.destroyed,
        peer.closed,
        peer.readableEnded,
        peer.writableEnded,
        peer.readableLength,
        peer.writableLength,
        peer.remoteAddress,
      ]);
    note();
    client.end();
    peer.resume();
    await once(peer, 'end');
    note();
    peer.end();
    note();
    await closed(peer, client);
    note();
    await close();
    return log;
  },
  async 'destroyed by the listener of data'() {
    const { client, peer, close } = await ends();
    const log: Log = [];
    note(peer, log);
    peer.on('data', () => {
      log.push('data');
      peer.destroy();
      log.push(peer.destroyed);
    });
    client.on('error', () => undefined);
    client.write('a');
    await closed(peer);
    client.destroy();
    await closed(client);
    await close();
    return log;
  },
  async 'destroy with an error; callbacks of what was not sent'() {
    const { client, peer, close } = await ends();
    const log: Log = [];
    note(client, log);
    peer.on('error', () => undefined);
    peer.pause();
    client.cork();
    client.write('never', (error) => log.push(`callback ${error ? 'error' : ''}`));
    client.destroy(Object.assign(new Error('mine'), { code: 'MINE' }));
    client.destroy(new Error('again'));
    log.push('sync', client.destroyed);
    await pause();
    client.write('after', (error) => log.push(`late ${(error as NodeJS.ErrnoException)?.code}`));
    await pause();
    peer.destroy();
    await closed(peer);
    await close();
    return log;
  },
  async 'write after end'() {
    const { client, peer, close } = await ends();
    const log: Log = [];
    peer.resume();
    client.on('error', (error) => log.push(`error ${(error as NodeJS.ErrnoException).code}`));
    client.end();
    client.write('x', (error) => log.push(`callback ${error ? 'error' : 'none'}`));
    await closed(peer, client);
    await close();
    return log;
  },
  async 'a large write: back pressure, drain, order of callbacks'() {
    const { client, peer, close } = await ends();
    const log: Log = [];
    const size = 8 * 1024 * 1024;
    peer.pause();
    log.push(client.write(Buffer.alloc(size, 'a'), () => log.push('first')));
    client.write('b', () => log.push('second'));
    const drained = once(client, 'drain');
    log.push(client.writableLength > 0);
    let got = 0;
    peer.on('data', (chunk: Buffer) => {
      got += chunk.length;
    });
    peer.resume();
    while (got < size + 1) await pause(5);
    await drained;
    log.push(got, client.writableLength);
    client.destroy();
    peer.destroy();
    await closed(client, peer);
    await close();
    return log;
  },
  async 'end after a large write arrives after all of it'() {
    const { client, peer, close } = await ends();
    const log: Log = [];
    let got = 0;
    client.write(Buffer.alloc(4 * 1024 * 1024));
    client.end('tail');
    note(client, log, ['finish', 'close']);
    peer.on('data', (chunk: Buffer) => {
      got += chunk.length;
    });
    peer.on('end', () => log.push(`end ${got}`));
    await closed(client, peer);
    await close();
    return [got, log.filter((one) => one !== 'finish')];
  },
  async 'a reset'() {
    const { client, peer, close } = await ends();
    const log: Log = [];
    note(client, log);
    client.resume();
    peer.on('error', () => undefined);
    client.write('unread');
    await pause();
    peer.destroy();
    await closed(client);
    await close();
    return log;
  },
  async 'refused connections, unknown hosts, names'() {
    const log: Log = [];
    for (const where of [
      { host: '127.0.0.1', port: 1 },
      { host: 'localhost', port: 1 },
      { host: 'name.invalid', port: 1 },
      { path: '/nonexistent/socket' },
    ]) {
      const socket = connect(where);
      socket.on('connect', () => log.push('connect'));
      await new Promise<void>((resolve) => {
        socket.on('error', (error) => log.push((error as NodeJS.ErrnoException).code));
        socket.on('close', (hadError) => {
          log.push(`close ${hadError}`);
          resolve();
        });
      });
    }
    return log.map((one) => (one === 'EAI_AGAIN' ? 'ENOTFOUND' : one));
  },
  async 'written and ended before it is connected'() {
    const server = new Server({}, (socket) => socket.on('data', (chunk) => socket.end(chunk)));
    server.listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const log: Log = [];
    const { port } = server.address() as { port: number };
    const client = connect({ host: '127.0.0.1', port });
    note(client, log);
    readAll(client, log);
    log.push(
      client.connecting,
      client.write('early', () => log.push('written')),
    );
    client.end();
    await closed(client);
    server.close();
    await once(server, 'close');
    return log;
  },
  async 'timeout is reported, and only that'() {
    const { client, peer, close } = await ends();
    const log: Log = [];
    note(client, log);
    client.setTimeout(30);
    await once(client, 'timeout');
    log.push(client.destroyed, client.timeout);
    client.setTimeout(0);
    client.destroySoon();
    peer.resume();
    await closed(client, peer);
    await close();
    return log;
  },
  async 'a descriptor that is used again gets no event of the one before'() {
    const [one, other] = [await ends(), await ends()];
    const full = new Server();
    full.listen({ host: '127.0.0.1', port: 0, backlog: 1 });
    await once(full, 'listening');
    const { port } = full.address() as { port: number };
    const start = () => connect({ host: '127.0.0.1', port }).on('error', () => undefined);
    const log: Log = [];
    const opened: Socket[] = [];
    // Whichever comes first closes the other, whose event may have been taken together with its own.
    const replace = (old: Socket) => {
      // These fill the queue: nobody accepts in this turn, and later ones wait for a second.
      for (let i = 0; i < 4; i += 1) opened.push(start());
      old.destroy();
      for (let i = 0; i < 4; i += 1) opened.push(start().on('connect', () => log.push('too early')));
    };
    one.client.once('data', () => replace(other.client));
    other.client.once('data', () => replace(one.client));
    for (const { client, peer } of [one, other])
      for (const end of [client, peer]) end.on('error', () => undefined);
    one.peer.write('a');
    other.peer.write('b');
    await pause(100);
    const all = [one.client, one.peer, other.client, other.peer, ...opened];
    for (const socket of all) socket.destroy();
    await closed(...all);
    await Promise.all([one.close(), other.close()]);
    full.close();
    return [log, opened.length];
  },
  async 'a server: address in use, no more than so many connections, close'() {
    const server = new Server();
    const log: Log = [];
    server.listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const { port, family, address } = server.address() as { port: number; family: string; address: string };
    log.push(server.listening, family, address);
    const second = new Server();
    second.listen({ host: '127.0.0.1', port });
    log.push(((await once(second, 'error')) as [NodeJS.ErrnoException])[0].code);
    server.maxConnections = 1;
    server.on('drop', () => log.push('drop'));
    const one = connect({ host: '127.0.0.1', port });
    await once(server, 'connection');
    const two = connect({ host: '127.0.0.1', port });
    two.on('error', () => undefined).resume();
    await closed(two);
    server.close(() => log.push('closed'));
    await pause();
    log.push(server.listening, 'still open');
    one.destroy();
    await once(server, 'close');
    return log;
  },
};

export async function* contract(): AsyncGenerator<string> {
  for (const [name, scenario] of Object.entries(scenarios)) {
    const late = new Promise<Log>((resolve) => setTimeout(resolve, 3000, ['does not end']).unref());
    yield line(name, await Promise.race([scenario(), late]));
  }
}
