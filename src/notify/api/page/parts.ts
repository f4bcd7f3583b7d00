/**
 * The parts of the page as they stand beside this module. `scripts/bundle/replacements.ts` puts a module with
 * their minified texts inside in the place of this one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');

/** HTML, with the places of the other two as a link and a script with `src`. */
export const markup = read('page.html');
export const style = read('page.css');
export const script = read('page.js');
