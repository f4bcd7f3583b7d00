/**
 * The shape of a large JSON text, before it is parsed: `JSON.parse` cannot be interrupted, and per byte some shapes take
 * fifty times as long, and as much memory, as texts do. What people send stays far below these limits. Pure.
 */
import { MAX_COMMAS, MAX_CONTAINERS } from './effort.ts';

/** A text of this many characters cannot take long, whatever it is. */
export const ANY_SHAPE_UNITS = 64 * 1024;
export const MAX_DEPTH = 64;
/** Of different names: each of them takes as long as fifty values. */
export const MAX_NAMES = 1024;

/** Names that have the same hash count once. */
const HASHES = 64 * 1024;
const [TAB, LINE_FEED, CARRIAGE_RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** In JSON each string follows a bracket, a brace, a comma or a name: what has more is none. */
const MAX_STRINGS = 2 * (MAX_COMMAS + MAX_CONTAINERS);

/** Whether `text` may be parsed in one go. It need not be JSON. */
export function hasModestShape(text: string): boolean {
  if (text.length <= ANY_SHAPE_UNITS) return true;
  const names = new Names();
  let [containers, commas, depth] = [0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // Digits are most of what is between strings.
    if (unit > COMMA && unit < OPEN_ARRAY) continue;
    if (unit === QUOTE) at = names.pass(text, at);
    else if (unit === COMMA) commas++;
    else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
      containers++;
      depth++;
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) depth--;
    if (commas > MAX_COMMAS || containers > MAX_CONTAINERS || depth > MAX_DEPTH) return false;
    if (names.areTooMany) return false;
  }
  return true;
}

/** All strings, and those before a colon. */
class Names {
  /** A getter would be called for every character. */
  areTooMany = false;
  readonly #seen = new Uint8Array(HASHES);
  #names = 0;
  #strings = 0;

  /** The end of the string that begins at `start`. */
  pass(text: string, start: number): number {
    this.#strings++;
    const end = endOfString(text, start);
    if (isBeforeColon(text, end + 1)) this.#add(text, start + 1, end);
    this.areTooMany = this.#names > MAX_NAMES || this.#strings > MAX_STRINGS;
    return end;
  }

  #add(text: string, start: number, end: number): void {
    let hash = 0;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1);
    const slot = hash >>> 16;
    if (this.#seen[slot] === 0) this.#names++;
    this.#seen[slot] = 1;
  }
}

/** The position of the quote that ends the string, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function isBeforeColon(text: string, from: number): boolean {
  let at = from;
  let unit = text.charCodeAt(at);
  while (unit === SPACE || unit === LINE_FEED || unit === CARRIAGE_RETURN || unit === TAB) {
    at++;
    unit = text.charCodeAt(at);
  }
  return unit === COLON;
}
