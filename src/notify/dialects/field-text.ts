/** Text beyond ASCII in header fields. Pure. */
import { type Features, features as ownFeatures } from '../../build/features.ts';
import { decodeUtf8 } from '../api/fields.ts';

/** Words encoded for header fields (RFC 2047 §2), and the white space between two of them (§6.2). */
const encodedWord =
  /=\?([\w:-]{1,40})(?:\*[\w-]+)?\?([bq])\?([!->@-~]*)\?=(?:[ \t]+(?==\?[\w:*-]+\?[bq]\?))?/gi;

const isUtf8 = (charset: string) => /^utf-?8$/i.test(charset);
const isLatin1 = (charset: string) => /^(?:iso-8859-1|latin1|us-ascii)$/i.test(charset);

/** The charset of an encoded word that this build cannot decode, if there is one: nobody could read such a message. */
export function foreignCharset(value: string, features: Features = ownFeatures): string | undefined {
  if (features.charsets) return undefined;
  const charsets = Array.from(value.matchAll(encodedWord), ([, charset = '']) => charset);
  return charsets.find((charset) => !isUtf8(charset) && !isLatin1(charset));
}

/**
 * Decodes raw UTF-8, which `node:http` gives as one character per byte, and words encoded as in e-mail. Anything else
 * stays unchanged.
 */
export function fieldText(value: string): string {
  const raw = /[\x80-\xff]/.test(value) ? (decodeUtf8(Buffer.from(value, 'latin1')) ?? value) : value;
  if (!raw.includes('=?')) return raw.trim();
  return raw
    .replace(encodedWord, (word, charset: string, encoding: string, content: string) => {
      const bytes = /b/i.test(encoding) ? Buffer.from(content, 'base64') : quotedBytes(content);
      return decode(bytes, charset) ?? word;
    })
    .trim();
}

/** `undefined` for bytes that are invalid in this encoding, and for encodings that the engine does not know. */
function decode(bytes: Buffer, charset: string): string | undefined {
  if (isUtf8(charset)) return decodeUtf8(bytes);
  if (isLatin1(charset)) return bytes.toString('latin1');
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** RFC 2047 §4.2. */
function quotedBytes(content: string): Buffer {
  const octets = content
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(octets, 'latin1');
}
