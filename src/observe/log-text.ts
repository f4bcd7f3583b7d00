/** Text of clients in the log: without secrets, and in printable ASCII. */

/** Query parameters that carry secrets, in lower case. */
const secretNames: ReadonlySet<string> = new Set([
  'token',
  'access_token',
  'key',
  'device_key',
  'device_keys',
  'api_key',
  'apikey',
  'sendkey',
  'pushkey',
  'x-token',
  'auth',
  'authorization',
  'password',
  'secret',
  'client_secret',
]);
// Each match begins at a separator, so that the time is linear in the length of the query.
const queryParameter = /([?&;])([^?&;=]+)=([^&;]*)/g;

/** Tokens made by `mote token` are secrets wherever they occur. */
const madeToken = /mote_[\w-]{43}/g;
const userinfo = /:\/\/[^/?#\s]*@/g;

/** `text`, a target or URL, with `***` in place of secrets in the query, userinfo, and tokens made by `mote token`. */
export function redact(text: string): string {
  const unmade = text.includes('mote_') ? text.replace(madeToken, '***') : text;
  const open = unmade.includes('@') ? unmade.replace(userinfo, '://***@') : unmade;
  const mark = open.indexOf('?');
  if (mark < 0) return open;
  const query = open.slice(mark).replace(queryParameter, (parameter, separator: string, name: string) => {
    return secretNames.has(
      decoded(name)
        .toLowerCase()
        .replace(/\[\w*\]$/, ''),
    )
      ? `${separator}${name}=***`
      : parameter;
  });
  return open.slice(0, mark) + query;
}

/** Receivers decode names, so that `%74oken` is a token as well. */
function decoded(name: string): string {
  if (!name.includes('%')) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

const plain = /^[ !#-[\]-~]*$/;
const unprintable = /[^ -~]/g;

/** Escapes like Apache's `ap_escape_logitem`: quotes and backslashes with a backslash, other bytes as `\xHH`. */
export function escapeQuoted(text: string): string {
  return plain.test(text) ? text : text.replace(/["\\]/g, '\\$&').replace(unprintable, hexBytes);
}

function hexBytes(character: string): string {
  const code = character.charCodeAt(0);
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return Buffer.from(character).toString('hex').replace(/../g, '\\x$&');
}

/** A JSON string in ASCII: some readers also break lines at U+0085 or U+2028. */
export function jsonString(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(unprintable, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
