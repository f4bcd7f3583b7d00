/** Where a provider is, or something that stands in front of it. */

/** Throws a `RangeError`, which does not show it, for what is no `http:` or `https:` URL. */
export function parseBase(base: string): URL {
  if (!URL.canParse(base)) throw new RangeError('base: not a URL');
  const url = new URL(base);
  if (!/^https?:$/.test(url.protocol)) throw new RangeError('base: neither an http: nor an https: URL');
  return url;
}
