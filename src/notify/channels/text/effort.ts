/**
 * How much Markdown is converted in one go: what is beyond these limits is sent as it was written. An engine that
 * interprets takes ten to twenty times as long, and for a text of many short lines far longer.
 */
import { features } from '../../../build/features.ts';

const isFast = features.largeMessages;

/** To HTML: the sum of the remaining characters over all marks, which the parser may scan for each of them. */
export const MAX_INLINE_WORK: number = isFast ? 400_000 : 100_000;
/** The same of what is within lists, quotations and tables. */
export const MAX_BLOCK_WORK: number = isFast ? 300_000 : 50_000;
/** The sum of the remaining characters over all blocks: each copies the rest of the text. */
export const MAX_REST_WORK: number = isFast ? Number.POSITIVE_INFINITY : 250_000;
/** To readable text. */
export const MAX_READABLE_UNITS: number = isFast ? Number.POSITIVE_INFINITY : 16 * 1024;
export const MAX_READABLE_LINES: number = isFast ? Number.POSITIVE_INFINITY : 1000;
