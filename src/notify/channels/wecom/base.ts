/** Where WeCom's API is, or something that stands in front of it at an address that WeCom trusts. */
import { parseBase } from '../../../net/base-url.ts';

export const DEFAULT_BASE = 'https://qyapi.weixin.qq.com';

/** A path of `base` is kept. Throws a `RangeError` for what cannot be a base. */
export function endpointUnder(base: string, path: string, query: Readonly<Record<string, string>>): URL {
  const url = parseBase(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/cgi-bin/${path}`;
  url.search = new URLSearchParams(query).toString();
  return url;
}
