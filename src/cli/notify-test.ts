/** `mote notify-test [CHANNEL]`: sends one message by each channel, and says what to do where it does not arrive. */
import { type TestOutcome, testDelivery } from '../app/test-delivery.ts';
import type { Invocation } from '../config/load.ts';
import type { ChannelConfig } from '../config/notify/kinds.ts';
import { refused } from '../config/problems.ts';
import { adviceFor } from '../notify/channels/advice.ts';
import { printable } from '../util/printable.ts';
import { complain, FAILED, type Io, OK, say } from './io.ts';

const NOTHING_CONFIGURED =
  'notify-test: no channel is configured; give --notify FILE, or MOTE_NOTIFY_TOKEN and the variables of a channel';

/** Returns the exit code: 0 only if everything was delivered to everybody. */
export async function notifyTest(
  io: Io,
  { args: [wanted], notify, caFile, notice }: Invocation,
): Promise<number> {
  if (!notify) return complain(io, [NOTHING_CONFIGURED, ...(notice === undefined ? [] : [notice])]);
  const names = notify.channels.map(({ name }) => name);
  const chosen = notify.channels.filter(({ name }) => wanted === undefined || name === wanted);
  if (chosen.length === 0) return complain(io, [refused('notify-test', wanted, names.join(', '))]);
  // All at once, told in the order of the configuration.
  const tests = chosen.map((config) => timed(testDelivery(config, caFile)));
  const codes: number[] = [];
  for (const [index, config] of chosen.entries()) {
    const report = reportOf(config, ...((await tests[index]) as Timed));
    codes.push(report.code, await say(io, report.text));
  }
  return codes.some((code) => code !== OK) ? FAILED : OK;
}

type Timed = readonly [outcome: TestOutcome, tookMs: number];

async function timed(test: Promise<TestOutcome>): Promise<Timed> {
  const began = performance.now();
  return [await test, Math.round(performance.now() - began)];
}

/** One line for the outcome, and one for what to do, if there is something. */
export function reportOf(
  { name, kind }: Pick<ChannelConfig, 'name' | 'kind'>,
  outcome: TestOutcome,
  tookMs: number,
): { readonly code: number; readonly text: string } {
  const who = name === kind ? name : `${name} (${kind})`;
  if (outcome.kind === 'delivered') {
    const id = outcome.providerId === undefined ? '' : `, id ${outcome.providerId}`;
    const head = `${who}: delivered in ${tookMs} ms${printable(id)}`;
    if (outcome.note === undefined) return { code: OK, text: `${head}\n` };
    return {
      code: FAILED,
      text: `${head}, but: ${printable(outcome.note)}\n${adviceLine(kind, outcome.note)}`,
    };
  }
  const text = `${who}: ${stateOf(outcome)}: ${printable(outcome.reason)}\n`;
  return { code: FAILED, text: text + adviceLine(kind, outcome.reason) };
}

function stateOf({ kind }: Exclude<TestOutcome, { kind: 'delivered' }>): string {
  switch (kind) {
    case 'unusable':
      return 'not usable';
    case 'rejected':
      return 'refused';
    case 'retry':
      return 'not delivered (a server would try again)';
  }
}

function adviceLine(kind: string, reason: string): string {
  const advice = adviceFor(kind, reason);
  return advice === undefined ? '' : `  What to do: ${advice}\n`;
}
