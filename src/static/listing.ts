/** The page that lists a folder. It has no scripts and loads nothing, so that it works under a strict CSP. Pure. */
import { escapeHtml } from '../util/html.ts';
import { iconOf } from './file-kind.ts';
import { byName, type Column, inOrder, type Order } from './listing-order.ts';
import { LISTING_STYLE } from './listing-style.ts';

export interface ListingEntry {
  readonly name: string;
  readonly directory: boolean;
  /** In bytes; not shown for folders. */
  readonly size: number;
  /** Milliseconds since the epoch; the column is empty if it is unknown. */
  readonly modifiedMs: number | undefined;
}

/** The number of entries that a listing leaves out, by reason. */
export interface Omitted {
  /** No URL can hold their names. */
  readonly unnamable: number;
  /** There are too many entries. */
  readonly beyond: number;
}

export interface ListingView {
  readonly order?: Order;
  /** The name of a file that is shown below the table, and its content as HTML. */
  readonly readme?: { readonly name: string; readonly html: string } | undefined;
}

/** Rendering one part of the page takes about a millisecond; other work gets its turn between two parts. */
const ROWS_IN_A_PART = 250;

/**
 * Renders the page of the folder at `segments` (decoded; none for the root) in parts. Its links are relative, so that
 * it must be served at a URL that ends with `/`.
 */
export function* renderListing(
  segments: readonly string[],
  entries: readonly ListingEntry[],
  omitted: Omitted = { unnamable: 0, beyond: 0 },
  { order = byName, readme }: ListingView = {},
): Generator<string, void> {
  const title = shown(['', ...segments, ''].join('/'));
  const parent = segments.length > 0 ? row('u', '<a href="../">Parent folder</a>', '', '') : '';
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${LISTING_STYLE}</style>
</head>
<body>
<main>
<h1>${breadcrumbs(segments)}</h1>
${summary(entries)}${notes(entries.length, omitted)}<table>
<thead><tr>${heading('name', 'Name', order)}${heading('size', 'Size', order)}${heading('date', 'Modified (UTC)', order)}</tr></thead>
<tbody>
${parent}`;
  yield* inParts(yield* sorted(entries, order), entryRow);
  yield `</tbody>
</table>
${readme ? `<section aria-label="${shown(readme.name)}">\n${readme.html}</section>\n` : ''}</main>
</body>
</html>
`;
}

/** The entries as a JSON array, in parts. */
export function* renderJson(
  entries: readonly ListingEntry[],
  order: Order = byName,
): Generator<string, void> {
  yield '[';
  let separator = '\n';
  yield* inParts(yield* sorted(entries, order), ({ name, directory, size, modifiedMs }) => {
    const mtime = isoTime(modifiedMs)?.replace(/\.\d+/, '');
    const kind = directory ? 'folder' : 'file';
    const text = separator + JSON.stringify({ name, kind, size: directory ? undefined : size, mtime });
    separator = ',\n';
    return text;
  });
  yield '\n]\n';
}

/** In parts without text. */
function* sorted<E extends ListingEntry>(entries: readonly E[], order: Order): Generator<string, E[]> {
  const steps = inOrder(entries, order);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    yield '';
  }
}

function* inParts<E>(entries: readonly E[], render: (entry: E) => string): Generator<string, void> {
  for (let i = 0; i < entries.length; i += ROWS_IN_A_PART)
    yield entries
      .slice(i, i + ROWS_IN_A_PART)
      .map(render)
      .join('');
}

/** A button of a form and not a link, which programs that mirror a site would follow. */
function heading(column: Column, label: string, { by, descending }: Order): string {
  const isCurrent = by === column;
  // What is asked for first is the largest or the latest.
  const isDescendingNext = isCurrent ? !descending : column !== 'name';
  const sort = isCurrent ? ` aria-sort="${descending ? 'descending' : 'ascending'}"` : '';
  const hidden = isDescendingNext ? '<input type="hidden" name="order" value="desc">' : '';
  return `<th scope="col"${sort}><form>${hidden}<button name="sort" value="${column}">${label}</button></form></th>`;
}

/** `2 folders, 1 file, 1.5 KiB` */
function summary(entries: readonly ListingEntry[]): string {
  const files = entries.filter(({ directory }) => !directory);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const parts = [counted(entries.length - files.length, 'folder'), counted(files.length, 'file')];
  if (files.length > 0) parts.push(readableSize(bytes));
  return entries.length > 0 ? `<p>${parts.filter((part) => part !== '').join(', ')}</p>\n` : '';
}

function counted(count: number, noun: string): string {
  return count === 0 ? '' : `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The number of entries that the table does not show, and why. */
function notes(listed: number, { unnamable, beyond }: Omitted): string {
  const lines: string[] = [];
  if (beyond > 0) lines.push(`This folder is too large to be listed: ${beyond} of its entries are left out.`);
  if (unnamable > 0) {
    const subject = unnamable === 1 ? '1 entry is' : `${unnamable} entries are`;
    lines.push(`${subject} left out, because no URL can hold the name: it is not UTF-8, or has a backslash or a
control character.`);
  }
  if (listed === 0 && lines.length === 0) lines.push('This folder is empty.');
  return lines.map((line) => `<p>${line}</p>\n`).join('');
}

function entryRow({ name, directory, size, modifiedMs }: ListingEntry): string {
  const slash = directory ? '/' : '';
  // Without `./`, `javascript:x` would be a URL with a scheme instead of a file name (RFC 3986 §4.2).
  const link = `<a href="./${encodeURIComponent(name.toWellFormed())}${slash}">${isolated(name)}${slash}</a>`;
  const icon = directory ? 'd' : iconOf(name);
  return row(icon, link, directory ? '' : readableSize(size), readableTime(modifiedMs));
}

function row(icon: string, name: string, size: string, modified: string): string {
  return `<tr class="${icon}"><td>${name}</td><td>${size}</td><td>${modified}</td></tr>\n`;
}

/** The path as links to each folder above, the last segment being this page. */
function breadcrumbs(segments: readonly string[]): string {
  const parts = ['', ...segments].map((segment, index) => {
    const up = segments.length - index;
    const text = `${isolated(segment)}/`;
    return up === 0 ? text : `<a href="${'../'.repeat(up)}">${text}</a>`;
  });
  return parts.join('');
}

/** Without isolation, a right-to-left character in a name reverses the text beside it. */
function isolated(name: string): string {
  return name === '' ? '' : `<bdi>${shown(name)}</bdi>`;
}

function shown(name: string): string {
  return escapeHtml(visible(name.toWellFormed()));
}

/** Invisible characters that can change how others are displayed: `a<U+202E>gpj.exe` looks like `aexe.jpg`. */
const INVISIBLE = /[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/gu;
/** Those of them that join letters and emoji, select their form, or encode a flag. */
const PART_OF_LETTERS = /\u200c|\u200d|\p{Variation_Selector}|[\u{e0020}-\u{e007f}]/u;

function visible(name: string): string {
  return name.replace(INVISIBLE, (character) => {
    const code = character.codePointAt(0) as number;
    return PART_OF_LETTERS.test(character)
      ? character
      : `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `999 B`, `1.5 KiB`, `12 MiB`: two significant digits. */
function readableSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  for (; value >= 1023.5 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Empty if the date is unknown or out of range. */
function readableTime(ms: number | undefined): string {
  const iso = isoTime(ms);
  if (iso === undefined) return '';
  return `<time datetime="${iso}">${iso.slice(0, -8).replace('T', ' ')}</time>`;
}

function isoTime(ms: number | undefined): string | undefined {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
