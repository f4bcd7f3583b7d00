/** Where a provider is, or what stands in front of it. */
import { failure, type Result, success } from '../util/result.ts';

/** An `http:` or `https:` URL. The error does not show what was written instead: that may hold a secret. */
export function parseBase(base: string): Result<URL, string> {
  if (!URL.canParse(base)) return failure('base: not a URL');
  const url = new URL(base);
  return /^https?:$/.test(url.protocol) ? success(url) : failure('base: neither an http: nor an https: URL');
}
