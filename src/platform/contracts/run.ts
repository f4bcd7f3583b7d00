/** Prints the lines of the contract that the command line names. */
const contracts: Readonly<Record<string, () => Promise<{ contract: () => Iterable<string> | AsyncIterable<string> }>>> = {
  address: () => import('./address.contract.ts'),
  text: () => import('./text.contract.ts'),
  url: () => import('./url.contract.ts'),
};

export async function printContract(): Promise<void> {
  const name = process.argv[2] ?? '';
  const module = await contracts[name]?.();
  if (!module) throw new Error(`there is no contract "${name}"`);
  for await (const line of module.contract()) process.stdout.write(`${line}\n`);
}
