/** The licenses of all that is inside. `scripts/bundle/bundle.ts` puts another module in the place of this one. */

/** The text of `mote --licenses`. */
export function readNotices(): string {
  return `mote is free software under the MIT license, which is in its file LICENSE.

It runs from its sources, so that nothing else is inside: the packages have their licenses in their folders
below node_modules, and so has Node. An executable prints the licenses of all that is inside.
`;
}
