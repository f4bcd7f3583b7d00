/**
 * How much Markdown is converted in one go: what is beyond these limits is sent as it was written. An engine that
 * interprets takes ten to twenty times as long, and for a text of many short lines far longer.
 */
import { features } from '../../../build/features.ts';

const isFast = features.largeMessages;

/** To HTML: see {@link MarkdownBounds.maxStepWork}. */
export const MAX_STEP_WORK: number = isFast ? Number.POSITIVE_INFINITY : 100_000;
/** To readable text. */
export const MAX_READABLE_UNITS: number = isFast ? Number.POSITIVE_INFINITY : 16 * 1024;
export const MAX_READABLE_LINES: number = isFast ? Number.POSITIVE_INFINITY : 1000;
