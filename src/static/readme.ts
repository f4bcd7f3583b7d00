/** Which file of a folder is shown below its listing. Pure. */

/** The longest README that is shown; a longer one is only listed. */
export const MAX_README_BYTES = 64 * 1024;
/** Names in the order of precedence, in lower case. */
const NAMES = ['readme.md', 'readme.markdown', 'readme', 'readme.txt'];
export interface Readme {
  readonly name: string;
  readonly html: string;
}

/** The name among `names` of the file to show, whatever its case. */
export function readmeAmong(names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, rank: NAMES.indexOf(name.toLowerCase()) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1));
  return ranked[0]?.name;
}
