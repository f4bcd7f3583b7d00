/**
 * `npm run fuzz -- [--seconds N] [--seed N] [--behind-nginx]`: random requests for the codec of `src/http/wire`, or for
 * both engines behind nginx, until the time is over or something is found. What is found is shown with its seed, which
 * finds it again.
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { fuzzText, Oracle, readConnection } from '../../src/http/wire/fixtures.ts';
import { type Progress, parseHead } from '../../src/http/wire/head.ts';
import { noNginx } from '../../test/support/nginx.ts';
import { BehindNginx } from './behind-nginx.ts';

const RUNS_OF_A_SEED = 2000;
const RUNS_BEHIND_NGINX = 200;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    'behind-nginx': { type: 'boolean', default: false },
  },
});
const endMs = Date.now() + Number(values.seconds) * 1000;
if (values['behind-nginx'] && noNginx) {
  process.stdout.write(`not fuzzed behind nginx: ${noNginx}\n`);
  process.exit(0);
}
const behind = values['behind-nginx'] ? await BehindNginx.start() : undefined;
const oracle = new Oracle();
let seed = Number(values.seed ?? Date.now() % 2 ** 31);
let cases = 0;
let requests = 0;

do {
  const result = await fc.check(
    fc.asyncProperty(
      fuzzText,
      fc.array(fc.nat({ max: 600 }), { maxLength: 10 }),
      behind ? judgeFrames : judge,
    ),
    { seed, numRuns: behind ? RUNS_BEHIND_NGINX : RUNS_OF_A_SEED },
  );
  if (result.failed) {
    process.stderr.write(`--seed ${seed} finds ${JSON.stringify(result.counterexample)}\n`);
    process.stderr.write(`${(result.errorInstance as Error).stack}\n`);
    await behind?.stop();
    process.exit(1);
  }
  seed += 1;
} while (Date.now() < endMs && values.seed === undefined);
if (behind) requests = behind.handled;
await behind?.stop();
process.stdout.write(`${cases} connections with ${requests} requests that were taken, nothing found\n`);
process.exit(0);

async function judgeFrames(text: string): Promise<void> {
  cases += 1;
  await behind?.judge(text);
}

async function judge(text: string, positions: readonly number[]): Promise<void> {
  cases += 1;
  const ours = readConnection(text);
  requests += ours.requests.length;
  judgePieces(text, positions);
  // Nothing is taken from what follows a refusal, and more of it changes nothing.
  if (ours.refusal !== undefined) assert.deepEqual(readConnection(`${text}GET / HTTP/1.1\r\n\r\n`), ours);
  await oracle.confirm(ours.requests, text);
}

/** The first head in pieces is what it is as a whole. */
function judgePieces(text: string, positions: readonly number[]): void {
  const limits = { maxHeaderBytes: 1 + (positions[0] ?? 600), maxTargetBytes: 1 + (positions[1] ?? 600) };
  const whole = parseHead(text, limits);
  let progress: Progress | undefined;
  const cuts = positions.filter((cut) => cut < text.length).sort((a, b) => a - b);
  for (const cut of [...cuts, text.length]) {
    const result = parseHead(text.slice(0, cut), limits, progress);
    if (result.kind !== 'incomplete') return assert.deepEqual(result, whole);
    progress = result.progress;
  }
  assert.equal(whole.kind, 'incomplete');
}
