/** How text becomes ASCII in Internet mail: encoded words (RFC 2047), quoted-printable (RFC 2045 §6.7), folding. Pure. */
import type { Steps } from '../../../util/turns.ts';

/** The length of an encoded word is limited to 75 (RFC 2047 §2): 45 bytes are 60 characters in base64. */
const MAX_WORD_BYTES = 45;

/** The text in encoded words of whole characters. */
export function encodedWords(text: string): string {
  const words: string[] = [];
  let word = '';
  let bytes = 0;
  for (const character of text) {
    const length = Buffer.byteLength(character);
    if (bytes + length > MAX_WORD_BYTES) {
      words.push(word);
      word = '';
      bytes = 0;
    }
    word += character;
    bytes += length;
  }
  return [...words, word].map((piece) => `=?UTF-8?B?${Buffer.from(piece).toString('base64')}?=`).join(' ');
}

/** The line length that RFC 5322 §2.1.1 recommends. */
const MAX_FIELD_LINE = 78;

/** A header field, folded at blanks (RFC 5322 §2.2.3). Blanks must be single. */
export function folded(field: string): string {
  const [first = '', ...words] = field.split(' ');
  let text = first;
  let column = first.length;
  for (const word of words) {
    const fits = column + 1 + word.length <= MAX_FIELD_LINE;
    text += fits ? ` ${word}` : `\r\n ${word}`;
    column = (fits ? column : 0) + 1 + word.length;
  }
  return text;
}

const MAX_QUOTED_LINE = 76;

/** Of text that is quoted in one step, and of the lines that it becomes. */
const QUOTED_UNITS = 2048;
const LINES_OF_A_STEP = 256;

/** Quoted-printable text from text with CRLF line endings. */
export function* quotedPrintable(text: string): Steps<string> {
  const lines: string[] = [];
  let units = 0;
  for (const line of text.split('\r\n')) {
    lines.push(yield* quotedLine(line));
    units += line.length;
    if (units < QUOTED_UNITS) continue;
    units = 0;
    yield;
  }
  return lines.join('\r\n');
}

function* quotedLine(line: string): Steps<string> {
  const parts: string[] = [];
  for (let start = 0; start < line.length; ) {
    const most = start + QUOTED_UNITS;
    // A pair of surrogates is one character.
    const end = /[\ud800-\udbff]/.test(line[most - 1] ?? '') ? most + 1 : most;
    // All but printable ASCII, the equals sign …
    parts.push(line.slice(start, end).replace(/[^\t\x20-\x3c\x3e-\x7e]+/g, quotedBytes));
    start = end;
    if (start < line.length) yield;
  }
  // … and a blank at the end.
  const joined = parts.join('');
  const last = joined.at(-1);
  const quoted = last === ' ' || last === '\t' ? joined.slice(0, -1) + quotedBytes(last) : joined;
  return quoted.length > MAX_QUOTED_LINE ? yield* wrapped(quoted) : quoted;
}

/** By the value of a byte. */
const escapes: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
);

function quotedBytes(text: string): string {
  // Texts that grow by three characters cost small engines many times as much.
  return Array.from(Buffer.from(text), (byte) => escapes[byte]).join('');
}

/** Soft line breaks between whole characters. */
function* wrapped(quoted: string): Steps<string> {
  const lines: string[] = [];
  let start = 0;
  while (quoted.length - start > MAX_QUOTED_LINE) {
    let end = start + MAX_QUOTED_LINE - 1;
    if (quoted[end - 1] === '=') end -= 1;
    else if (quoted[end - 2] === '=') end -= 2;
    // Not before a further byte of a character in UTF-8.
    while (/^=[89AB]/.test(quoted.slice(end, end + 2))) end -= 3;
    lines.push(`${quoted.slice(start, end)}=\r\n`);
    start = end;
    if (lines.length % LINES_OF_A_STEP === 0) yield;
  }
  return lines.join('') + quoted.slice(start);
}
