/** The site inside the executable: none here. `npm run build -- --embed DIR` builds another module instead. */

/** The archive (`static/embedded.ts`), or `undefined` where there is no site inside. */
export function readEmbeddedSite(): Uint8Array | undefined {
  return undefined;
}
