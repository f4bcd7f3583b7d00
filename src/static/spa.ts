/** Which requests for missing files get the page of a single-page application. Pure. */

const PAGE = /^(?:text\/html|application\/xhtml\+xml)$/;
const ANYTHING = '*/*';

/**
 * Whether the client wants a page: it explicitly prefers HTML, as browsers do when they navigate, or it accepts
 * anything and the path does not look like a file. Requests for scripts, styles, images and APIs name other types,
 * or none, and get 404: a page in their place would only hide the error.
 */
export function wantsPage(accept: string | undefined, lastSegment: string): boolean {
  const preferred = preferredType(accept);
  return PAGE.test(preferred) || (preferred === ANYTHING && !lastSegment.includes('.'));
}

const WEIGHT = /;[ \t]*q=([\d.]+)/i;

/** The media range with the highest weight (RFC 9110 §12.5.1), the first of several; anything if there is none. */
function preferredType(accept: string | undefined): string {
  let preferred = '';
  let highest = 0;
  for (const member of (accept || ANYTHING).split(',')) {
    const [range = ''] = member.split(';', 1);
    const weight = Number(WEIGHT.exec(member)?.[1] ?? 1);
    if (weight > highest) [preferred, highest] = [range.trim().toLowerCase(), weight];
  }
  return preferred;
}
