/** The page that lists a folder. It has no scripts and loads nothing, so that it works under a strict CSP. Pure. */

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

/** Rendering one part of the page takes about a millisecond; other work gets its turn between two parts. */
const ROWS_IN_A_PART = 250;

/**
 * Renders the page of the folder at `segments` (decoded; none for the root) in parts; entries are sorted, folders
 * first. Its links are relative, so that it must be served at a URL that ends with `/`.
 */
export function* renderListing(
  segments: readonly string[],
  entries: readonly ListingEntry[],
  omitted: Omitted = { unnamable: 0, beyond: 0 },
): Generator<string, void> {
  const title = escapeHtml(['', ...segments, ''].join('/'));
  const parent = segments.length > 0 ? [row('<a href="../">Parent folder</a>', '', '')] : [];
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${breadcrumbs(segments)}</h1>
<table>
<thead><tr><th scope="col">Name</th><th scope="col">Size</th><th scope="col">Modified (UTC)</th></tr></thead>
<tbody>
${parent.join('')}`;
  const sorted = inOrder(entries);
  for (let i = 0; i < sorted.length; i += ROWS_IN_A_PART)
    yield sorted
      .slice(i, i + ROWS_IN_A_PART)
      .map(entryRow)
      .join('');
  yield `</tbody>
</table>
${notes(entries.length, omitted)}</main>
</body>
</html>
`;
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

const STYLE = `
:root { color-scheme: light dark; --line: #8883; --dim: #707070; --link: #0550ae }
@media (prefers-color-scheme: dark) { :root { --dim: #9a9a9a; --link: #79b8ff } }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText }
main { max-width: 56rem; margin: 0 auto; padding: 1.25rem 1rem 3rem }
h1 { margin: 0 0 1rem; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere }
table { width: 100%; border-collapse: collapse }
th { font-size: .8rem; font-weight: 500; color: var(--dim); text-align: left }
th, td { padding: 0 .5rem; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { padding-left: 0; width: 99%; overflow-wrap: anywhere }
th { padding-bottom: .4rem }
td + td, th + th { white-space: nowrap; text-align: right; font-variant-numeric: tabular-nums }
td + td, p { color: var(--dim); font-size: .875rem }
a { color: var(--link); text-decoration: none }
a:hover, a:focus-visible { text-decoration: underline }
td a { display: block; padding: .55rem 0 }
@media (max-width: 36rem) { th:nth-child(3), td:nth-child(3) { display: none } }
`;

/**
 * Sorts texts, which engines compare themselves: a function that compares would be called 130,000 times for 10,000 names.
 * NUL is in no name, and less than all that is.
 */
function inOrder(entries: readonly ListingEntry[]): ListingEntry[] {
  const keys = entries.map(
    ({ name, directory }, i) => `${directory ? 0 : 1}${name.toLowerCase()}\0${name}\0${i}`,
  );
  return keys.sort().map((key) => entries[Number(key.slice(key.lastIndexOf('\0') + 1))] as ListingEntry);
}

function entryRow({ name, directory, size, modifiedMs }: ListingEntry): string {
  const slash = directory ? '/' : '';
  // Without `./`, `javascript:x` would be a URL with a scheme instead of a file name (RFC 3986 §4.2).
  const link = `<a href="./${encodeURIComponent(name.toWellFormed())}${slash}">${isolated(name)}${slash}</a>`;
  return row(link, directory ? '' : readableSize(size), readableTime(modifiedMs));
}

function row(name: string, size: string, modified: string): string {
  return `<tr><td>${name}</td><td>${size}</td><td>${modified}</td></tr>\n`;
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
  return name === '' ? '' : `<bdi>${escapeHtml(name)}</bdi>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(name: string): string {
  return visible(name.toWellFormed()).replace(/[&<>"']/g, (character) => entities[character] as string);
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
  const date = new Date(ms ?? Number.NaN);
  if (Number.isNaN(date.getTime())) return '';
  const iso = date.toISOString();
  return `<time datetime="${iso}">${iso.slice(0, -8).replace('T', ' ')}</time>`;
}
