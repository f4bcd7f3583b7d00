/** Credentials in a URL. Pure. */
import { failure, type Result, success } from '../util/result.ts';

/**
 * As the value of `Authorization` (RFC 7617 §2), or `undefined` where there are none. The error shows nothing of
 * credentials that cannot be decoded.
 */
export function basicOf({ username, password }: URL): Result<string | undefined, string> {
  if (username === '' && password === '') return success(undefined);
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return success(`Basic ${Buffer.from(credentials).toString('base64')}`);
  } catch {
    return failure('user or password in it are not percent-encoded correctly: write %25 for %');
  }
}
