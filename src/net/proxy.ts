/** The HTTP proxy that requests go through. */
import { failure, type Result, success } from '../util/result.ts';
import { basicOf } from './credentials.ts';

const FORM = 'write http://host:port or http://user:password@host:port';

/** The error does not show what was written: it may hold a password. */
export function parseProxy(text: string): Result<URL, string> {
  if (!URL.canParse(text)) return failure(`proxy: not a URL; ${FORM}`);
  const url = new URL(text);
  if (url.protocol !== 'http:') return failure(`proxy: it must be an http: URL; ${FORM}`);
  const credentials = basicOf(url);
  return credentials.ok ? success(url) : failure(`proxy: ${credentials.error}; ${FORM}`);
}
