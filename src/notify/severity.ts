/** How urgent the words are by which senders call it. Pure. */
import type { Priority } from './message.ts';

/** In lower case. */
export const severities: ReadonlyMap<string, Priority> = new Map([
  ...['critical', 'page', 'emergency', 'disaster'].map((word): [string, Priority] => [word, 5]),
  ...['error', 'high', 'major', 'warning'].map((word): [string, Priority] => [word, 4]),
  ...['low', 'minor', 'info', 'none'].map((word): [string, Priority] => [word, 2]),
]);

export const NORMAL: Priority = 3;

export function priorityOfSeverity(word: string): Priority {
  return severities.get(word.toLowerCase()) ?? NORMAL;
}
