/**
 * The parts of the page, read from the files beside this module. In the bundle `scripts/bundle/replacements.ts` replaces
 * this module by one that contains their minified texts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');

/** HTML, with a link and a script element in the places of the other two. */
export const markup = read('page.html');
export const style = read('page.css');
export const script = read('page.js');
