/** What a client prefers, by its `Accept` field (RFC 9110 §12.5.1). Pure. */

export const ANYTHING = '*/*';
/** Browsers send up to ten; what is behind is not looked at. */
const MAX_MEMBERS = 100;

const PAGE = /^(?:text\/html|application\/xhtml\+xml)$/;
const WEIGHT = /;[ \t]*q=([\d.]+)/i;

/** The media range with the highest weight, in lower case, the first of several; anything if there is none. */
export function preferredType(accept: string | undefined): string {
  let preferred = '';
  let highest = 0;
  for (const member of (accept || ANYTHING).split(',', MAX_MEMBERS)) {
    const [range = ''] = member.split(';', 1);
    const weight = Number(WEIGHT.exec(member)?.[1] ?? 1);
    if (weight > highest) [preferred, highest] = [range.trim().toLowerCase(), weight];
  }
  return preferred;
}

/** Whether it names HTML first, as browsers do when they navigate. */
export function prefersPage(accept: string | undefined): boolean {
  return PAGE.test(preferredType(accept));
}
