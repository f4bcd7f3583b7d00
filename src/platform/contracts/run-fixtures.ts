/** Prints the lines of the contract that the command line names. */
import * as address from './address.contract.ts';
import * as calls from './calls.contract.ts';
import * as deflate from './deflate.contract.ts';
import * as events from './events.contract.ts';
import * as streams from './streams.contract.ts';
import * as text from './text.contract.ts';
import * as tls from './tls.contract.ts';
import * as url from './url.contract.ts';

const contracts: Readonly<Record<string, { contract(): Iterable<string> | AsyncIterable<string> }>> = {
  address,
  calls,
  deflate,
  events,
  streams,
  text,
  tls,
  url,
};

export async function printContract(): Promise<void> {
  const name = process.argv[2] ?? '';
  const found = contracts[name];
  if (!found) throw new Error(`there is no contract "${name}"`);
  for await (const one of found.contract()) process.stdout.write(`${one}\n`);
}
