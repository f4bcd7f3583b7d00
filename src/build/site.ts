/** The site inside the executable: none here. `npm run build -- --embed DIR` replaces this module. */

/** The archive (`static/embedded.ts`), or `undefined` if there is no site inside. */
export function readEmbeddedSite(): Uint8Array | undefined {
  return undefined;
}
