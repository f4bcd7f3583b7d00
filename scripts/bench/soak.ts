/**
 * Half an hour of everything at once: `npm run soak`. Files, messages to a webhook by TLS, downloads that are given up,
 * and peers whose handshakes fail. At the end no message may be lost or doubled, no response may be a failure of the
 * server, and memory and descriptors must be what they were. `MOTE_TARGET=dist/mote-tiny` names the program.
 *
 *   --minutes 30
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { without } from '../../test/support/target.ts';
import { answerHelp } from '../help.ts';
import { type Held, ProvingGround, SMALL_FILE } from './proving-ground.ts';

/**
 * Between the second third and the last, in the median. In the first it grows by right: 2000 messages that have ended are
 * remembered, and half an hour has many more.
 */
const GROWTH_LIMIT_KIB = without('nodeHttp') ? 1024 : 32 * 1024;
const SAMPLE_EVERY_MS = 2000;
const REPORT_EVERY_SAMPLES = 30;
/** How often each kind of work begins; what takes longer than that is not begun twice. */
const EVERY_MS = { files: 40, message: 50, abandoned: 500, failing: 1000 } as const;
const FILES_OF_A_CONNECTION = 10;
/** After the last message was accepted. */
const ARRIVAL_LIMIT_MS = 60_000;

interface Tally {
  files: number;
  abandoned: number;
  failing: number;
  /** Titles of messages that were accepted. */
  readonly accepted: Set<string>;
  readonly faults: string[];
}

async function getFiles(ground: ProvingGround, tally: Tally): Promise<void> {
  const text = Buffer.concat(await ground.download(SMALL_FILE, FILES_OF_A_CONNECTION)).toString('latin1');
  const statuses = text.match(/HTTP\/1\.1 \d+/g) ?? [];
  tally.files += statuses.length;
  if (statuses.length !== FILES_OF_A_CONNECTION || statuses.some((status) => !status.endsWith(' 200')))
    tally.faults.push(`files: ${statuses.join(', ')}`);
}

async function sendMessage(ground: ProvingGround, tally: Tally): Promise<void> {
  const title = `message ${tally.accepted.size} ${Math.random()}`;
  const { http, text } = await ground.notify(title);
  if (http >= 200 && http < 300) tally.accepted.add(title);
  else tally.faults.push(`message: ${http} ${text.slice(0, 200)}`);
}

/** The response tells that the channel failed; what is full is an answer, too. */
async function failToSend(ground: ProvingGround, tally: Tally): Promise<void> {
  const { http } = await ground.notifyFailing('fails');
  if (http === 500 || http === 0) tally.faults.push(`failing: ${http}`);
  tally.failing += 1;
}

async function abandon(ground: ProvingGround, tally: Tally): Promise<void> {
  await ground.abandon();
  tally.abandoned += 1;
}

async function repeat(
  everyMs: number,
  endMs: number,
  tally: Tally,
  work: () => Promise<void>,
): Promise<void> {
  while (Date.now() < endMs) {
    const nextMs = Date.now() + everyMs;
    await work().catch((error: Error) => tally.faults.push(error.message));
    await delay(Math.max(0, nextMs - Date.now()));
  }
}

async function sample(ground: ProvingGround, endMs: number, tally: Tally): Promise<Held[]> {
  const samples: Held[] = [];
  while (Date.now() < endMs) {
    await delay(SAMPLE_EVERY_MS);
    const held = ground.held();
    samples.push(held);
    if (samples.length % REPORT_EVERY_SAMPLES === 0)
      process.stdout.write(`${describe(tally, held, ground)}\n`);
  }
  return samples;
}

function describe(
  { files, abandoned, accepted }: Tally,
  { rssKiB, descriptors }: Held,
  ground: ProvingGround,
): string {
  return (
    `${files} files, ${accepted.size} messages, ${abandoned} downloads given up, ` +
    `${ground.failedHandshakes} failed handshakes; ${rssKiB} KiB, ${descriptors} descriptors`
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** What is wrong, as lines. */
function judge(samples: readonly Held[], tally: Tally, ground: ProvingGround): string[] {
  const wrong = [...new Set(tally.faults)];
  const lost = [...tally.accepted].filter((title) => !ground.arrived.has(title));
  const doubled = [...ground.arrived.values()].filter((count) => count > 1);
  if (lost.length > 0) wrong.push(`${lost.length} messages were lost`);
  if (doubled.length > 0) wrong.push(`${doubled.length} messages came twice`);
  const third = Math.ceil(samples.length / 3);
  const [middle, last] = [samples.slice(third, 2 * third), samples.slice(-third)].map((part) =>
    median(part.map(({ rssKiB }) => rssKiB)),
  );
  const growth = (last ?? 0) - (middle ?? 0);
  process.stdout.write(`memory: ${middle} KiB in the second third, ${last} KiB in the last\n`);
  if (growth > GROWTH_LIMIT_KIB) wrong.push(`memory grew by ${growth} KiB; ${GROWTH_LIMIT_KIB} are allowed`);
  return wrong;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
  const ground = await ProvingGround.open();
  const tally: Tally = { files: 0, abandoned: 0, failing: 0, accepted: new Set(), faults: [] };
  try {
    const atRest = ground.held().descriptors;
    const endMs = Date.now() + Number(values.minutes) * 60_000;
    const begin = (everyMs: number, work: (ground: ProvingGround, tally: Tally) => Promise<void>) =>
      repeat(everyMs, endMs, tally, () => work(ground, tally));
    const [samples] = await Promise.all([
      sample(ground, endMs, tally),
      begin(EVERY_MS.files, getFiles),
      begin(EVERY_MS.message, sendMessage),
      begin(EVERY_MS.abandoned, abandon),
      begin(EVERY_MS.failing, failToSend),
    ]);
    const lastMs = Date.now() + ARRIVAL_LIMIT_MS;
    while (ground.arrived.size < tally.accepted.size && Date.now() < lastMs) await delay(SAMPLE_EVERY_MS);
    const held = await ground.settled(atRest);
    process.stdout.write(`${describe(tally, held, ground)}\n`);
    const wrong = judge(samples, tally, ground);
    if (held.descriptors > atRest)
      wrong.push(`${held.descriptors} descriptors are open; at first ${atRest} were`);
    process.stdout.write(wrong.length === 0 ? 'nothing wrong\n' : `WRONG: ${wrong.join('\nWRONG: ')}\n`);
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await ground.close();
  }
}

answerHelp(import.meta.filename);
process.exit(await main());
