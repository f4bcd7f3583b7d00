/**
 * Looks for leaks: `npm run leaks`. 100,000 requests over many connections and 1,000 failed TLS handshakes, and the
 * server's descriptors and memory must be what they were. `MOTE_TARGET=dist/mote-tiny` names another program than the
 * source, as for the tests.
 *
 *   --requests 100000  --handshakes 1000
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { without } from '../../test/support/target.ts';
import { answerHelp } from '../help.ts';
import { type Held, ProvingGround, SMALL_FILE } from './proving-ground.ts';

/**
 * How much more memory may be held afterwards. A leak of 16 bytes a request, or of 1 KiB a handshake, would be more. V8
 * gives back what it likes.
 */
const GROWTH_LIMIT_KIB = without('nodeHttp') ? 512 : 16 * 1024;
const REQUESTS_OF_A_CONNECTION = 50;
const BATCH = 5;
const CONNECTIONS = 8;
/** Messages at a time to peers that fail. */
const FAILING_MESSAGES = 4;
/** The server remembers so many messages that have ended (`PLAIN_RECEIPTS`): until then its memory grows by right. */
const REMEMBERED_MESSAGES = 2000;
/** After so long all messages are given up (`MAX_AGE` of the proving ground), and the queue is empty. */
const GIVEN_UP_MS = 25_000;
const HANDSHAKE_LIMIT_MS = 600_000;

interface Work {
  readonly name: string;
  /** What is done before it, so that what any work costs once is not measured. */
  readonly prepare: (ground: ProvingGround) => Promise<void>;
  readonly run: (ground: ProvingGround) => Promise<void>;
}

/** The length of all responses is the same, so their sum tells whether all came. */
async function request(ground: ProvingGround, path: string, count: number): Promise<void> {
  const [sample] = [sizeOf(await ground.download(path, 2))];
  const last = sizeOf(await ground.download(path, 1));
  const expected = (sample - last) * (REQUESTS_OF_A_CONNECTION - 1) + last;
  let left = count / REQUESTS_OF_A_CONNECTION;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      const got = sizeOf(await ground.download(path, REQUESTS_OF_A_CONNECTION, BATCH));
      if (got !== expected) throw new Error(`${path}: ${got} bytes came, not ${expected}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

function sizeOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/** Messages whose handshakes fail, as long as there `isMore`; then all of them are given up. */
async function shakeHands(ground: ProvingGround, isMore: (messages: number) => boolean): Promise<void> {
  const endMs = Date.now() + HANDSHAKE_LIMIT_MS;
  let messages = 0;
  const work = async () => {
    while (isMore(messages)) {
      if (Date.now() > endMs) throw new Error(`${messages} messages and no end`);
      messages += 1;
      const { http } = await ground.notifyFailing('fails');
      if (http === 0 || http === 500) throw new Error(`a message got ${http}`);
    }
  };
  await Promise.all(Array.from({ length: FAILING_MESSAGES }, work));
  await delay(GIVEN_UP_MS);
}

function worksOf(requests: number, handshakes: number): readonly Work[] {
  const small = (ground: ProvingGround) => request(ground, SMALL_FILE, requests);
  const missing = (ground: ProvingGround) => request(ground, '/missing', requests / 10);
  return [
    { name: `${requests} requests`, prepare: small, run: small },
    { name: `${requests / 10} requests of what is not there`, prepare: missing, run: missing },
    {
      name: `${handshakes} failed handshakes`,
      prepare: (ground) => shakeHands(ground, (messages) => messages < REMEMBERED_MESSAGES),
      run: (ground) => {
        const wanted = ground.failedHandshakes + handshakes;
        return shakeHands(ground, () => ground.failedHandshakes < wanted);
      },
    },
  ];
}

function describe({ rssKiB, descriptors }: Held): string {
  return `${String(rssKiB).padStart(7)} KiB ${String(descriptors).padStart(3)} descriptors`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '100000' },
      handshakes: { type: 'string', default: '1000' },
    },
  });
  const ground = await ProvingGround.open();
  let code = 0;
  try {
    const atRest = ground.held().descriptors;
    for (const { name, prepare, run } of worksOf(Number(values.requests), Number(values.handshakes))) {
      await prepare(ground);
      const before = await ground.settled(atRest);
      await run(ground);
      const after = await ground.settled(atRest);
      const isTight = after.descriptors <= atRest && after.rssKiB - before.rssKiB <= GROWTH_LIMIT_KIB;
      if (!isTight) code = 1;
      process.stdout.write(
        `${isTight ? 'tight' : 'LEAKS'}  ${describe(before)}  →  ${describe(after)}  ${name}\n`,
      );
    }
  } finally {
    await ground.close();
  }
  return code;
}

answerHelp(import.meta.filename);
process.exit(await main());
