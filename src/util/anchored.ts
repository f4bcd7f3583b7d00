/**
 * An engine that interprets tries a pattern at every position of a text, even if the pattern begins with `^`: for a long
 * text that takes thousands of times as long as the one try that could succeed. Pure.
 */

/** Compares at the beginning only, and unlike other sticky patterns always there. */
class AnchoredPattern extends RegExp {
  constructor({ source, flags }: RegExp) {
    super(source, `${flags}y`);
  }

  override exec(text: string): RegExpExecArray | null {
    this.lastIndex = 0;
    return super.exec(text);
  }
}

const known = new WeakMap<RegExp, RegExp>();

/** A pattern with the same matches by `exec` and `test`; `pattern` itself unless all of it begins with `^`. */
export function anchored(pattern: RegExp): RegExp {
  const made = known.get(pattern) ?? (isAnchored(pattern) ? new AnchoredPattern(pattern) : pattern);
  known.set(pattern, made);
  return made;
}

/** Whether each of its alternatives begins with `^`, which is the beginning of the text. */
function isAnchored({ source, flags }: RegExp): boolean {
  if (/[gmy]/.test(flags)) return false;
  let depth = 0;
  let isStart = true;
  for (const character of source.replace(/\\.|\[(?:\\.|[^\]\\])*\]/g, 'x')) {
    if (isStart && character !== '^') return false;
    isStart = depth === 0 && character === '|';
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
  }
  return !isStart;
}
