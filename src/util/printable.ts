/** Text of others for a terminal, in one line. */

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]+/gu;

/** Characters that could end the line or control the terminal become spaces. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, ' ');
}
