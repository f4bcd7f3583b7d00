/**
 * Attacks the server: `npm run attack`, or with the names of some attacks. Each meets a server of its own; the table
 * says how much the server's memory grew, and how long `/healthz` took for a client that had nothing to do with it.
 * `MOTE_TARGET` names another program to attack, as for the tests.
 */
import { writeFileSync } from 'node:fs';
import { attacks, BIG_BYTES, BIG_FILE, costOf } from '../../test/support/attacks.ts';
import { makeFolder } from '../../test/support/folder.ts';
import { start } from '../../test/support/target.ts';

const root = makeFolder({ 'index.html': 'ok' });
writeFileSync(`${root}/${BIG_FILE}`, Buffer.alloc(BIG_BYTES));
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(attacks);
for (const name of names) {
  const server = await start({ root, args: ['--log-format', 'off'] });
  const { grownBytes, healthMs } = await costOf(name, server);
  server.signal('SIGKILL');
  await server.exited;
  const sorted = healthMs.toSorted((a, b) => a - b);
  const at = (share: number) =>
    `${sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]?.toFixed(0)} ms`;
  const memory = `${(grownBytes / 1024 ** 2).toFixed(0)} MiB`.padStart(9);
  process.stdout.write(
    `${memory}  p50 ${at(0.5)}  p90 ${at(0.9)}  max ${at(1)}  (${sorted.length})  ${name}\n`,
  );
}
