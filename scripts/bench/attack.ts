/**
 * Attacks the server: `npm run attack`, or with the names of some attacks. Each meets a server of its own; the table
 * says how much the server's memory grew, and how long `/healthz` took for a client that had nothing to do with it.
 * `MOTE_TARGET` names another program to attack, as for the tests.
 *
 * `npm run attack -- --loop`, or with a part of the names: work that could block the event loop, and its longest turn in
 * milliseconds of CPU time: at first, and the least of three times, which other work on the machine hardly changes. Of
 * an executable (`MOTE_TARGET`) it is what a client sees, which may be two turns.
 */
import { writeFileSync } from 'node:fs';
import { attacks, BIG_BYTES, BIG_FILE, costOf } from '../../test/support/attacks.ts';
import { makeFolder } from '../../test/support/folder.ts';
import { start } from '../../test/support/target.ts';
import { worksWith } from '../../test/support/turn-works.ts';
import { startTurns } from '../../test/support/turns.ts';
import { answerHelp } from '../help.ts';

const LOOP_ROUNDS = 3;

answerHelp(import.meta.filename);
const [first, ...others] = process.argv.slice(2);
if (first === '--loop') await showTurns(others);
else await showAttacks(first === undefined ? Object.keys(attacks) : [first, ...others]);

async function showTurns(parts: readonly string[]): Promise<void> {
  const turns = await startTurns(true);
  process.stdout.write('   first    least\n');
  for (const [name, work] of Object.entries(worksWith(true))) {
    if (parts.length > 0 && !parts.some((part) => name.includes(part))) continue;
    const tookMs: number[] = [];
    for (let round = 0; round < LOOP_ROUNDS; round++) tookMs.push(await turns.longestTurnMs(work));
    const [atFirst, least] = [tookMs[0] ?? 0, Math.min(...tookMs)].map((ms) =>
      `${ms.toFixed(1)} ms`.padStart(8),
    );
    process.stdout.write(`${atFirst} ${least}  ${name}\n`);
  }
  await turns.stop();
}

async function showAttacks(names: readonly string[]): Promise<void> {
  const root = makeFolder({ 'index.html': 'ok' });
  writeFileSync(`${root}/${BIG_FILE}`, Buffer.alloc(BIG_BYTES));
  for (const name of names) await showAttack(root, name);
}

async function showAttack(root: string, name: string): Promise<void> {
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
