/** Where WeCom's API is, or something that stands in front of it at an address that WeCom trusts. */

export const DEFAULT_BASE = 'https://qyapi.weixin.qq.com';

/** A path of `base` is kept. */
export function endpointUnder(base: URL, path: string, query: Readonly<Record<string, string>>): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/cgi-bin/${path}`;
  url.search = new URLSearchParams(query).toString();
  return url;
}
