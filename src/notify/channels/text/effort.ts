/** How much of a text is computed in one go: an engine that interprets takes ten to twenty times as long. */
import { features } from '../../../build/features.ts';

/** A line of Markdown that becomes readable text; a longer one stays as it was written. */
export const MAX_READABLE_LINE_UNITS: number = features.largeMessages ? Number.POSITIVE_INFINITY : 4096;
