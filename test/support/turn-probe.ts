/**
 * Loaded into a server before it starts (`node --import`): measures the CPU time of the turns of its event loop. Who
 * connects to the unix socket `TURN_PROBE` gets the longest since the last time, in milliseconds.
 */
import { createServer } from 'node:net';

/** The grain of the measurement: shorter turns are added up. */
const TICK_MS = 1;

let longestMs = 0;
let before = process.threadCpuUsage();
setInterval(() => {
  const { user, system } = process.threadCpuUsage(before);
  longestMs = Math.max(longestMs, (user + system) / 1000);
  before = process.threadCpuUsage();
}, TICK_MS).unref();

createServer((socket) => {
  // In a turn of its own, after the one that is going on was counted.
  setTimeout(() => {
    socket.end(String(longestMs));
    longestMs = 0;
  }, 2 * TICK_MS);
})
  .listen(process.env.TURN_PROBE)
  .unref();
