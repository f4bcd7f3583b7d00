/** Text of others for a terminal, in one line. */

/** Characters that could end the line or control the terminal become spaces. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ');
}
