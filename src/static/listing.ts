/** The page that lists a folder. No scripts, nothing loaded: it works under `default-src 'none'`. */

export interface ListingEntry {
  readonly name: string;
  readonly directory: boolean;
  /** In bytes; not shown for a folder. */
  readonly size: number;
  /** Milliseconds since the epoch; nothing is shown where it is not known. */
  readonly modifiedMs: number | undefined;
}

/** How many entries of a folder are not in its list, and why. */
export interface Omitted {
  /** No URL can hold their names. */
  readonly unnamable: number;
  /** There are too many entries. */
  readonly beyond: number;
}

/**
 * The page for the folder at `segments` (decoded; none for the root), with `entries` sorted, folders first.
 * Its links are relative, so it must be served at a URL that ends with `/`.
 */
export function renderListing(
  segments: readonly string[],
  entries: readonly ListingEntry[],
  omitted: Omitted = { unnamable: 0, beyond: 0 },
): string {
  const title = escapeHtml(['', ...segments, ''].join('/'));
  const parent = segments.length > 0 ? [row('<a href="../">Parent folder</a>', '', '')] : [];
  const rows = [...parent, ...entries.toSorted(byKindThenName).map(entryRow)];
  return `<!doctype html>
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
${rows.join('\n')}
</tbody>
</table>
${notes(entries.length, omitted)}</main>
</body>
</html>
`;
}

/** What the table does not show. */
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

function byKindThenName(a: ListingEntry, b: ListingEntry): number {
  if (a.directory !== b.directory) return a.directory ? -1 : 1;
  return compare(a.name.toLowerCase(), b.name.toLowerCase()) || compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function entryRow({ name, directory, size, modifiedMs }: ListingEntry): string {
  const slash = directory ? '/' : '';
  // `./` keeps `javascript:x` a file name; the rest is percent-encoding (RFC 3986 §4.2 names this very case).
  const link = `<a href="./${encodeURIComponent(name.toWellFormed())}${slash}">${isolated(name)}${slash}</a>`;
  return row(link, directory ? '' : readableSize(size), readableTime(modifiedMs));
}

function row(name: string, size: string, modified: string): string {
  return `<tr><td>${name}</td><td>${size}</td><td>${modified}</td></tr>`;
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

/** Without isolation a right-to-left character in a name turns around what stands beside it. */
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

/** Characters that are not seen but can change how others are: `a<U+202E>gpj.exe` poses as `aexe.jpg`. */
const UNSEEN = /[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/gu;
/** Those of them that join letters and emoji, choose their form, or spell a flag. */
const PART_OF_LETTERS = /\u200c|\u200d|\p{Variation_Selector}|[\u{e0020}-\u{e007f}]/u;

function visible(name: string): string {
  return name.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) as number;
    return PART_OF_LETTERS.test(character)
      ? character
      : `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `999 B`, `1.5 KiB`, `12 MiB`: two digits are enough to choose by. */
function readableSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  for (; value >= 1023.5 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Empty where there is no date, or one that no calendar has. */
function readableTime(ms: number | undefined): string {
  const date = new Date(ms ?? Number.NaN);
  if (Number.isNaN(date.getTime())) return '';
  const iso = date.toISOString();
  return `<time datetime="${iso}">${iso.slice(0, -8).replace('T', ' ')}</time>`;
}
