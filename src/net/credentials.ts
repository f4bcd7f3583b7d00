/** Credentials that stand in a URL. Pure. */

/**
 * As the value of `Authorization` (RFC 7617 §2), or `undefined` where there are none. Throws a `RangeError`, which
 * does not show them, for what cannot be decoded.
 */
export function basicOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`).toString('base64')}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError('user or password in it are wrongly percent-encoded: write %25 for %');
  }
}
