/** Where WeCom's API is, or something that stands before it at an address that WeCom trusts. */

export const DEFAULT_BASE = 'https://qyapi.weixin.qq.com';

/** Throws a `RangeError` for what cannot be a base. */
export function endpointUnder(base: string, path: string, query: Readonly<Record<string, string>>): URL {
  if (!URL.canParse(base)) throw new RangeError('the base is not a URL');
  const url = new URL(base);
  if (!/^https?:$/.test(url.protocol)) throw new RangeError('the base is neither an http: nor an https: URL');
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/cgi-bin/${path}`;
  url.search = new URLSearchParams(query).toString();
  return url;
}
