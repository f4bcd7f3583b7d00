/**
 * A client that means harm, in a process of its own so that it delays nobody's measurements:
 * `node attacker.ts NAME PORT`. It prints a line when all is sent or refused, and stays until its input ends.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Attack, attacks } from './attacks.ts';

/** How many connections are opened at a time: no more than the kernel queues for the server. */
const OPENED_AT_A_TIME = 1000;
/** Until what the server does not read counts as sent: it is on its way in buffers. */
const STUCK_MS = 2000;

async function run({ connections, messages, opening, reads }: Attack, port: number): Promise<void> {
  const sockets: Socket[] = [];
  const open = async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    sockets.push(socket);
    socket.on('error', () => undefined);
    if (!reads) socket.pause();
    else socket.resume();
    await once(socket, 'connect').catch(() => undefined);
    if (opening !== undefined) await written(socket, opening);
  };
  for (let i = 0; i < connections; i += OPENED_AT_A_TIME) {
    await Promise.all(Array.from({ length: Math.min(OPENED_AT_A_TIME, connections - i) }, open));
  }
  // All at the same time: the server finds every connection full.
  await Promise.all(sockets.map((socket) => messages !== undefined && written(socket, messages)));
}

/** Resolves when the bytes have left, or will not. */
function written(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, STUCK_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    socket.once('close', done);
    socket.write(bytes, done);
  });
}

const [name = '', port = ''] = process.argv.slice(2);
const attack = attacks[name];
if (!attack) throw new Error(`no such attack: ${name}`);
await run(attack, Number(port));
process.stdout.write('sent\n');
process.stdin.resume().once('end', () => process.exit());
