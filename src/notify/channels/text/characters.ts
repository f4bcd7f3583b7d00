/**
 * Finds the ends of user-perceived characters: an emoji with its skin tone, a family joined by ZWJ, a flag, a
 * keycap, a letter with its accents. A few rules replace `Intl.Segmenter`, which small engines lack. They
 * never split a cluster of UAX #29, but occasionally join two. Pure.
 */

const ZERO_WIDTH_JOINER = 0x200d;
const ZERO_WIDTH_NON_JOINER = 0x200c;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
/** Accents, variation selectors and the keycap frame. */
const mark = /^\p{M}/u;
/** Viramas of Indic scripts, which join the next letter to the previous one. */
const viramas = new Set([0x094d, 0x09cd, 0x0acd, 0x0b4d, 0x0c4d, 0x0d4d]);

/** Whether a user-perceived character ends before `index`; `from` is an earlier known boundary. */
export function isBoundary(text: string, index: number, from = 0): boolean {
  if (index <= from || index >= text.length) return true;
  if (isLowSurrogate(text.charCodeAt(index)) && isHighSurrogate(text.charCodeAt(index - 1))) return false;
  const before = codePointBefore(text, index);
  const after = text.codePointAt(index) ?? 0;
  if (before === CARRIAGE_RETURN) return after !== LINE_FEED;
  if (before === LINE_FEED) return true;
  // The search for a virama comes last: among marks alone it would be made for each of them.
  if (continues(after) || before === ZERO_WIDTH_JOINER || beginsSyllable(before)) return false;
  if (followsVirama(text, index, from)) return false;
  return !(isRegional(before) && isRegional(after)) || regionalsBefore(text, index, from) % 2 === 0;
}

/** No character that people write is longer. */
const MAX_CHARACTER_UNITS = 256;

/**
 * The last boundary in `text` after `from` and up to `limit`; if none is near, the last end of a code point.
 */
export function boundaryUpTo(text: string, limit: number, from = 0): number {
  const first = Math.max(from, limit - MAX_CHARACTER_UNITS);
  for (let end = limit; end > first; end--) if (isBoundary(text, end, from)) return end;
  return isLowSurrogate(text.charCodeAt(limit)) && limit - 1 > from ? limit - 1 : limit;
}

/** Marks between a virama and the next letter that are looked through; real text has one or two. */
const MAX_MARKS = 64;

/** Whether a virama precedes `index`, perhaps with marks in between (UAX #29, rule GB9c). */
function followsVirama(text: string, index: number, from: number): boolean {
  let end = index;
  for (let marks = 0; marks <= MAX_MARKS && end > from; marks++) {
    const code = codePointBefore(text, end);
    if (viramas.has(code)) return true;
    if (!continues(code)) return false;
    end -= code > 0xffff ? 2 : 1;
  }
  return false;
}

/** Whether the code point always belongs to the preceding character. */
function continues(code: number): boolean {
  if (code === ZERO_WIDTH_JOINER || code === ZERO_WIDTH_NON_JOINER) return true;
  // Skin tones; tags, which make up the flags of regions; vowels and finals of Korean syllables.
  if (code >= 0x1f3fb && code <= 0x1f3ff) return true;
  if (code >= 0xe0020 && code <= 0xe007f) return true;
  if ((code >= 0x1160 && code <= 0x11ff) || (code >= 0xd7b0 && code <= 0xd7fb)) return true;
  // A vowel of Thai and Lao that no Unicode property covers.
  if (code === 0xe33 || code === 0xeb3) return true;
  return code >= 0x300 && mark.test(String.fromCodePoint(code));
}

/** The initial letters of Korean syllables. */
function beginsSyllable(code: number): boolean {
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0xa960 && code <= 0xa97c);
}

/** Two of these letters form a flag. */
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
