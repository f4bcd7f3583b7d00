/**
 * `npm run memcheck`: mote-tiny under memcheck of valgrind, in a build for it, through its whole life: files, messages by
 * TLS, downloads that are given up, handshakes that fail, and its end. No error and no lost block is allowed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../bundle/bundle.ts';
import { answerHelp } from '../help.ts';
import { lacking } from './lacking.ts';

answerHelp(import.meta.filename);

const PROGRAM = join(REPOSITORY, 'dist/mote-tiny-memcheck');
/** What is only found by a pointer into its middle is not lost: the engine links its objects by such. */
const OPTIONS = [
  '--leak-check=full',
  '--show-leak-kinds=definite,indirect',
  '--errors-for-leak-kinds=definite,indirect',
  `--suppressions=${join(REPOSITORY, 'scripts/tiny/checked/memcheck.supp')}`,
];
/** Each way to fail comes several times. */
const FAILING_MESSAGES = 6;
const MESSAGES = 20;
const ABANDONED = 5;
const REQUESTS = 200;

function build(): boolean {
  const tiny = join(REPOSITORY, 'scripts/tiny/tiny.ts');
  return spawnSync(process.execPath, [tiny, '--memcheck'], { stdio: 'inherit' }).status === 0;
}

/** What valgrind wrote. */
async function live(reports: string): Promise<string> {
  process.env.VALGRIND_OPTS = [...OPTIONS, `--log-file=${reports}/%p`].join(' ');
  process.env.MOTE_TARGET = `valgrind ${PROGRAM}`;
  // Loaded only here: it reads the target when it is loaded.
  const { ProvingGround, SMALL_FILE } = await import('../bench/proving-ground.ts');
  const ground = await ProvingGround.open();
  for (const path of [SMALL_FILE, '/', '/missing']) await ground.download(path, REQUESTS, 10);
  for (let i = 0; i < MESSAGES; i++) await ground.notify(`message ${i}`);
  for (let i = 0; i < ABANDONED; i++) await ground.abandon();
  await Promise.all(Array.from({ length: FAILING_MESSAGES }, () => ground.notifyFailing('fails')));
  process.stdout.write(
    `${ground.arrived.size} messages arrived, ${ground.failedHandshakes} handshakes failed\n`,
  );
  const hasAllArrived = ground.arrived.size === MESSAGES && ground.failedHandshakes > 0;
  await ground.close();
  if (!hasAllArrived) throw new Error('not all messages arrived');
  const names = readdirSync(reports);
  return names.map((name) => readFileSync(join(reports, name), 'utf8')).join('\n');
}

async function main(): Promise<number> {
  const obstacle = lacking({ valgrind: 'valgrind', gcc: 'gcc' });
  if (obstacle) {
    process.stdout.write(`not checked: ${obstacle}\n`);
    return 1;
  }
  if (!build()) return 1;
  const reports = mkdtempSync(join(tmpdir(), 'mote-memcheck-'));
  try {
    const report = await live(reports);
    const summaries = report.match(/ERROR SUMMARY: .*/g) ?? [];
    const isClean =
      summaries.length > 0 && summaries.every((line) => line.startsWith('ERROR SUMMARY: 0 errors'));
    process.stdout.write(isClean ? `${summaries.join('\n')}\n` : report);
    return isClean ? 0 : 1;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

process.exit(await main());
