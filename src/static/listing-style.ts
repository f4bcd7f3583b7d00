/** How a listing looks. Pure. */

/** Icons are shapes that are cut out of a square, of 16 pixels. */
const icons: Readonly<Record<string, string>> = {
  u: 'M8 2l6 6h-4v6H6V8H2z',
  d: 'M1 3h5l2 2h7v9H1z',
  f: 'M3 1h6v4h4v10H3zM10 1l3 3h-3z',
  t: 'M3 1h6v4h4v10H3zM10 1l3 3h-3zM5 7h6v1H5zM5 9h6v1H5zM5 11h6v1H5z',
  c: 'M5 4L1 8l4 4 1.5-1.5L4 8l2.5-2.5zM11 4l4 4-4 4-1.5-1.5L12 8 9.5 5.5z',
  i: 'M1 2h14v12H1zM2.5 12h11L10 6.5 7 10 5 8.5zM4 4h2v2H4z',
  a: 'M5 3l9-2v10.5a2.5 2 0 1 1-2-2V5L7 6v7.5a2.5 2 0 1 1-2-2z',
  v: 'M1 2h14v12H1zM6 5v6l5-3z',
  z: 'M1 2h14v3H1zM2 6h12v8H2zM6 7h4v2H6z',
};

/** Of all pages, so that its digest is, too. */
export const LISTING_STYLE = `
:root { color-scheme: light dark; --line: #8883; --dim: #646464; --link: #0550ae }
@media (prefers-color-scheme: dark) { :root { --dim: #a3a3a3; --link: #79b8ff } }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText }
main { max-width: 56rem; margin: 0 auto; padding: 1.25rem 1rem 3rem }
h1 { margin: 0 0 .5rem; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere }
main > p { margin: 0 0 .75rem; color: var(--dim); font-size: .875rem }
table { border-collapse: collapse }
main > table { width: 100% }
th, td { padding: 0 .5rem; border-bottom: 1px solid var(--line); text-align: left }
main > table th:first-child, main > table td:first-child { padding-left: 0; width: 99%; overflow-wrap: anywhere }
main > table :is(td + td, th + th) { white-space: nowrap; text-align: right; font-variant-numeric: tabular-nums }
main > table td + td { color: var(--dim); font-size: .875rem }
form { margin: 0 }
button { padding: .5rem 0; border: 0; background: none; color: var(--dim); font: 500 .8rem/1 system-ui, sans-serif; cursor: pointer }
[aria-sort] button { color: CanvasText }
[aria-sort=ascending] button::after { content: " \\2191" / "" }
[aria-sort=descending] button::after { content: " \\2193" / "" }
a { color: var(--link); text-decoration: none }
a:hover, a:focus-visible, button:hover { text-decoration: underline }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px }
main > table td a { display: block; position: relative; padding: .55rem 0 .55rem 1.6rem }
main > table td a::before { content: ""; position: absolute; left: 0; top: .8rem; width: 16px; height: 16px; background: var(--dim) }
tr.d a::before { background: var(--link) !important }
${Object.entries(icons)
  .map(([name, path]) => `tr.${name} a::before { clip-path: path(evenodd, "${path}") }`)
  .join('\n')}
section { margin-top: 2rem; padding-top: .5rem; border-top: 1px solid var(--line); overflow-wrap: anywhere }
h1 a, section a { text-decoration: underline }
section table { margin: 1rem 0 }
section :is(pre, code) { font: .875rem/1.5 ui-monospace, monospace; white-space: pre-wrap; background: #8881 }
section pre { padding: .75rem }
section pre code { background: none }
section blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid var(--line) }
@media (max-width: 36rem) { main > table time { display: block; width: 6.5em; margin-left: auto; white-space: normal; font-size: .8rem; line-height: 1.3 } }
@media (forced-colors: active) { main > table td a::before { background: LinkText } }
`;
