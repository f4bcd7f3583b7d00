/**
 * The longest turn of a program that nothing can be loaded into, as seen from outside: a client asks for `/healthz`
 * again and again, and the CPU time that the thread of the loop spends from a question to its answer is at least what
 * was left of the turn that it came into, and at most that and the next one.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

const NS_PER_MS = 1e6;
const QUESTION = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';

/** How long the loop has computed: the first thread (proc_pid_schedstat: time on a processor in ns). */
export function loopMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ')[0]) / NS_PER_MS;
}

async function answered(socket: Socket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket
      .once('data', resolve)
      .once('close', () => reject(new Error('the connection of the meter was closed')));
    socket.write(QUESTION);
  });
  socket.removeAllListeners('close');
}

/** What is asked for on a kept connection while `work` lasts. */
export async function longestSeenMs(
  { pid, port }: { readonly pid: number; readonly port: number },
  work: () => Promise<void>,
): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await answered(socket);
  let isOver = false;
  let longestMs = 0;
  const done = work().finally(() => (isOver = true));
  while (!isOver) {
    const beforeMs = loopMs(pid);
    await answered(socket);
    longestMs = Math.max(longestMs, loopMs(pid) - beforeMs);
  }
  socket.destroy();
  await done;
  return longestMs;
}
