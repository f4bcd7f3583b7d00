/**
 * Puts a table in the place of mime-types and its registry: one text, in which a look-up by extension searches. What
 * mime-types says is what the table is made of, and what tests compare it with. As an object, the registry is memory
 * and time at every start; a search takes microseconds, once for each file that enters the cache.
 */
import mime from 'mime-types';

/** The end of a type that is text. */
const CHARSET = '; charset=utf-8';

/**
 * The extensions of each type, as `text/html* html htm shtml |`, where the asterisk stands for {@link CHARSET}. Short
 * types come first, and are found first: those are what the web is made of, the long ones belong to vendors.
 */
function mediaTypeTable(): string {
  const extensions = Map.groupBy(Object.keys(mime.types), (extension) => mime.contentType(extension) || '');
  const rows = Array.from(extensions, ([type, names]) => [type.replace(CHARSET, '*'), ...names, '|']);
  return rows
    .toSorted(([a = ''], [b = '']) => a.length - b.length)
    .map((row) => row.join(' '))
    .join('');
}

/** The source of a module that takes the place of mime-types. */
export function mediaTypesModule(): string {
  return `const table = ${JSON.stringify(mediaTypeTable())};
export default {
  contentType(extension) {
    const at = /^[^ |]+$/.test(extension) ? table.indexOf(' ' + extension + ' ') : -1;
    if (at < 0) return false;
    const start = table.lastIndexOf('|', at) + 1;
    return table.slice(start, table.indexOf(' ', start)).replace('*', '${CHARSET}');
  },
};`;
}
