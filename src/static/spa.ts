/** Which requests for missing files get the page of a single-page application. Pure. */
import { ANYTHING, preferredType, prefersPage } from '../util/accept.ts';

/**
 * Whether the client wants a page: it explicitly prefers HTML, as browsers do when they navigate, or it accepts
 * anything and the path does not look like a file. Requests for scripts, styles, images and APIs name other types,
 * or none, and get 404: a page in their place would only hide the error.
 */
export function wantsPage(accept: string | undefined, lastSegment: string): boolean {
  return prefersPage(accept) || (preferredType(accept) === ANYTHING && !lastSegment.includes('.'));
}
