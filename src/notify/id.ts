/** Ids of messages: sortable by time, impossible to guess, valid file names on every system. Pure. */

const TIME_DIGITS = 9;
const RANDOM_BYTES = 10;

/** `random` returns that many bytes. */
export function makeId(nowMs: number, random: (bytes: number) => Uint8Array): string {
  const time = Math.max(0, Math.floor(nowMs)).toString(36).padStart(TIME_DIGITS, '0');
  return time + Buffer.from(random(RANDOM_BYTES)).toString('hex');
}

export function isId(text: string): boolean {
  return /^[0-9a-z]{9}[0-9a-f]{20}$/.test(text);
}
