/** Text in header fields, which were made for ASCII. Pure. */
import { decodeUtf8 } from '../request.ts';

/** Words in UTF-8 encoded for header fields (RFC 2047 §2), and the white space between two of them (§6.2). */
const encodedWord = /=\?utf-8(?:\*[\w-]+)?\?([bq])\?([!->@-~]*)\?=(?:[ \t]+(?==\?utf-8[?*]))?/gi;

/**
 * The value of a field as it was meant: raw UTF-8, which `node:http` gives as one character per byte, and words
 * encoded as in e-mail. What is neither stays as it is.
 */
export function fieldText(value: string): string {
  const raw = /[\x80-\xff]/.test(value) ? (decodeUtf8(Buffer.from(value, 'latin1')) ?? value) : value;
  if (!raw.includes('=?')) return raw.trim();
  return raw
    .replace(encodedWord, (word, encoding: string, content: string) => {
      const bytes = /b/i.test(encoding) ? Buffer.from(content, 'base64') : quotedBytes(content);
      return decodeUtf8(bytes) ?? word;
    })
    .trim();
}

/** RFC 2047 §4.2. */
function quotedBytes(content: string): Buffer {
  const octets = content
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(octets, 'latin1');
}
