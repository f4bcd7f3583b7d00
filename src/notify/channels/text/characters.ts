/**
 * Where one character of a reader ends: an emoji with its skin tone, a family joined by ZWJ, a flag, a keycap, a letter
 * with its accents. A few rules instead of `Intl.Segmenter`, which small engines do not have; they keep together what
 * UAX #29 keeps together, and now and then a little more. Pure.
 */

const ZERO_WIDTH_JOINER = 0x200d;
const ZERO_WIDTH_NON_JOINER = 0x200c;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
/** Accents, variation selectors, the frame of keycaps. */
const mark = /^\p{M}/u;
/** Of Indic scripts: what follows is written into the letter before. */
const viramas = new Set([0x094d, 0x09cd, 0x0acd, 0x0b4d, 0x0c4d, 0x0d4d]);

/** Whether a reader's character of `text` ends before `index`. `from` is a place where one does, to look back to. */
export function isBoundary(text: string, index: number, from = 0): boolean {
  if (index <= from || index >= text.length) return true;
  if (isLowSurrogate(text.charCodeAt(index)) && isHighSurrogate(text.charCodeAt(index - 1))) return false;
  const before = codePointBefore(text, index);
  const after = text.codePointAt(index) ?? 0;
  if (before === CARRIAGE_RETURN) return after !== LINE_FEED;
  if (before === LINE_FEED) return true;
  if (before === ZERO_WIDTH_JOINER || viramas.has(before) || beginsSyllable(before)) return false;
  if (continues(after)) return false;
  return !(isRegional(before) && isRegional(after)) || regionalsBefore(text, index, from) % 2 === 0;
}

/** The last end of a character in `text` from `from` on that is not behind `limit`; that of a code point if there is none. */
export function boundaryUpTo(text: string, limit: number, from = 0): number {
  for (let end = limit; end > from; end--) if (isBoundary(text, end, from)) return end;
  return isLowSurrogate(text.charCodeAt(limit)) && limit - 1 > from ? limit - 1 : limit;
}

/** Is a part of the character before it, whatever that is. */
function continues(code: number): boolean {
  if (code === ZERO_WIDTH_JOINER || code === ZERO_WIDTH_NON_JOINER) return true;
  // Skin tones; tags, of which the flags of regions are made; vowels and ends of Korean syllables.
  if (code >= 0x1f3fb && code <= 0x1f3ff) return true;
  if (code >= 0xe0020 && code <= 0xe007f) return true;
  if ((code >= 0x1160 && code <= 0x11ff) || (code >= 0xd7b0 && code <= 0xd7fb)) return true;
  // Of Thai and Lao, a vowel that no property names.
  if (code === 0xe33 || code === 0xeb3) return true;
  return code >= 0x300 && mark.test(String.fromCodePoint(code));
}

/** The first letters of Korean syllables. */
function beginsSyllable(code: number): boolean {
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0xa960 && code <= 0xa97c);
}

/** Two of these letters are a flag. */
function isRegional(code: number): boolean {
  return code >= 0x1f1e6 && code <= 0x1f1ff;
}

function regionalsBefore(text: string, index: number, from: number): number {
  let count = 0;
  for (let at = index - 2; at >= from && isRegional(text.codePointAt(at) ?? 0); at -= 2) count++;
  return count;
}

function codePointBefore(text: string, index: number): number {
  const unit = text.charCodeAt(index - 1);
  const isPair = isLowSurrogate(unit) && isHighSurrogate(text.charCodeAt(index - 2));
  return isPair ? (text.codePointAt(index - 2) ?? unit) : unit;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
