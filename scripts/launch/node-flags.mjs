/**
 * What Node is started with wherever mote runs, from the sources as in an executable. Plain JavaScript without
 * imports, so that a launcher can load it in any Node. For a Node of at least 22.14 or 23.7.
 *
 * `--disable-sigusr1`: that signal would open Node's inspector, through which every process of this user, and every
 * user who reaches its port, can run code in mote. `src/cli/bin.ts` listens to the signal as well, but not at once.
 *
 * `--max-semi-space-size=4`: V8 would let the young generation grow to 16 MiB a half when connections come and go by the
 * thousand, for a gain that cannot be measured; docs/performance.md has the figures.
 */
export const NODE_FLAGS = ['--disable-sigusr1', '--max-semi-space-size=4'];
