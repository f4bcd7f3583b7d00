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
import { type Held, ProvingGround, SMALL_FILE } from './proving-ground.ts';

/**
 * How much more memory may be held: what the second half of the work adds to that after the first, so that what any
 * work costs once does not count. A leak of 64 bytes a request would be 3 MB. V8 gives back what it likes.
 */
const GROWTH_LIMIT_KIB = without('nodeHttp') ? 512 : 16 * 1024;
const REQUESTS_OF_A_CONNECTION = 50;
const BATCH = 5;
const CONNECTIONS = 8;
/** Messages at a time to peers that fail. */
const FAILING_MESSAGES = 4;
/** A failed attempt is repeated, so that a message is more than one handshake. */
const HANDSHAKE_LIMIT_MS = 600_000;

interface Work {
  readonly name: string;
  /** Does half of it. */
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

async function shakeHands(ground: ProvingGround, count: number): Promise<void> {
  const wanted = ground.failedHandshakes + count;
  const endMs = Date.now() + HANDSHAKE_LIMIT_MS;
  const work = async () => {
    while (ground.failedHandshakes < wanted) {
      if (Date.now() > endMs) throw new Error(`${ground.failedHandshakes} of ${wanted} handshakes in time`);
      const { http } = await ground.notifyFailing('fails');
      // Full of what waits for the next attempt.
      if (http === 503) await delay(100);
    }
  };
  await Promise.all(Array.from({ length: FAILING_MESSAGES }, work));
}

function worksOf(requests: number, handshakes: number): readonly Work[] {
  return [
    { name: `${requests} requests`, run: (ground) => request(ground, SMALL_FILE, requests / 2) },
    {
      name: `${requests / 10} requests of what is not there`,
      run: (ground) => request(ground, '/missing', requests / 20),
    },
    { name: `${handshakes} failed handshakes`, run: (ground) => shakeHands(ground, handshakes / 2) },
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
  const ground = await ProvingGround.open(['--max-requests-per-connection', '1000']);
  let code = 0;
  try {
    const atRest = ground.held().descriptors;
    for (const { name, run } of worksOf(Number(values.requests), Number(values.handshakes))) {
      await run(ground);
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

process.exit(await main());
