/** Ids of messages: sortable by time, impossible to guess, valid file names on every system. Pure. */

const TIME_DIGITS = 9;
const RANDOM_BYTES = 10;

/** `random` returns that many bytes. */
export function makeId(nowMs: number, random: (bytes: number) => Uint8Array): string {
  const time = Math.max(0, Math.floor(nowMs)).toString(36).padStart(TIME_DIGITS, '0');
  return time + Buffer.from(random(RANDOM_BYTES)).toString('hex');
}

/** When the message was accepted. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, TIME_DIGITS), 36);
}

/** More are sorted and cut. */
const SLACK = 16;

/** The latest `max` of them, the latest first, in memory for a few times as many. */
export function latestIds(ids: Iterable<string>, max: number): string[] {
  let found: string[] = [];
  const latest = () => found.sort((a, b) => (a < b ? 1 : -1)).slice(0, max);
  for (const id of ids) {
    found.push(id);
    if (found.length >= SLACK * max) found = latest();
  }
  return latest();
}

export function isId(text: string): boolean {
  return /^[0-9a-z]{9}[0-9a-f]{20}$/.test(text);
}
