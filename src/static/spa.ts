/** Which requests for what is not there a single-page application answers itself. */

const PAGE = /^(?:text\/html|application\/xhtml\+xml)$/;
const ANYTHING = '*/*';

/**
 * Whether the client wants a page: it prefers HTML in so many words, as browsers do when they navigate, or it
 * takes whatever comes and the path does not look like a file. Scripts, styles, images and calls of an API name
 * other types, or none, and are told that nothing is there: a page in their place would only hide that.
 */
export function wantsPage(accept: string | undefined, lastSegment: string): boolean {
  const preferred = preferredType(accept);
  return PAGE.test(preferred) || (preferred === ANYTHING && !lastSegment.includes('.'));
}

const WEIGHT = /;[ \t]*q=([\d.]+)/i;

/** The media range with the highest weight (RFC 9110 §12.5.1), of several the first; without any, anything. */
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
