/** The licenses of everything inside the program. `scripts/bundle/bundle.ts` replaces this module. */

/** The text of `mote --licenses`. */
export function readLicenses(): string {
  return `mote is free software under the MIT license, which is in its file LICENSE.

It runs from its sources, which contain nothing else: the licenses of the packages and of Node are in their
folders below node_modules. An executable prints the licenses of everything inside it.
`;
}
